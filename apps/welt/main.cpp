// The command line's entry: collects the verbs, prints errors as one paragraph.
#include <cstdio>
#include <exception>

#include "apps/welt/verb.h"

int main(int argc, char** argv) {
  CLI::App app("welt: word-level latent transformers", "welt");
  app.set_version_flag("--version", WELT_VERSION);
  app.require_subcommand(0, 1);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "welt: %s\n", error.what());
    return 1;
  }
  return 0;
}
