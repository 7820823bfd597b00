// See step_shares.h. Alone in its file for the header of LibTorch's observers.
#include "core/train/step_shares.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mm.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <string_view>

#include "core/base/stopwatch.h"

namespace welt {
namespace {

enum class Kind { none, product, attention };

// Of the product peak. Sides are doubled as long as that is done soon: a processor that emulates a type may take some
// thousand times as long as another.
constexpr std::int64_t first_side = 128;
constexpr int peak_tries = 4;
constexpr double most_peak_seconds = 1;

// Which operators multiply matrices, and which of their inputs are these.
const std::map<std::string_view, std::size_t>& products() {
  static const std::map<std::string_view, std::size_t> all{
      {"aten::mm", 0}, {"aten::bmm", 0}, {"aten::addmm", 1}, {"aten::baddbmm", 1}, {"welt::multiply", 0}};
  return all;
}

Kind kind_of(std::string_view name) {
  if (products().contains(name)) return Kind::product;
  // The node of the backward stands in a call of the engine whose name ends alike.
  const bool attention = name == "welt::row_attention" ||
                         (name.starts_with("torch::autograd::CppNode<") && name.ends_with("::RowAttention>"));
  return attention ? Kind::attention : Kind::none;
}

struct Totals {
  std::atomic<double> product_seconds{0}, product_flops{0}, attention_seconds{0};
};
// Of the one watch: LibTorch's callbacks are plain functions.
Totals& totals() {
  static Totals sums;
  return sums;
}

struct Running : at::ObserverContext {
  Kind kind = Kind::none;
  Clock::time_point start;
};

std::unique_ptr<at::ObserverContext> begun(const at::RecordFunction& function) {
  const Kind kind = kind_of(function.name());
  if (kind == Kind::none) return nullptr;
  auto running = std::make_unique<Running>();
  running->kind = kind;
  if (kind == Kind::product) totals().product_flops.fetch_add(product_flops(function));
  running->start = Clock::now();
  return running;
}

void ended(const at::RecordFunction&, at::ObserverContext* context) {
  if (context == nullptr) return;
  const auto& running = static_cast<const Running&>(*context);
  const double seconds = seconds_since(running.start);
  (running.kind == Kind::product ? totals().product_seconds : totals().attention_seconds).fetch_add(seconds);
}

}  // namespace

OperatorWatch::OperatorWatch() {
  totals().product_seconds = 0, totals().product_flops = 0, totals().attention_seconds = 0;
  handle_ = at::addGlobalCallback(at::RecordFunctionCallback(&begun, &ended)
                                      .needsInputs(true)
                                      .scopes({at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION}));
}
OperatorWatch::~OperatorWatch() { at::removeCallback(handle_); }

OperatorWatch::Shares OperatorWatch::shares() const {
  return {totals().product_seconds, totals().product_flops, totals().attention_seconds};
}

double product_flops(const at::RecordFunction& function) {
  const auto product = products().find(function.name());
  if (product == products().end()) return 0;
  const auto inputs = function.inputs();
  const std::size_t first = product->second;
  if (inputs.size() < first + 2 || !inputs[first].isTensor() || !inputs[first + 1].isTensor()) return 0;
  const at::Tensor &a = inputs[first].toTensor(), &b = inputs[first + 1].toTensor();
  return 2.0 * static_cast<double>(a.numel()) * static_cast<double>(b.size(-1));
}

double peak_product_rate(at::ScalarType type, std::int64_t side) {
  const at::NoGradGuard no_grad;
  double best = 0;
  for (std::int64_t size = std::min(side, first_side);;) {
    const double flops = 2.0 * std::pow(static_cast<double>(size), 3);
    const at::Tensor a = at::full({size, size}, 0.5, at::TensorOptions(type)),
                     b = at::full({size, size}, 0.25, at::TensorOptions(type));
    double rate = 0;
    for (int i = 0; i < peak_tries; ++i) {
      const auto start = Clock::now();
      at::mm(a, b);
      rate = std::max(rate, flops / seconds_since(start));
    }
    best = std::max(best, rate);
    const std::int64_t next = std::min(2 * size, side);
    const double next_seconds = peak_tries * 2.0 * std::pow(static_cast<double>(next), 3) / rate;
    if (size == side || next_seconds > most_peak_seconds) return best;
    size = next;
  }
}

}  // namespace welt
