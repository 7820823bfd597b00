// See command_line.h.
#include "apps/welt/command_line.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "apps/welt/repeatable.h"
#include "core/base/error.h"
#include "core/base/log.h"

namespace welt {
namespace {

void add_log_level(CLI::App& app) {
  static constexpr const char* names[] = {"debug", "info", "warning", "error"};
  app.add_option_function<std::string>(
         "--log-level",
         [](const std::string& name) {
           const auto at = std::ranges::find(names, name) - std::begin(names);
           set_log_level(static_cast<LogLevel>(static_cast<int>(LogLevel::debug) + at));
         },
         "Least important messages to show; default: WELT_LOG, else info")
      ->check(CLI::IsMember(std::vector<std::string>(std::begin(names), std::end(names))))
      ->option_text("debug|info|warning|error");
}

// LibTorch's exceptions carry a back trace: a person wants the other lines.
std::string paragraph(std::string_view what) {
  std::string text;
  while (!what.empty()) {
    const std::string_view line = what.substr(0, what.find('\n'));
    what.remove_prefix(std::min(what.size(), line.size() + 1));
    if (line.starts_with("frame #") || line.starts_with("Exception raised from ") || line.empty()) continue;
    text += (text.empty() ? "" : "\n") + std::string(line);
  }
  return text;
}

// A verb that does not exist: the nearest that does.
std::string hint(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands(nullptr)) names.push_back(verb->get_name());
  if (argc < 2 || argv[1][0] == '-' || std::ranges::find(names, argv[1]) != names.end()) return {};
  const std::string near = nearest(argv[1], names);
  return fmt::format(
      " There is no verb \"{}\"{}", argv[1],
      near.empty() ? fmt::format("; verbs: {}.", fmt::join(names, ", ")) : fmt::format("; did you mean \"{}\"?", near));
}

// CLI11's help, but for options that take every argument left.
class HelpFormatter : public CLI::Formatter {
  std::string make_option_usage(const CLI::Option* option) const override {
    return takes_all(option) ? make_option_name(option, true) + "..." : CLI::Formatter::make_option_usage(option);
  }
  std::string make_option_opts(const CLI::Option* option) const override {
    return takes_all(option) ? " ..." : CLI::Formatter::make_option_opts(option);
  }
  static bool takes_all(const CLI::Option* option) { return option->get_expected_min() == every_argument; }
};

// "--name=" means an empty value. CLI11 would take the next argument for it: "--prompt= --json" would continue
// "--json".
std::vector<std::string> arguments_of(int argc, char** argv) {
  std::vector<std::string> arguments;
  char** const options_end = std::find(argv, argv + argc, std::string_view("--"));
  for (int i = argc - 1; i > 0; --i) {  // CLI11 takes them last one first
    std::string argument = argv[i];
    if (argv + i < options_end && argument.size() > 3 && argument.starts_with("--") &&
        argument.find('=') == argument.size() - 1) {
      argument.pop_back();
      arguments.emplace_back();
    }
    arguments.push_back(std::move(argument));
  }
  return arguments;
}

int parse_and_run(int argc, char** argv, std::span<const AddVerb> verbs) {
  CLI::App app("welt: word-level latent transformers. Trains, evaluates and runs models whose parts are plugins.",
               "welt");
  app.set_version_flag("--version", WELT_VERSION, "Print the version");
  app.require_subcommand(0, 1);
  app.fallthrough();
  app.formatter(std::make_shared<HelpFormatter>());
  app.get_formatter()->column_width(34);
  add_log_level(app);
  for (const AddVerb add : verbs) add(app);
  app.footer("Examples:\n  welt run recipes/quickstart.toml\n  welt doctor\n  welt plugin list\n  welt VERB --help");
  try {
    app.parse(arguments_of(argc, argv));
    if (app.get_subcommands().empty()) std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::RuntimeError& status) {
    return status.get_exit_code();
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return app.exit(error);
    std::fprintf(stderr, "welt: %s.%s `welt --help` and `welt VERB --help` show what is understood.\n", error.what(),
                 hint(app, argc, argv).c_str());
    return 2;
  }
}

}  // namespace

int run_command_line(int argc, char** argv, std::span<const AddVerb> verbs, void (*before)()) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file beyond `ulimit -f` is an error that names it, not the program's silent end
  try {
    if (before != nullptr) before();
    const int status = parse_and_run(argc, argv, verbs);
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
    std::fprintf(stderr, "welt: standard output cannot be written: %s.\n", std::strerror(errno));
    return 1;
  } catch (const std::bad_alloc&) {
    std::fflush(stdout);
    std::fputs("welt: out of memory. A smaller train.batch, train.words or train.decoder_chunk_tokens needs less.\n",
               stderr);
    return 1;
  } catch (const std::exception& error) {
    std::fflush(stdout);
    std::fprintf(stderr, "welt: %s\n", paragraph(error.what()).c_str());
    return 1;
  }
}

}  // namespace welt
