// What `welt` starts: the verb `text`, which needs no LibTorch and is there in milliseconds, and its benchmark here; for
// every other one the program welt-main beside it, which takes its place in the process. Loading LibTorch costs half a
// second and a hundred megabytes.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "apps/welt/bench_text_embedding.h"
#include "apps/welt/command_line.h"
#include "apps/welt/verb.h"
#include "core/base/cut_files.h"

namespace {

void add_bench_of_text(CLI::App& app) {
  CLI::App* group = app.add_subcommand("bench");
  group->require_subcommand(1);
  welt::add_text_embedding_bench(*group);
}

constexpr welt::AddVerb verbs[] = {welt::add_text, add_bench_of_text};

bool is_done_here(int argc, char** argv) {
  const std::string_view verb = argc > 1 ? argv[1] : "", second = argc > 2 ? argv[2] : "";
  return verb == "text" || (verb == "bench" && second == "text-embedding");
}

int start_main(char** argv) {
  std::error_code error;
  const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path program = own.parent_path() / "welt-main";
  if (!error) execv(program.c_str(), argv);
  const int reason = errno;
  if (reason == ENOENT) execv(WELT_BUILT_MAIN, argv);  // a copy of this program alone, out of the build folder
  std::fprintf(stderr,
               "welt: %s cannot be started: %s; expected the program that is built and installed beside welt.\n",
               error ? "welt-main (/proc does not say where it is)" : program.c_str(),
               error ? error.message().c_str() : std::strerror(reason));
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (!is_done_here(argc, argv)) return start_main(argv);
  welt::name_cut_files();
  return welt::run_command_line(argc, argv, verbs);
}
