// See profile.h.
#include "core/train/profile.h"

#include <ATen/record_function.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <tuple>
#include <vector>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/stopwatch.h"
#include "core/base/table.h"
#include "core/train/step_shares.h"

namespace welt {
namespace {

using Json = nlohmann::json;

struct Span {
  std::string name, shapes;
  const char* kind = "operator";  // or backward, step
  std::uint64_t thread = 0;
  double begin = 0, end = 0, inside = 0;  // seconds since the profile was made; of the spans in it
  double flops = 0;
};

// Of the one profile that is being made: LibTorch's callbacks are plain functions.
struct Recording {
  std::mutex mutex;
  std::vector<Span> spans;
  Clock::time_point start;
  std::atomic<bool> in_step{false};  // not in an evaluation between two of them
};
Recording& recording() {
  static Recording one;
  return one;
}

std::string shapes_of(const at::RecordFunction& function) {
  std::string text;
  for (const c10::IValue& input : function.inputs())
    if (input.isTensor() && input.toTensor().defined())
      text += fmt::format("{}[{}]", text.empty() ? "" : " ", fmt::join(input.toTensor().sizes(), ","));
  return text;
}

struct Running : at::ObserverContext {
  Span span;
};

std::unique_ptr<at::ObserverContext> begun(const at::RecordFunction& function) {
  if (!recording().in_step) return nullptr;
  auto running = std::make_unique<Running>();
  Span& span = running->span;
  span.name = function.name();
  span.shapes = shapes_of(function);
  if (function.scope() == at::RecordScope::BACKWARD_FUNCTION) span.kind = "backward";
  span.thread = at::RecordFunction::currentThreadId();
  span.flops = product_flops(function);
  span.begin = seconds_since(recording().start);
  return running;
}

void ended(const at::RecordFunction&, at::ObserverContext* context) {
  if (context == nullptr) return;
  Span& span = static_cast<Running&>(*context).span;
  Recording& all = recording();
  span.end = seconds_since(all.start);
  const std::lock_guard lock(all.mutex);
  all.spans.push_back(std::move(span));
}

// Gives each operator the time of those that it called itself.
void nest(std::vector<Span>& spans) {
  std::ranges::stable_sort(spans, [](const Span& a, const Span& b) {
    return std::tuple(a.thread, a.begin, -a.end) < std::tuple(b.thread, b.begin, -b.end);
  });
  std::vector<Span*> open;
  for (Span& span : spans) {
    while (!open.empty() && (open.back()->thread != span.thread || open.back()->end <= span.begin)) open.pop_back();
    if (!open.empty()) open.back()->inside += span.end - span.begin;
    open.push_back(&span);
  }
}

Json trace_event(const Span& span, const std::map<std::uint64_t, int>& threads) {
  Json event{{"name", span.name},
             {"cat", span.kind},
             {"ph", "X"},
             {"ts", span.begin * 1e6},
             {"dur", (span.end - span.begin) * 1e6},
             {"pid", 1},
             {"tid", threads.at(span.thread)}};
  if (!span.shapes.empty()) event["args"]["shapes"] = span.shapes;
  if (span.flops > 0) event["args"]["GFLOP/s"] = span.flops / std::max(span.end - span.begin, 1e-9) / 1e9;
  return event;
}

Json thread_name(int thread, const std::string& name) {
  return {{"name", "thread_name"}, {"ph", "M"}, {"pid", 1}, {"tid", thread}, {"args", {{"name", name}}}};
}

}  // namespace

struct StepProfile::State {
  std::int64_t first, steps, watched = 0;
  std::optional<at::CallbackHandle> handle;
  Clock::time_point step_begin;
  std::vector<Span> parts;      // of the steps: these lie on a line of their own
  std::vector<Span> operators;  // nested, once watching is over
  double seconds = 0;           // of the steps

  void watch() {
    recording().spans.clear();
    recording().start = Clock::now();
    handle = at::addGlobalCallback(at::RecordFunctionCallback(&begun, &ended)
                                       .needsInputs(true)
                                       .scopes({at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION}));
  }
  void stop() {
    if (!handle) return;
    at::removeCallback(*handle);
    handle.reset();
    const std::lock_guard lock(recording().mutex);
    operators = std::move(recording().spans);
    nest(operators);
  }
};

StepProfile::StepProfile(std::int64_t first, std::int64_t steps)
    : state_(std::make_unique<State>(
          State{.first = first, .steps = steps, .handle = {}, .step_begin = {}, .parts = {}, .operators = {}})) {}
StepProfile::~StepProfile() { state_->stop(); }

void StepProfile::before(std::int64_t step) {
  if (step == state_->first) state_->watch();
  state_->step_begin = Clock::now();
  recording().in_step = true;
}

void StepProfile::after(const StepReport& report) {
  recording().in_step = false;
  if (!state_->handle) return;
  const double end = seconds_since(recording().start), begin = end - seconds_since(state_->step_begin);
  const auto part = [&](std::string name, double from, double to) {
    state_->parts.push_back({.name = std::move(name), .shapes = {}, .kind = "step", .begin = from, .end = to});
  };
  part(fmt::format("step {}: {} words, {} bytes", report.step, report.words, report.bytes), begin, end);
  part("data", begin, begin + report.data_seconds);
  part("forward and backward", begin + report.data_seconds, end - report.optimizer_seconds);
  part("clipping and optimizer", end - report.optimizer_seconds, end);
  state_->seconds += end - begin;
  if (++state_->watched == state_->steps) state_->stop();
}

std::string StepProfile::table(std::size_t rows) const {
  struct Sum {
    std::int64_t calls = 0;
    double own = 0, whole = 0, flops = 0;
  };
  if (state_->watched == 0) return {};
  state_->stop();
  std::map<std::string, Sum> sums;
  double all = 0;
  for (const Span& span : state_->operators) {
    Sum& sum = sums[span.name];
    const double whole = span.end - span.begin;
    ++sum.calls;
    sum.own += whole - span.inside;
    sum.whole += whole;
    sum.flops += span.flops;
    all += whole - span.inside;
  }
  std::vector<std::pair<std::string, Sum>> order(sums.begin(), sums.end());
  std::ranges::stable_sort(order, [](const auto& a, const auto& b) { return a.second.own > b.second.own; });
  const auto steps = static_cast<double>(state_->watched);
  std::vector<std::vector<std::string>> lines{
      {"operator", "calls a step", "own ms a step", "share of step", "with callees", "GFLOP/s"}};
  for (const auto& [name, sum] : order) {
    if (lines.size() > rows) break;
    lines.push_back({name, fmt::format("{:.1f}", static_cast<double>(sum.calls) / steps),
                     fmt::format("{:.3f}", 1e3 * sum.own / steps),
                     fmt::format("{:.1f} %", 100 * sum.own / state_->seconds),
                     fmt::format("{:.3f}", 1e3 * sum.whole / steps),
                     sum.flops > 0 ? fmt::format("{:.1f}", sum.flops / sum.whole / 1e9) : ""});
  }
  return fmt::format("{} steps of {:.1f} ms; {:.1f} % of the time in operators\n{}", state_->watched,
                     1e3 * state_->seconds / steps, 100 * all / state_->seconds, format_table(lines));
}

void StepProfile::write(const std::filesystem::path& folder) const {
  if (state_->watched == 0) return;
  std::error_code status;
  std::filesystem::create_directories(folder, status);
  if (status) fail({folder.string(), "cannot be made: " + status.message(), "a folder for the profile", {}});
  const std::string all = table(SIZE_MAX - 1);
  std::map<std::uint64_t, int> threads;
  for (const Span& span : state_->operators) threads.emplace(span.thread, static_cast<int>(threads.size()) + 1);
  Json events = Json::array({thread_name(0, "steps")});
  for (const auto& [thread, number] : threads) events.push_back(thread_name(number, fmt::format("thread {}", number)));
  const std::map<std::uint64_t, int> of_steps{{0, 0}};
  for (const Span& span : state_->parts) events.push_back(trace_event(span, of_steps));
  for (const Span& span : state_->operators) events.push_back(trace_event(span, threads));
  write_file(folder / "trace.json", json_text(Json{{"traceEvents", events}, {"displayTimeUnit", "ms"}}) + "\n");
  write_file(folder / "operators.txt", all);
}

}  // namespace welt
