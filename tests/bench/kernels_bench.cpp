// Each kernel beside the plain operators that it takes the place of, and beside what the machine allows: the time that
// the bytes it must read and write take at the memory's measured rate, or its products at the measured peak, whichever
// is longer. Forward (no gradient wanted) and backward alone. Prints a table, or with --json one JSON array; times are
// medians in microseconds, with LibTorch's number of threads.
//
//   welt_kernels_bench [--json] [words of a kernel's name …]        welt_kernels_bench attention gather
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Reduction.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/nll_loss.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/rms_norm.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softmax.h>
#include <fmt/core.h>
#include <malloc.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/kernels/instructions.h"
#include "core/kernels/operators.h"
#include "core/train/step_shares.h"

namespace welt {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;
using Tensors = std::vector<at::Tensor>;

constexpr int rounds = 11;
constexpr double budget = 0.4;  // seconds for the rounds of one figure, about

struct Work {
  double bytes = 0, flops = 0;
};

struct Case {
  std::string name;
  at::ScalarType type;
  Tensors in;  // what has a gradient
  std::function<Tensors(const Tensors&)> plain, kernel;
  Work forward, backward;
};

double median(std::vector<double> times) {
  std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2));
  return times[times.size() / 2];
}

// Seconds of `timed`, of which `before` makes the argument, untimed.
template <typename Before, typename Timed>
double seconds(const Before& before, const Timed& timed) {
  std::vector<double> times;
  double spent = 0;
  for (int i = 0; i <= rounds && (i < 4 || spent < budget); ++i) {
    const auto prepared = before();
    const auto start = Clock::now();
    timed(prepared);
    const double took = std::chrono::duration<double>(Clock::now() - start).count();
    if (i > 0) times.push_back(took);  // the first warms up
    spent += took;
  }
  return median(times);
}

double forward_seconds(const Case& one, const std::function<Tensors(const Tensors&)>& f) {
  const at::NoGradGuard no_grad;
  return seconds([] { return 0; }, [&](int) { f(one.in); });
}

double backward_seconds(const Case& one, const std::function<Tensors(const Tensors&)>& f) {
  Tensors leaves;
  for (const at::Tensor& x : one.in) leaves.push_back(x.detach().clone().requires_grad_());
  Tensors ahead;
  for (const at::Tensor& out : f(leaves)) ahead.push_back(at::ones_like(out.detach()));
  return seconds([&] { return f(leaves); }, [&](const Tensors& out) { torch::autograd::grad(out, leaves, ahead); });
}

// Bytes a second of a copy that no cache holds, read and written.
double memory_rate() {
  constexpr std::int64_t count = 32 << 20;
  const at::Tensor from = at::randn({count}), to = at::empty({count});
  const double took = seconds([] { return 0; }, [&](int) { at::Tensor(to).copy_(from); });
  return 2.0 * count * sizeof(float) / took;
}

double size_of(at::ScalarType type) { return type == at::kBFloat16 ? 2 : 4; }

enum class Sight { full, causal, window };

Case attention(at::ScalarType type, std::int64_t length, Sight sight) {
  constexpr std::int64_t heads = 4, width = 64;
  const std::int64_t rows = std::max<std::int64_t>(1, 8192 / length), tokens = rows * length, left = length / 8;
  const at::Tensor offsets = at::arange(0, tokens + 1, length, at::kLong);
  const bool causal = sight != Sight::full;
  const std::int64_t window = sight == Sight::window ? left : -1;
  const at::Tensor places = at::arange(length, at::kLong), back = places.unsqueeze(1) - places;  // [T,T]
  at::Tensor hidden = back.lt(0);
  if (sight == Sight::window) hidden = hidden.logical_or(back.gt(left));
  const double pairs =
      static_cast<double>(sight == Sight::full ? length * length : hidden.logical_not().sum().item<std::int64_t>());
  const double scale = 0.125, products = 2.0 * static_cast<double>(rows * heads * width) * pairs,
               bytes = static_cast<double>(tokens * heads * width) * size_of(type);
  Case one{.type = type};
  one.name = fmt::format("row attention, {} x {} tokens, {}", rows, length,
                         sight == Sight::full     ? "full"
                         : sight == Sight::causal ? "causal"
                                                  : fmt::format("window of {}", left));
  for (int i = 0; i < 3; ++i) one.in.push_back(at::randn({tokens, heads, width}).to(type));
  one.plain = [=](const Tensors& in) -> Tensors {
    const auto split = [&](const at::Tensor& x) { return x.view({rows, length, heads, width}).transpose(1, 2); };
    at::Tensor scores = at::matmul(split(in[0]), split(in[1]).transpose(2, 3)).mul(scale);
    if (causal) scores = scores.masked_fill(hidden, -std::numeric_limits<float>::infinity());
    const at::Tensor out = at::matmul(at::softmax(scores, -1), split(in[2]));
    return {out.transpose(1, 2).reshape({tokens, heads, width})};
  };
  one.kernel = [=](const Tensors& in) -> Tensors {
    return {kernels::row_attention(in[0], in[1], in[2], offsets, {}, {}, {}, {}, {}, scale, causal, window, -1, 0, 0)};
  };
  one.forward = {4 * bytes, 2 * products}, one.backward = {7 * bytes, 5 * products};
  return one;
}

constexpr std::int64_t tokens = 8192, wide = 1024, narrow = 256;

// Rows of numbers that are read and written so many times.
Work passes(at::ScalarType type, std::int64_t width, double times) {
  return {.bytes = times * static_cast<double>(tokens * width) * size_of(type)};
}

// Of the number of rows that a library has made ready before; another number costs it up to a millisecond more
// (docs/kernels.md). In bfloat16 alone.
Case product(std::int64_t depth, std::int64_t outputs) {
  Case one{.name = fmt::format("product, {} x {} to {}", tokens, depth, outputs), .type = at::kBFloat16};
  one.in = {at::randn({tokens, depth}).to(at::kBFloat16), at::randn({outputs, depth}).to(at::kBFloat16)};
  one.plain = [](const Tensors& in) -> Tensors { return {at::linear(in[0], in[1])}; };
  one.kernel = [](const Tensors& in) -> Tensors { return {kernels::many_rows_product(in[0], in[1], {}, false)}; };
  one.forward = {.bytes = 2.0 * static_cast<double>(tokens * (depth + outputs) + depth * outputs),
                 .flops = 2.0 * static_cast<double>(tokens * depth * outputs)};
  one.backward = {.bytes = 2 * one.forward.bytes, .flops = 2 * one.forward.flops};
  return one;
}

Case norm(at::ScalarType type) {
  Case one{.name = fmt::format("residual + RMS norm, {} x {}", tokens, narrow), .type = type};
  one.in = {at::randn({tokens, narrow}).to(type), at::randn({tokens, narrow}).to(type), at::randn({narrow}).to(type)};
  one.plain = [](const Tensors& in) -> Tensors {
    const at::Tensor sum = in[0] + in[1];
    return {sum, at::rms_norm(sum, in[2].sizes(), in[2], 1e-5)};
  };
  one.kernel = [](const Tensors& in) -> Tensors {
    auto [sum, normed] = kernels::residual_norm(in[0], in[1], in[2], {}, 1, 1e-5);
    return {sum, normed};
  };
  one.forward = passes(type, narrow, 4), one.backward = passes(type, narrow, 4);
  return one;
}

Case gated(at::ScalarType type) {
  Case one{.name = fmt::format("SiLU(gate) x up, {} x {}", tokens, wide), .type = type};
  one.in = {at::randn({tokens, wide}).to(type), at::randn({tokens, wide}).to(type)};
  one.plain = [](const Tensors& in) -> Tensors { return {at::silu(in[0]) * in[1]}; };
  one.kernel = [](const Tensors& in) -> Tensors { return {kernels::gated_product(in[0], in[1], "silu")}; };
  one.forward = passes(type, wide, 3), one.backward = passes(type, wide, 5);
  return one;
}

Case biased(at::ScalarType type) {
  Case one{.name = fmt::format("GELU(x + bias), {} x {}", tokens, wide), .type = type};
  one.in = {at::randn({tokens, wide}).to(type), at::randn({wide}).to(type)};
  one.plain = [](const Tensors& in) -> Tensors { return {at::gelu(in[0] + in[1])}; };
  one.kernel = [](const Tensors& in) -> Tensors { return {kernels::biased_activation(in[0], in[1], "gelu")}; };
  one.forward = passes(type, wide, 2), one.backward = passes(type, wide, 3);
  return one;
}

Case loss(at::ScalarType type) {
  Case one{.name = fmt::format("cross-entropy, {} x 256", tokens), .type = type};
  one.in = {at::randn({tokens, 256}).to(type)};
  const at::Tensor targets = at::randint(0, 256, {tokens}, at::kLong);
  one.plain = [=](const Tensors& in) -> Tensors {
    return {at::nll_loss(at::log_softmax(in[0], -1, at::kFloat), targets, {}, at::Reduction::Sum)};
  };
  one.kernel = [=](const Tensors& in) -> Tensors { return {kernels::cross_entropy(in[0], targets)}; };
  one.forward = passes(type, 256, 1), one.backward = passes(type, 256, 2);
  return one;
}

Case gather(at::ScalarType type, const char* what, std::int64_t rows) {
  Case one{.name = fmt::format("gather, {} {} to {} places, {} wide", rows, what, tokens, narrow), .type = type};
  one.in = {at::randn({rows, narrow}).to(type)};
  const at::Tensor index = at::randint(0, rows, {tokens}, at::kLong);
  one.plain = [=](const Tensors& in) -> Tensors { return {at::embedding(in[0], index)}; };
  one.kernel = [=](const Tensors& in) -> Tensors { return {kernels::gather_rows(in[0], index)}; };
  const double table = static_cast<double>(rows * narrow) * size_of(type);
  one.forward = passes(type, narrow, 1), one.backward = passes(type, narrow, 1);
  one.forward.bytes += table, one.backward.bytes += table;
  return one;
}

std::vector<std::function<Case()>> cases() {
  std::vector<std::function<Case()>> all;
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    for (const std::int64_t length : {8, 16, 128, 512})
      for (const Sight sight : {Sight::causal, Sight::full, Sight::window})
        if (sight != Sight::window || length > 16) all.emplace_back([=] { return attention(type, length, sight); });
    for (Case (*make)(at::ScalarType) : {norm, gated, biased, loss}) all.emplace_back([=] { return make(type); });
    all.emplace_back([=] { return gather(type, "bytes", 256); });
    all.emplace_back([=] { return gather(type, "words", 2048); });
  }
  for (const auto& [depth, outputs] : {std::pair{256, 256}, {256, 512}, {512, 2048}})
    all.emplace_back([=] { return product(depth, outputs); });
  return all;
}

// Two that compute different things are not compared.
void check_same(const Case& one) {
  const at::NoGradGuard no_grad;
  const Tensors plain = one.plain(one.in), kernel = one.kernel(one.in);
  const double tolerance = one.type == at::kBFloat16 ? 3e-2 : 1e-5;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const double off = (kernel[i].to(at::kDouble) - plain[i].to(at::kDouble)).norm().item<double>(),
                 size = plain[i].to(at::kDouble).norm().item<double>();
    if (!(off <= tolerance * size))
      fail({one.name, fmt::format("kernel and plain operators differ by {:.2g} of {:.2g}", off, size)});
  }
}

Json measured(const Case& one, double memory, double peak) {
  check_same(one);
  const auto side = [&](const Work& work, double plain, double kernel) {
    const double bound = std::max(work.bytes / memory, work.flops / peak);
    return Json{{"plain_us", 1e6 * plain},
                {"kernel_us", 1e6 * kernel},
                {"bound_us", 1e6 * bound},
                {"bound_by", work.bytes / memory >= work.flops / peak ? "memory" : "products"}};
  };
  return {{"kernel", one.name},
          {"type", one.type == at::kBFloat16 ? "bfloat16" : "float32"},
          {"forward", side(one.forward, forward_seconds(one, one.plain), forward_seconds(one, one.kernel))},
          {"backward", side(one.backward, backward_seconds(one, one.plain), backward_seconds(one, one.kernel))}};
}

void print_line(const Json& one) {
  fmt::print("{:44} {:8}", one.at("kernel").get<std::string>(), one.at("type").get<std::string>());
  for (const char* way : {"forward", "backward"}) {
    const Json& side = one.at(way);
    fmt::print(" {:10.0f} {:10.0f} {:10.0f} {:8}", side.at("plain_us").get<double>(),
               side.at("kernel_us").get<double>(), side.at("bound_us").get<double>(),
               side.at("bound_by").get<std::string>());
  }
  fmt::print("\n");
  std::fflush(stdout);
}

void run(bool json, const std::vector<std::string>& wanted) {
  if (kernels::chosen_instructions() == nullptr) fail({"WELT_KERNELS", "off", "a set of instructions to measure", {}});
  const double memory = memory_rate(), wide_peak = peak_product_rate(at::kFloat),
               narrow_peak = peak_product_rate(at::kBFloat16);
  Json all = Json::array();
  if (!json) {
    fmt::print("{} threads, {}; memory {:.1f} GB/s, products {:.0f} (float32), {:.0f} (bfloat16) GFLOP/s\n",
               at::get_num_threads(), kernels::chosen_instructions()->name, memory / 1e9, wide_peak / 1e9,
               narrow_peak / 1e9);
    fmt::print("{:53} {:^41} {:^41}\n{:53}", "", "forward, microseconds", "backward, microseconds", "");
    for (int i = 0; i < 2; ++i) fmt::print(" {:>10} {:>10} {:>10} {:8}", "plain", "kernel", "bound", "by");
    fmt::print("\n");
  }
  for (const std::function<Case()>& make : cases()) {
    const Case one = make();
    if (!wanted.empty() &&
        std::ranges::none_of(wanted, [&](const std::string& word) { return one.name.find(word) != std::string::npos; }))
      continue;
    all.push_back(measured(one, memory, one.type == at::kFloat ? wide_peak : narrow_peak));
    if (!json) print_line(all.back());
  }
  if (json)
    fmt::print("{}\n", Json{{"threads", at::get_num_threads()},
                            {"instructions", kernels::chosen_instructions()->name},
                            {"memory_bytes_per_second", memory},
                            {"float32_flops_per_second", wide_peak},
                            {"bfloat16_flops_per_second", narrow_peak},
                            {"kernels", all}}
                           .dump(2));
}

}  // namespace
}  // namespace welt

int main(int argc, char** argv) {
  mallopt(M_MMAP_MAX, 0), mallopt(M_TRIM_THRESHOLD, -1);  // as the program does: no page is faulted in twice
  try {
    std::vector<std::string> wanted(argv + 1, argv + argc);
    const bool json = std::erase(wanted, "--json") > 0;
    welt::run(json, wanted);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
