// The kernels' arithmetic under sanitizers, with every instruction set of the machine: memory that ends where the
// numbers end and begins at odd places, shapes that fill no vector, two threads that share a call. Values are compared
// with the plain set's; that those are right is for tests/core/kernels.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <thread>
#include <vector>

#include "core/kernels/instructions.h"

namespace welt::kernels {
namespace {

std::mt19937 draws(11);
std::int64_t drawn(std::int64_t most) { return std::uniform_int_distribution<std::int64_t>(0, most)(draws); }

// Numbers that begin one element behind what malloc gave and end where it ends.
class Numbers {
 public:
  Numbers(Number number, std::int64_t count)
      : number_(number), count_(count), bytes_(static_cast<std::size_t>((count + 1) * size())) {
    std::normal_distribution<float> normal;
    for (std::int64_t i = 0; i < count; ++i) set(i, normal(draws));
  }
  void* data() { return bytes_.data() + size(); }
  const void* data() const { return bytes_.data() + size(); }
  float* floats() { return static_cast<float*>(data()); }
  std::int64_t size() const { return number_ == Number::float32 ? 4 : 2; }
  void* past(std::int64_t elements) { return bytes_.data() + (elements + 1) * size(); }
  Number number() const { return number_; }

  float at(std::int64_t i) const {
    const std::byte* here = bytes_.data() + (i + 1) * size();
    float value = 0;
    if (number_ == Number::float32) {
      std::memcpy(&value, here, 4);
    } else {
      std::uint16_t half = 0;
      std::memcpy(&half, here, 2);
      value = std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
    }
    return value;
  }
  void set(std::int64_t i, float value) {
    std::byte* here = bytes_.data() + (i + 1) * size();
    const auto half = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16);
    if (number_ == Number::float32)
      std::memcpy(here, &value, 4);
    else
      std::memcpy(here, &half, 2);
  }
  std::vector<float> values() const {
    std::vector<float> all;
    for (std::int64_t i = 0; i < count_; ++i) all.push_back(at(i));
    return all;
  }

 private:
  Number number_;
  std::int64_t count_;
  std::vector<std::byte> bytes_;
};

// f(first, last) for the halves of [0, count), each on a thread of its own.
void on_two_threads(std::int64_t count, const std::function<void(std::int64_t, std::int64_t)>& f) {
  std::thread other(f, 0, count / 2);
  f(count / 2, count);
  other.join();
}

// What a call gives is the same from every set that is here, but for rounding.
void on_each_set(Number number, const std::function<std::vector<float>(const Kernels&)>& call) {
  std::vector<float> plain;
  for (const InstructionSet& set : instruction_sets()) {
    if (!set.available()) continue;
    SCOPED_TRACE(set.name);
    const std::vector<float> found = call(*set.kernels);
    if (plain.empty()) plain = found;
    ASSERT_EQ(found.size(), plain.size());
    double off = 0, norm = 1e-6;
    for (std::size_t i = 0; i < found.size(); ++i) {
      off += std::pow(double{found[i]} - plain[i], 2);
      norm += std::pow(double{plain[i]}, 2);
    }
    EXPECT_LT(std::sqrt(off / norm), number == Number::float32 ? 1e-5 : 2e-2);
  }
}

void append(std::vector<float>& all, const Numbers& more) {
  const std::vector<float> values = more.values();
  all.insert(all.end(), values.begin(), values.end());
}

constexpr Number both[] = {Number::float32, Number::bfloat16};

std::vector<std::int64_t> offsets_of(const std::vector<std::int64_t>& lengths) {
  std::vector<std::int64_t> offsets{0};
  for (const std::int64_t length : lengths) offsets.push_back(offsets.back() + length);
  return offsets;
}

// Rows of `lengths` with masks, rotary positions and dropout by chance, forward and backward.
void try_attention(Number number, const std::vector<std::int64_t>& lengths) {
  const std::vector<std::int64_t> offsets = offsets_of(lengths);
  const std::int64_t tokens = offsets.back();
  AttentionRows rows{};
  rows.number = number;
  rows.offsets = offsets.data(), rows.rows = static_cast<std::int64_t>(lengths.size());
  rows.kv_heads = 1 + drawn(1), rows.heads = rows.kv_heads * (1 + drawn(2));
  rows.width = 2 * (1 + drawn(20)), rows.value_width = 1 + drawn(40);
  rows.scale = 0.3F, rows.causal = drawn(1) == 1;
  rows.left = drawn(1) == 1 ? drawn(30) : -1, rows.right = !rows.causal && drawn(1) == 1 ? drawn(9) : -1;
  const auto valid = std::make_unique<bool[]>(static_cast<std::size_t>(tokens));
  std::vector<std::int64_t> document, prefix;
  for (std::int64_t i = 0; i < tokens; ++i) {
    valid[static_cast<std::size_t>(i)] = drawn(5) > 0;
    document.push_back(i / 7), prefix.push_back(i % 11 < 4 ? i / 11 : -1);
  }
  if (drawn(1) == 1) rows.valid = valid.get();
  if (drawn(1) == 1) rows.document = document.data();
  if (drawn(1) == 1) rows.prefix = prefix.data();
  rows.half = drawn(rows.width / 2);
  Numbers cos(Number::float32, tokens * rows.half), sin(Number::float32, tokens * rows.half);
  if (rows.half > 0) rows.cos = cos.floats(), rows.sin = sin.floats();
  if (drawn(3) == 0) rows.dropout = 0.25F, rows.seed = 5;
  Numbers q(number, tokens * rows.heads * rows.width), k(number, tokens * rows.kv_heads * rows.width),
      v(number, tokens * rows.kv_heads * rows.value_width), arriving(number, tokens * rows.heads * rows.value_width);
  rows.query = {q.data(), rows.heads * rows.width, rows.width};
  rows.key = {k.data(), rows.kv_heads * rows.width, rows.width};
  rows.value = {v.data(), rows.kv_heads * rows.value_width, rows.value_width};
  const std::int64_t longest = *std::ranges::max_element(lengths);
  on_each_set(number, [&](const Kernels& kernels) {
    Numbers out(number, tokens * rows.heads * rows.value_width), gq(number, tokens * rows.heads * rows.width),
        gk(number, tokens * rows.kv_heads * rows.width), gv(number, tokens * rows.kv_heads * rows.value_width);
    const HeadsOut to{out.data(), rows.heads * rows.value_width, rows.value_width};
    on_two_threads(rows.rows * rows.kv_heads, [&](std::int64_t first, std::int64_t last) {
      std::vector<float> scratch(static_cast<std::size_t>(kernels.attention_scratch(rows, longest, false)));
      kernels.attention_forward(rows, first, last, to, scratch.data());
    });
    const AttentionGradients gradients{{arriving.data(), to.token, to.head},
                                       {gq.data(), rows.query.token, rows.query.head},
                                       {gk.data(), rows.key.token, rows.key.head},
                                       {gv.data(), rows.value.token, rows.value.head}};
    on_two_threads(rows.rows * rows.kv_heads, [&](std::int64_t first, std::int64_t last) {
      std::vector<float> scratch(static_cast<std::size_t>(kernels.attention_scratch(rows, longest, true)));
      kernels.attention_backward(rows, first, last, gradients, scratch.data());
    });
    std::vector<float> all = out.values();
    append(all, gq), append(all, gk), append(all, gv);
    return all;
  });
}

TEST(SanitizedKernels, AttentionOfRowsOfAnyLength) {
  for (const Number number : both) {
    for (int i = 0; i < 6; ++i) try_attention(number, {1 + drawn(5), 1, 1 + drawn(20), 0, 1 + drawn(40)});
    try_attention(number, {1});
    try_attention(number, {150, 65, 16});
  }
}

TEST(SanitizedKernels, AttentionOverACache) {
  for (const Number number : both) {
    for (const std::int64_t half : {0, 3}) {
      const std::vector<std::int64_t> offsets{0, 3, 3, 4}, row{2, 0, 1}, filled{0, 4, 5};
      CachedRows rows{};
      rows.number = number;
      rows.offsets = offsets.data(), rows.cache_row = row.data(), rows.filled = filled.data(), rows.rows = 3;
      rows.heads = 4, rows.kv_heads = 2, rows.width = 10, rows.value_width = 7, rows.scale = 0.5F;
      rows.left = half > 0 ? 2 : -1, rows.half = half, rows.capacity = 6;
      Numbers q(number, 4 * 4 * 10), k(number, 4 * 2 * 10), v(number, 4 * 2 * 7), cos(Number::float32, 4 * half),
          sin(Number::float32, 4 * half);
      if (half > 0) rows.cos = cos.floats(), rows.sin = sin.floats();
      rows.query = {q.data(), 40, 10}, rows.key = {k.data(), 20, 10}, rows.value = {v.data(), 14, 7};
      const Numbers keys(number, 3 * 2 * 6 * 10), values(number, 3 * 2 * 6 * 7);
      on_each_set(number, [&](const Kernels& kernels) {
        Numbers own_keys = keys, own_values = values, out(number, 4 * 4 * 7);
        for (std::int64_t i = 0; i < 4 * 4 * 7; ++i) out.set(i, 0);
        CachedRows own = rows;
        own.keys = own_keys.data(), own.values = own_values.data();
        on_two_threads(rows.rows * rows.kv_heads, [&](std::int64_t first, std::int64_t last) {
          std::vector<float> scratch(static_cast<std::size_t>(kernels.cached_attention_scratch(own)));
          kernels.cached_attention(own, first, last, {out.data(), 28, 7}, scratch.data());
        });
        std::vector<float> all = out.values();
        append(all, own_keys), append(all, own_values);
        return all;
      });
    }
  }
}

TEST(SanitizedKernels, ProductsOfFewRows) {
  for (const auto kind : {FewRows::Weight::float32, FewRows::Weight::bfloat16, FewRows::Weight::int8}) {
    for (const auto& [count, depth, outputs] :
         {std::tuple{1, 33, 7}, {5, 16, 31}, {9, 70, 2}, {0, 8, 3}, {3, 1, 1}, {6, 64, 41}, {17, 130, 19}}) {
      Numbers x(Number::float32, count * depth), bias(Number::float32, outputs), scales(Number::float32, outputs);
      const bool whole = kind == FewRows::Weight::int8;
      Numbers weight(kind == FewRows::Weight::float32 ? Number::float32 : Number::bfloat16, depth * outputs);
      std::vector<std::int8_t> bytes;
      for (std::int64_t i = 0; i < depth * outputs; ++i) bytes.push_back(static_cast<std::int8_t>(drawn(254) - 127));
      on_each_set(Number::float32, [&](const Kernels& kernels) {
        Numbers out(Number::float32, count * outputs);
        const FewRows product{.kind = kind,
                              .rows = count,
                              .depth = depth,
                              .outputs = outputs,
                              .x = x.floats(),
                              .weight = whole ? static_cast<const void*>(bytes.data()) : weight.data(),
                              .scales = whole ? scales.floats() : nullptr,
                              .bias = bias.floats(),
                              .out = out.floats()};
        on_two_threads(outputs,
                       [&](std::int64_t first, std::int64_t last) { kernels.few_rows_product(product, first, last); });
        return out.values();
      });
    }
  }
}

// Sizes that fill no tile, and rows that are packed because they would collide in the cache.
TEST(SanitizedKernels, ProductsOfManyRows) {
  struct Sizes {
    std::int64_t rows, depth, outputs;
  };
  for (const Number stored : both) {
    for (const auto& [count, depth, outputs] : {Sizes{1, 2, 2}, {17, 34, 30}, {29, 62, 66}, {5, 2048, 6}}) {
      const Numbers x(Number::bfloat16, count * depth), weight(stored, outputs * depth),
          ahead(Number::bfloat16, count * outputs);
      Numbers bias(Number::float32, outputs);
      for (const bool turned : {false, true}) {
        SCOPED_TRACE(testing::Message() << count << " x " << depth << " x " << outputs << ", turned " << turned);
        on_each_set(Number::bfloat16, [&](const Kernels& kernels) {
          const ProductWeight by{stored,       outputs, depth, weight.data(), turned ? 1 : depth, turned ? outputs : 1,
                                 bias.floats()};
          const std::int64_t panel = kernels.product_panel(), panels = (outputs + panel - 1) / panel;
          std::vector<std::int32_t> packed(static_cast<std::size_t>(panels * panel * (depth / 2 + 1)));
          on_two_threads(panels, [&](std::int64_t first, std::int64_t last) {
            kernels.product_pack(by, first, last, packed.data() + first * panel * (depth / 2 + 1));
          });
          Numbers out(Number::bfloat16, count * outputs), of_weight(Number::float32, outputs * depth);
          on_two_threads(count, [&](std::int64_t first, std::int64_t last) {
            std::vector<std::int32_t> scratch(static_cast<std::size_t>(kernels.product_scratch(by)));
            kernels.product(by, {x.data(), out.data()}, packed.data(), first, last, 0, panels, scratch.data());
          });
          const ProductGradient of{count, outputs, depth, ahead.data(), x.data(), of_weight.floats()};
          on_two_threads((depth + panel - 1) / panel, [&](std::int64_t first, std::int64_t last) {
            std::vector<std::int32_t> scratch(static_cast<std::size_t>(kernels.gradient_scratch()));
            kernels.product_gradient(of, 0, outputs, first * panel, std::min(last * panel, depth), scratch.data());
          });
          std::vector<float> all = out.values();
          append(all, of_weight);
          return all;
        });
      }
    }
  }
}

TEST(SanitizedKernels, Norms) {
  for (const auto kind : {NormRows::Kind::layer, NormRows::Kind::rms, NormRows::Kind::offset_rms}) {
    for (const Number number : both) {
      for (const std::int64_t width : {1, 15, 16, 37}) {
        constexpr std::int64_t count = 5;
        const NormRows rows{kind, width, 1e-5F, number, number, Number::float32, number};
        const std::int64_t padded = (width + 15) / 16 * 16;
        Numbers branch(number, count * width), residual(number, count * width), weight(Number::float32, width),
            bias(Number::float32, width), arriving(number, count * width), carried(number, count * width);
        on_each_set(number, [&](const Kernels& kernels) {
          Numbers sum(number, count * width), normed(number, count * width), total(number, count * width),
              of_branch(number, count * width);
          const NormForward forward{branch.data(), residual.data(),
                                    weight.data(), kind == NormRows::Kind::layer ? bias.data() : nullptr,
                                    sum.data(),    normed.data()};
          on_two_threads(count, [&](std::int64_t first, std::int64_t last) {
            std::vector<float> scratch(static_cast<std::size_t>(2 * padded));
            kernels.norm_forward(rows, forward, first, last, scratch.data());
          });
          std::vector<float> partial[2];
          on_two_threads(count, [&](std::int64_t first, std::int64_t last) {
            std::vector<float> scratch(static_cast<std::size_t>(2 * padded));
            std::vector<float>& own = partial[first == 0 ? 0 : 1];
            own.assign(static_cast<std::size_t>(2 * padded), 0);
            const NormBackward backward{sum.data(),     weight.data(),
                                        carried.data(), arriving.data(),
                                        total.data(),   of_branch.data(),
                                        own.data(),     kind == NormRows::Kind::layer ? own.data() + padded : nullptr};
            kernels.norm_backward(rows, backward, first, last, scratch.data());
          });
          std::vector<float> all = normed.values();
          append(all, sum), append(all, total), append(all, of_branch);
          for (std::int64_t i = 0; i < width; ++i)
            all.push_back(partial[0][static_cast<std::size_t>(i)] + partial[1][static_cast<std::size_t>(i)]);
          return all;
        });
      }
    }
  }
}

TEST(SanitizedKernels, Activations) {
  for (const Shape shape : {Shape::silu, Shape::gelu, Shape::gelu_tanh, Shape::relu, Shape::quick_gelu}) {
    for (const Number number : both) {
      for (const std::int64_t width : {1, 13, 32, 45}) {
        constexpr std::int64_t count = 4;
        const std::int64_t n = count * width;
        Numbers gate(number, n), up(number, n), arriving(number, n), bias(Number::float32, width);
        on_each_set(number, [&](const Kernels& kernels) {
          Numbers out(number, n), of_gate(number, n), of_up(number, n), biased(number, n), of_x(number, n);
          on_two_threads(count, [&](std::int64_t first, std::int64_t last) {
            const std::int64_t from = first * width, many = (last - first) * width;
            kernels.gated_forward(number, shape, many, gate.past(from), up.past(from), out.past(from));
            kernels.gated_backward(number, shape, many, gate.past(from), up.past(from), arriving.past(from),
                                   of_gate.past(from), of_up.past(from));
            std::vector<float> of_bias(static_cast<std::size_t>(width));
            kernels.biased_forward(number, shape, last - first, width, gate.past(from), bias.floats(),
                                   biased.past(from));
            kernels.biased_backward(number, shape, last - first, width, gate.past(from), bias.floats(),
                                    arriving.past(from), of_x.past(from), of_bias.data());
          });
          std::vector<float> all = out.values();
          append(all, of_gate), append(all, of_up), append(all, biased), append(all, of_x);
          return all;
        });
      }
    }
  }
}

TEST(SanitizedKernels, CrossEntropy) {
  for (const Number number : both) {
    for (const std::int64_t classes : {1, 17, 256}) {
      constexpr std::int64_t count = 6;
      Numbers logits(number, count * classes);
      std::vector<std::int64_t> targets;
      for (std::int64_t i = 0; i < count; ++i) targets.push_back(drawn(classes - 1));
      on_each_set(number, [&](const Kernels& kernels) {
        std::vector<float> log_sums(count);
        Numbers gradient(number, count * classes);
        double losses[2] = {0, 0};
        on_two_threads(count, [&](std::int64_t first, std::int64_t last) {
          losses[first == 0 ? 0 : 1] = kernels.cross_entropy_forward(number, first, last, classes, logits.data(),
                                                                     targets.data(), log_sums.data());
          kernels.cross_entropy_backward(number, first, last, classes, logits.data(), targets.data(), log_sums.data(),
                                         0.5F, gradient.data());
        });
        std::vector<float> all = gradient.values();
        all.push_back(static_cast<float>(losses[0] + losses[1]));
        return all;
      });
    }
  }
}

}  // namespace
}  // namespace welt::kernels
