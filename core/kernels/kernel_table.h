// The kernels' arithmetic: plain functions over memory, one set of them for each instruction set (simd/), chosen once
// (instructions.h). No tensors, no threads: core/kernels/*_op.cpp has both. Any thread; scratch is the caller's.
//
// Letters: tokens are flat, rows of any length behind each other; H query heads, Hkv key heads, d and dv head widths.
#pragma once

#include <cstddef>
#include <cstdint>

namespace welt::kernels {

enum class Number { float32, bfloat16 };

// [tokens, heads, width], the last dimension dense. Strides in elements.
struct HeadsIn {
  const void* data;
  std::int64_t token, head;
};
struct HeadsOut {
  void* data;
  std::int64_t token, head;
};

// Who sees whom: the rules of welt_attention (rows.h of the ABI) but for dense masks and caches.
struct AttentionRows {
  Number number;
  const std::int64_t* offsets;  // [rows + 1] first token of each row
  std::int64_t rows, heads, kv_heads, width, value_width;
  float scale;
  bool causal;
  std::int64_t left, right;      // window; −1: all
  const bool* valid;             // [tokens] or null
  const std::int64_t* document;  // [tokens] or null
  const std::int64_t* prefix;    // [tokens] or null; −1: in none
  const float *cos, *sin;        // [tokens, half] or null
  std::int64_t half;             // of the dimensions that rotary positions turn
  float dropout;                 // share of weights that are zeroed; 0: none
  std::uint64_t seed;            // of which
  HeadsIn query, key, value;
};

struct AttentionGradients {
  HeadsIn out;  // of the result
  HeadsOut query, key, value;
};

// Rows that go on behind what a cache holds of them, each token seeing all slots up to its own (and no further back
// than `left`; −1: all).
struct CachedRows {
  Number number;                  // of queries, keys, values and cache
  const std::int64_t* offsets;    // [rows + 1] first token of each row
  const std::int64_t* cache_row;  // [rows] its row in the cache; null: the same
  const std::int64_t* filled;     // [rows] slots that are there already
  std::int64_t rows, heads, kv_heads, width, value_width;
  float scale;
  std::int64_t left;
  const float *cos, *sin;  // [tokens, half] or null
  std::int64_t half;
  HeadsIn query, key, value;
  void *keys, *values;  // [cache rows, Hkv, capacity, d or dv]; the new slots are written
  std::int64_t capacity;
};

// out [rows, outputs] = x [rows, depth] · weight [outputs, depth]ᵀ · scales + bias.
struct FewRows {
  enum class Weight { float32, bfloat16, int8 } kind;
  std::int64_t rows, depth, outputs;
  const float* x;
  const void* weight;
  const float *scales, *bias;  // [outputs] or null
  float* out;
};

// out [rows, outputs] = x [rows, depth] · weight [outputs, depth]ᵀ + bias in bfloat16, for many rows; depth is even. The
// weight, whose element (o, i) stands at o · output + i · step (one of them 1), is packed first, in panels of outputs,
// each (depth / 2 + 1) · panel units of 32 bits.
struct ProductWeight {
  Number stored;
  std::int64_t outputs, depth;
  const void* data;
  std::int64_t output, step;
  const float* bias;  // [outputs] or null
};
struct ProductRows {
  const void* x;
  void* out;
};
// out [left_width, right_width] = leftᵀ · right; left [tokens, left_width], right [tokens, right_width], bfloat16.
struct ProductGradient {
  std::int64_t tokens, left_width, right_width;
  const void *left, *right;
  float* out;
};

// Norms of rows of `width` numbers. The sum of branch and residual is as wide as the wider of the two.
struct NormRows {
  enum class Kind { layer, rms, offset_rms } kind;
  std::int64_t width;
  float eps;
  Number branch, residual, weights, normed;
  Number sum() const {
    return branch == Number::float32 || residual == Number::float32 ? Number::float32 : Number::bfloat16;
  }
};
struct NormForward {
  const void *branch, *residual;  // [rows, width]; branch null: 0
  const void *weight, *bias;      // [width]; bias or null
  void *sum, *normed;             // [rows, width]; sum null: not wanted
};
struct NormBackward {
  const void *sum, *weight;
  const void *sum_gradient, *normed_gradient;  // the first null: 0
  void* total_gradient;                        // of branch and residual, as wide as the sum
  void* branch_gradient;                       // the same as wide as the branch; null: not wanted
  float *weight_gradient, *bias_gradient;      // added to; in whole vectors of 16; the second null: none
};

enum class Shape { silu, gelu, gelu_tanh, relu, quick_gelu };  // of an activation

struct Kernels {
  // A task is a row's key head with the query heads that look at it: number row · Hkv + head. Scratch in floats.
  std::int64_t (*attention_scratch)(const AttentionRows& rows, std::int64_t longest_row, bool backward);
  void (*attention_forward)(const AttentionRows& rows, std::int64_t first, std::int64_t last, const HeadsOut& out,
                            float* scratch);
  void (*attention_backward)(const AttentionRows& rows, std::int64_t first, std::int64_t last,
                             const AttentionGradients& gradients, float* scratch);

  // Tasks as above. Scratch in floats.
  std::int64_t (*cached_attention_scratch)(const CachedRows& rows);
  void (*cached_attention)(const CachedRows& rows, std::int64_t first, std::int64_t last, const HeadsOut& out,
                           float* scratch);
  // Outputs first … last−1.
  void (*few_rows_product)(const FewRows& product, std::int64_t first, std::int64_t last);

  // Panels first … last−1, one behind the other.
  std::int64_t (*product_panel)();  // outputs of a panel
  void (*product_pack)(const ProductWeight& weight, std::int64_t first, std::int64_t last, std::int32_t* to);
  // These rows by these panels, of which `packed` begins with the first. Scratch in units.
  std::int64_t (*product_scratch)(const ProductWeight& weight);
  void (*product)(const ProductWeight& weight, const ProductRows& rows, const std::int32_t* packed,
                  std::int64_t first_row, std::int64_t last_row, std::int64_t first_panel, std::int64_t last_panel,
                  std::int32_t* scratch);
  // These rows and columns of `out`. Scratch in units.
  std::int64_t (*gradient_scratch)();
  void (*product_gradient)(const ProductGradient& of, std::int64_t first_left, std::int64_t last_left,
                           std::int64_t first_right, std::int64_t last_right, std::int32_t* scratch);

  // Rows first … last−1. Scratch: two rows in whole vectors of 16.
  void (*norm_forward)(const NormRows& rows, const NormForward& at, std::int64_t first, std::int64_t last,
                       float* scratch);
  void (*norm_backward)(const NormRows& rows, const NormBackward& at, std::int64_t first, std::int64_t last,
                        float* scratch);

  // act(gate) · up, n numbers.
  void (*gated_forward)(Number number, Shape shape, std::int64_t n, const void* gate, const void* up, void* out);
  void (*gated_backward)(Number number, Shape shape, std::int64_t n, const void* gate, const void* up,
                         const void* gradient, void* gate_gradient, void* up_gradient);
  // act(x + bias), [rows, width]; the bias's gradient is added to.
  void (*biased_forward)(Number number, Shape shape, std::int64_t rows, std::int64_t width, const void* x,
                         const float* bias, void* out);
  void (*biased_backward)(Number number, Shape shape, std::int64_t rows, std::int64_t width, const void* x,
                          const float* bias, const void* gradient, void* x_gradient, float* bias_gradient);

  // Rows first … last−1 of logits [rows, classes]: the sum of their losses, and log Σ exp of each row. Targets are
  // below `classes`.
  double (*cross_entropy_forward)(Number number, std::int64_t first, std::int64_t last, std::int64_t classes,
                                  const void* logits, const std::int64_t* targets, float* log_sums);
  void (*cross_entropy_backward)(Number number, std::int64_t first, std::int64_t last, std::int64_t classes,
                                 const void* logits, const std::int64_t* targets, const float* log_sums, float scale,
                                 void* gradient);

  // to [width] = the sum of rows `places` (their order, in float32) of `from` [.., width]; no rows: 0.
  void (*sum_rows)(Number number, std::int64_t width, std::int64_t count, const std::int64_t* places, const void* from,
                   void* to);
};

}  // namespace welt::kernels
