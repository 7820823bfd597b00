// See trial.h.
#include "core/conformance/trial.h"

#include <chrono>

#include "core/base/error.h"

namespace welt::conformance {

std::string_view status_name(Status status) {
  static constexpr std::string_view names[] = {"pass", "warn", "fail", "skip", "crash"};
  return names[static_cast<std::size_t>(status)];
}

std::string status_text(welt_status status) {
  static constexpr const char* names[] = {
      "ok",        "cancelled",      "unknown",           "invalid argument",   "deadline exceeded",
      "not found", "already exists", "permission denied", "resource exhausted", "failed precondition",
      "aborted",   "out of range",   "unimplemented",     "internal",           "unavailable",
      "data loss"};
  const bool known = status >= WELT_OK && status <= WELT_DATA_LOSS;
  return fmt::format("status {} ({})", status, known ? names[status] : "no WELT_… status");
}

Trial::Trial(const Subject& subject, Registry* opened, SharedNote* note)
    : subject_(subject), opened_(opened), note_(note) {}
Trial::~Trial() = default;

std::vector<const ComponentType*> Trial::components() {
  if (opened_ == nullptr) {
    enter("opening the file");
    own_ = std::make_unique<Registry>(std::vector<std::filesystem::path>());
    own_->open(subject_.file);
    opened_ = own_.get();
  }
  std::vector<const ComponentType*> types;
  for (const ComponentType& type : opened_->components()) types.push_back(&type);
  return types;
}

void Trial::enter(std::string place) {
  function_ = std::move(place);
  if (note_ == nullptr) return;
  note_->at(fmt::format("{}{}{}\n{}\n{}", about_, about_.empty() ? "" : ": ", function_, component_, function_));
}

void Trial::thrown_across(std::exception_ptr thrown) const {
  std::string what = "something that is no std::exception";
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& exception) {
    what = std::string("an exception: ") + exception.what();
    what = what.substr(0, what.find('\n'));
  } catch (...) {
  }
  fail({.seen = "it threw " + what,
        .expected = "a status",
        .rule = "docs/abi-policy.md: exceptions never cross; every function is fenced"});
}

Call Trial::read(welt_status status, CallError& error) {
  Call call{.status = status};
  const auto* service = static_cast<const welt_error_service*>(
      host().get_service(&host(), {WELT_ERROR_SERVICE, sizeof(WELT_ERROR_SERVICE) - 1}));
  welt_string message{}, source{}, key{};
  service->get(error.raw(), &message, &source, &key);
  const auto text = [](welt_string from) { return from.data == nullptr ? "" : std::string(from.data, from.size); };
  call.message = text(message), call.source = text(source), call.key = text(key);
  return call;
}

void Trial::succeeded(const Call& call) const {
  if (call.status == WELT_OK) return;
  fail({.seen = status_text(call.status) +
                (call.message.empty() ? ", without a word why" : fmt::format(", saying \"{}\"", call.message)),
        .expected = "status 0: the call is a good one",
        .rule = "base.h: status of a call: 0, or one of the canonical codes"});
}

Failed Trial::worded(const Finding& finding) const {
  std::string text = about_.empty() ? "" : about_ + ": ";
  if (!function_.empty()) text += function_ + ": ";
  text += "saw " + finding.seen;
  if (!finding.expected.empty()) text += "; expected " + finding.expected;
  if (!finding.rule.empty()) text += ". Rule: " + finding.rule;
  return {std::move(text), component_, function_, finding.rule};
}

void Trial::fail(const Finding& finding) const { throw worded(finding); }
void Trial::warn(const Finding& finding) { warnings_.push_back(worded(finding)); }

Result run_test(const Test& test, const Subject& subject, Registry* opened, SharedNote* note) {
  Result result{.name = test.name};
  const auto start = std::chrono::steady_clock::now();
  Trial trial(subject, opened, note);
  const auto take = [&](const Failed& said) {
    result.message = said.message, result.component = said.component;
    result.function = said.function, result.rule = said.rule;
  };
  try {
    test.body(trial);
    if (!trial.warnings().empty()) result.status = Status::warn;
    for (const Failed& warning : trial.warnings()) {
      const std::string before = result.message.empty() ? "" : result.message + "\n";
      take(warning);
      result.message = before + result.message;
    }
  } catch (const Failed& failed) {
    result.status = Status::fail;
    take(failed);
  } catch (const Skipped& skipped) {
    result.status = Status::skip;
    result.message = skipped.reason;
  } catch (const std::exception& error) {
    result.status = Status::fail;
    result.message = error.what();
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace welt::conformance
