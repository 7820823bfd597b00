// The command line's entry: prepares the process, collects the verbs, prints errors as one paragraph.
//
// Exit status: 0 done, 1 an error a person can mend, 2 a command line that is not understood.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "apps/welt/process_setup.h"
#include "apps/welt/repeatable.h"
#include "apps/welt/verb.h"
#include "core/base/cut_files.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/kernels/instructions.h"

namespace welt {
namespace {

// The verbs, in the order of the help.
constexpr void (*verbs[])(CLI::App&) = {
    add_run,        add_validate,  add_evaluate, add_generate,  add_sample, add_embed,   add_bench,   add_model,
    add_segment,    add_render,    add_control,  add_tokenize,  add_chat,   add_metrics, add_process, add_data,
    add_checkpoint, add_component, add_schedule, add_optimizer, add_runs,   add_plugin,  add_doctor};

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

int run(int argc, char** argv) {
  CLI::App app("welt: word-level latent transformers. Trains, evaluates and runs models whose parts are plugins.",
               "welt");
  app.set_version_flag("--version", WELT_VERSION, "Print the version");
  app.require_subcommand(0, 1);
  app.fallthrough();
  app.formatter(std::make_shared<HelpFormatter>());
  app.get_formatter()->column_width(34);
  add_log_level(app);
  for (const auto add : verbs) add(app);
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
}  // namespace welt

int main(int argc, char** argv) {
  welt::finish_openmp_setup(argv);
  welt::tune_allocator();
  welt::bound_kernel_cache();
  welt::name_cut_files();
  try {
    welt::kernels::chosen_instructions();  // a WELT_KERNELS that is not known is said now
    const int status = welt::run(argc, argv);
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
    std::fprintf(stderr, "welt: %s\n", welt::paragraph(error.what()).c_str());
    return 1;
  }
}
