// See check.h.
#include "core/conformance/check.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <regex>
#include <sstream>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/plugin/note_reader.h"

namespace welt::conformance {
namespace {

std::regex expression(const std::string& text, const char* option) {
  try {
    return std::regex(text, std::regex::ECMAScript);
  } catch (const std::regex_error& error) {
    fail({.where = option,
          .found = fmt::format("\"{}\" ({})", text, error.what()),
          .expected = "a regular expression",
          .mend = "Put a backslash before a character that is meant as it is"});
  }
}

std::vector<const Test*> select(const TestList& tests, const CheckOptions& options) {
  const std::regex include = expression(options.include, "--include"),
                   exclude = expression(options.exclude, "--exclude");
  std::vector<const Test*> selected;
  bool any = false;
  for (const Test& test : tests) {
    if (!options.exclude.empty() && std::regex_search(test.name, exclude)) continue;
    const bool included = std::regex_search(test.name, include);
    // A configuration that is given is looked at before anything is made of it, whatever is asked for.
    const bool looks = test.name == "config.given" && options.server.subject.config;
    if (included || looks) selected.push_back(&test);
    any = any || included;
  }
  if (any) return selected;
  std::vector<std::string> names;
  for (const Test& test : tests) names.push_back(test.name);
  const std::string near = nearest(options.include, names);
  fail({.where = "welt plugin check",
        .found = fmt::format("no test selected (--include \"{}\", --exclude \"{}\")", options.include, options.exclude),
        .expected = "at least one",
        .mend = near.empty() ? "`welt plugin check --list` shows all names"
                             : fmt::format("Did you mean \"{}\"? `welt plugin check --list` shows all names", near)});
}

std::string last_lines(const std::string& text) {
  constexpr std::size_t most = 400;
  const std::size_t end = text.find_last_not_of(" \n");
  if (end == std::string::npos) return {};
  const std::string kept = text.substr(0, end + 1);
  return kept.size() <= most ? kept : "…" + kept.substr(kept.size() - most);
}

Result result_of(const Test& test, const ChildOutcome& outcome, double limit) {
  Result result{.name = test.name, .seconds = outcome.seconds, .out = outcome.out, .err = outcome.err};
  std::istringstream noted(outcome.place);  // Trial::enter()
  std::string place;
  std::getline(noted, place), std::getline(noted, result.component), std::getline(noted, result.function);
  if (place.empty()) place = "the test";
  if (outcome.timed_out) {
    result.status = Status::fail;
    result.message = fmt::format("{}: did not return within the time limit of {} s (--timeout)", place, limit);
  } else if (outcome.finished) {
    const nlohmann::json said = nlohmann::json::parse(outcome.result, nullptr, false);
    const std::string status = said.is_object() ? said.value("status", "") : "";
    for (const Status each : {Status::pass, Status::warn, Status::fail, Status::skip, Status::crash}) {
      if (status == status_name(each)) result.status = each;
    }
    if (status.empty()) result.status = Status::crash, result.message = "the test's own result cannot be read";
    if (status.empty()) return result;
    for (const auto& [key, text] : {std::pair{"message", &result.message},
                                    {"component", &result.component},
                                    {"function", &result.function},
                                    {"rule", &result.rule}})
      *text = said.value(key, "");
    return result;
  } else {
    result.status = Status::crash;
    result.message = outcome.signal != 0 ? fmt::format("{}: {}", place, signal_name(outcome.signal))
                                         : fmt::format("{}: the process ended with status {} before the test was over",
                                                       place, outcome.exit_status);
  }
  const std::string said = last_lines(outcome.err);
  if (!said.empty()) result.message += fmt::format(". It wrote: {}", said);
  return result;
}

// Who runs a test, by isolation and place.
class Runner {
 public:
  Runner(const Suite& suite, const CheckOptions& options) : suite_(suite), options_(options) {
    if (in_process() && suite.prepare != nullptr) suite.prepare();
  }

  bool in_process() const { return options_.isolation == Isolation::in_process; }

  // Why the file cannot be opened for tests of components; empty: it can. Then roles() knows its roles.
  const std::string& refusal() {
    if (in_process()) return open_here();
    return opened().refusal();
  }
  bool has_one_of(const std::vector<std::string>& roles) {
    if (roles.empty()) return true;
    std::vector<std::string> offered;
    if (in_process()) {
      for (const ComponentType& type : here_->components())
        offered.insert(offered.end(), type.roles.begin(), type.roles.end());
    } else {
      offered = opened().roles();
    }
    return std::ranges::any_of(roles,
                               [&](const auto& role) { return std::ranges::find(offered, role) != offered.end(); });
  }

  Result run(const Test& test) {
    if (in_process()) {
      return run_test(test, options_.server.subject, test.place == Place::component ? here_.get() : nullptr, nullptr);
    }
    std::unique_ptr<Server>& server = test.place == Place::component ? opened_ : fresh_;
    if (options_.isolation == Isolation::exec) server.reset();
    Server& running = test.place == Place::component ? opened() : fresh();
    return result_of(test, running.run(test.name), options_.server.timeout);
  }

 private:
  Server& start(std::unique_ptr<Server>& server, bool open) {
    if (server == nullptr || !server->alive()) {
      ServerOptions options = options_.server;
      options.open = open;
      server = std::make_unique<Server>(options_.program, options);
    }
    return *server;
  }
  Server& opened() { return start(opened_, true); }
  Server& fresh() { return start(fresh_, false); }

  const std::string& open_here() {
    if (here_ == nullptr) {
      here_ = std::make_unique<Registry>(std::vector<std::filesystem::path>());
      try {
        here_->open(options_.server.subject.file);
      } catch (const std::exception& error) {
        here_refusal_ = error.what();
      }
    }
    return here_refusal_;
  }

  const Suite& suite_;
  const CheckOptions& options_;
  std::unique_ptr<Server> opened_, fresh_;
  std::unique_ptr<Registry> here_;
  std::string here_refusal_;
};

// What is printed is judged over all tests together: the last test, which looks at itself too.
void judge_output(Result& verdict, const std::vector<Result>& others) {
  if (verdict.status == Status::crash) return;
  constexpr const char* rule = "log.h: the only way a plugin says anything; plugins never print";
  std::vector<const Result*> all;
  for (const Result& result : others) all.push_back(&result);
  all.push_back(&verdict);
  for (const Result* result : all) {
    const bool ended_badly = result->status == Status::crash || result->status == Status::fail;
    const bool said_out = !result->out.empty(), said_err = !result->err.empty() && !ended_badly;
    if (!said_out && !said_err) continue;
    const std::string text = last_lines(said_out ? result->out : result->err);
    verdict.message = fmt::format("saw \"{}\" on {} during {}; expected nothing. Rule: {}", text,
                                  said_out ? "standard output" : "standard error", result->name, rule);
    verdict.status = Status::fail, verdict.rule = rule;
    return;
  }
}

std::string plugin_id(const std::filesystem::path& file) {
  try {
    return read_plugin_facts(MappedFile::open(file)->bytes(), file.string()).note.id;
  } catch (const std::exception&) {
    return {};
  }
}

}  // namespace

std::size_t CheckReport::count(Status status) const {
  return static_cast<std::size_t>(std::ranges::count(results, status, &Result::status));
}

CheckReport check_plugin(const Suite& suite, const CheckOptions& options) {
  const std::vector<const Test*> selected = select(suite.tests, options);
  const auto start = std::chrono::steady_clock::now();
  CheckReport report{.file = options.server.subject.file.string(),
                     .plugin = plugin_id(options.server.subject.file),
                     .seed = options.server.subject.seed};
  Runner runner(suite, options);
  std::map<std::string, std::string> blocked;  // test → why whoever needs it is skipped
  bool refusal_told = false;
  for (const Test& each : suite.tests) {
    const Test* const test = &each;
    const auto need = std::ranges::find_if(test->needs, [&](const auto& name) { return blocked.contains(name); });
    if (std::ranges::find(selected, test) == selected.end()) {  // whoever needs it needs what it needs
      if (need != test->needs.end()) blocked[test->name] = blocked[*need];
      continue;
    }
    Result result{.name = test->name};
    if (need != test->needs.end()) {
      result.status = Status::skip;
      result.message = fmt::format("needs {}", blocked[*need]);
      blocked[test->name] = blocked[*need];
    } else if (test->place == Place::component && !runner.refusal().empty()) {
      result.status = refusal_told ? Status::skip : Status::fail;
      result.message = refusal_told ? "the file cannot be opened" : runner.refusal();
      refusal_told = true;
    } else if (test->place == Place::component && !runner.has_one_of(test->roles)) {
      result.status = Status::skip;
      result.message = fmt::format("no component offers {}", fmt::join(test->roles, " or "));
    } else {
      result = runner.run(*test);
    }
    if (test->judges_output) {
      if (runner.in_process()) {
        result.status = Status::skip;
        result.message = "in-process, output is not looked at";
      } else if (result.status != Status::skip) {
        judge_output(result, report.results);
      }
    }
    if (result.status == Status::fail || result.status == Status::crash)
      blocked[test->name] =
          fmt::format("{}, which {}", test->name, result.status == Status::fail ? "failed" : "crashed");
    if (options.on_result) options.on_result(result);
    report.results.push_back(std::move(result));
  }
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace welt::conformance
