// `welt plugin check`: the conformance tests on a plugin file. The hidden `welt plugin check-server` is the process
// that tests are forked from (core/conformance/server.h).
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "apps/welt/seed_option.h"
#include "apps/welt/verb.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/table.h"
#include "core/conformance/check.h"
#include "core/conformance/report.h"
#include "core/conformance/tensor/suite.h"

namespace welt {
namespace {

using nlohmann::json;
using namespace conformance;

struct Options {
  std::string file, include, exclude, isolate = "fork", config;
  std::optional<std::string> junit;
  bool as_json = false, in_process = false, list = false, strict = false;
  std::uint64_t seed = 1;
  double timeout = 20;
};

struct ServerArguments {
  std::string file, config;
  int socket = -1;
  bool open = false;
  std::uint64_t seed = 1;
  double timeout = 20;
};

ServerOptions server_options(const std::string& file, const std::string& config, std::uint64_t seed, double timeout) {
  ServerOptions options;
  options.subject = {.file = file, .seed = seed, .config = {}};
  options.timeout = timeout;
  if (config.empty()) return options;
  constexpr std::uintmax_t most_bytes = 16 << 20;
  options.subject.config = read_json_object(config, most_bytes);
  return options;
}

void print_list(const Options& options) {
  if (options.as_json) {
    json out = json::array();
    for (const Test& test : conformance_suite().tests)
      out.push_back({{"name", test.name}, {"description", test.description}, {"applies", test.applies}});
    fmt::print("{}\n", json_text(out, 2));
    return;
  }
  std::vector<std::vector<std::string>> rows = {{"test", "what it tries", "applies to"}};
  for (const Test& test : conformance_suite().tests) rows.push_back({test.name, test.description, test.applies});
  fmt::print("{}", format_table(rows));
}

void print_result(const Result& result) {
  fmt::print("{:<5}  {}{}{}\n", status_name(result.status), result.name, result.message.empty() ? "" : ": ",
             result.message);
  std::fflush(stdout);
}

void check(const Options& options) {
  if (options.list) return print_list(options);
  if (options.file.empty()) throw CLI::RequiredError("FILE");
  refuse_unreachable(options.file);
  if (!std::filesystem::is_regular_file(options.file))
    fail({options.file, "no such file", "a plugin file, welt_<name>.plugin.so",
          "`welt plugin list` shows the paths of the plugins that are found"},
         ErrorCode::not_found);
  if (options.junit) {  // what cannot be written is said before the tests, not behind them
    const std::filesystem::path file = *options.junit, folder = file.has_parent_path() ? file.parent_path() : ".";
    if (file.filename().empty() || std::filesystem::is_directory(file) || access(folder.c_str(), W_OK) != 0)
      fail({fmt::format("--junit \"{}\"", *options.junit), "no file can be written there",
            "a file in a folder that exists and may be written to"});
  }
  CheckOptions check;
  check.server = server_options(options.file, options.config, options.seed, options.timeout);
  check.include = options.include, check.exclude = options.exclude;
  check.isolation = options.in_process          ? Isolation::in_process
                    : options.isolate == "exec" ? Isolation::exec
                                                : Isolation::fork;
  if (!options.as_json) check.on_result = print_result;
  const CheckReport report = check_plugin(conformance_suite(), check);
  if (options.junit) write_file(*options.junit, report_junit(report, options.strict));
  if (options.as_json) {
    fmt::print("{}\n", json_text(report_json(report, options.strict), 2));
  } else {
    fmt::print("\n{}: {} passed, {} warned, {} failed, {} crashed, {} skipped in {:.1f} s (seed {})\n",
               report.plugin.empty() ? report.file : report.plugin, report.count(Status::pass),
               report.count(Status::warn), report.count(Status::fail), report.count(Status::crash),
               report.count(Status::skip), report.seconds, report.seed);
  }
  if (!report.good(options.strict)) throw CLI::RuntimeError(1);
}

void add_server(CLI::App& plugin) {
  const auto arguments = std::make_shared<ServerArguments>();
  CLI::App* verb =
      plugin.add_subcommand("check-server", "The process that conformance tests are forked from")->group("");
  verb->add_option("FILE", arguments->file)->required();
  verb->add_option("--socket", arguments->socket)->required();
  verb->add_option("--seed", arguments->seed);
  verb->add_option("--timeout", arguments->timeout);
  verb->add_option("--config", arguments->config);
  verb->add_flag("--open", arguments->open);
  verb->callback([arguments] {
    ServerOptions options = server_options(arguments->file, arguments->config, arguments->seed, arguments->timeout);
    options.open = arguments->open;
    serve(conformance_suite(), options, arguments->socket);
  });
}

}  // namespace

void add_plugin_check(CLI::App& plugin) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = plugin.add_subcommand("check", "Try every rule of the plugin ABI on a plugin file");
  verb->add_option("FILE", options->file, "A plugin file, welt_<name>.plugin.so")->type_name("");
  verb->add_option("--include", options->include, "Only tests whose name this regular expression finds")
      ->type_name("RE")
      ->group("Tests");
  verb->add_option("--exclude", options->exclude, "No tests whose name this finds")->type_name("RE")->group("Tests");
  verb->add_flag("--list", options->list, "Show the tests instead of running them")->group("Tests");
  verb->add_option("--config", options->config,
                   "Configuration of the components, a JSON file (default: the preset nano, "
                   "else the schema's defaults)")
      ->type_name("FILE")
      ->group("Tests");
  add_seed(*verb, options->seed, "Of all random numbers")->group("Tests");
  verb->add_option("--isolate", options->isolate,
                   "fork: each test in a child of a process that has opened the file; exec: in a process of its own")
      ->check(CLI::IsMember({"fork", "exec"}))
      ->capture_default_str()
      ->group("Processes");
  verb->add_flag("--in-process", options->in_process, "No processes and no time limits, for a debugger")
      ->group("Processes");
  verb->add_option("--timeout", options->timeout, "Seconds that a test may take")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->group("Processes");
  verb->add_flag("--strict", options->strict, "A warning is a failure")->group("Tests");
  verb->add_flag("--json", options->as_json, "Machine-readable")->group("Output");
  verb->add_option("--junit", options->junit, "Also write the results as JUnit's XML, for continuous integration")
      ->type_name("FILE")
      ->group("Output");
  verb->footer(
      "Leaves with 0 only without a failure or a crash; with --strict, without a warning either.\n\n"
      "Examples:\n  welt plugin check build/bin/welt_llama.plugin.so\n"
      "  welt plugin check welt_mine.plugin.so --include '^cache' --json\n"
      "  welt plugin check welt_mine.plugin.so --strict --junit results.xml\n"
      "  gdb --args welt plugin check welt_mine.plugin.so --in-process --include numerics.long\n"
      "  welt plugin check --list");
  verb->callback([options] { check(*options); });
  add_server(plugin);
}

}  // namespace welt
