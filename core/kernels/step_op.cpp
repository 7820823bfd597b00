// Attention over a cache and products of few rows as operators. They have no gradient: generation alone uses them. See
// operators.h.
#include "core/kernels/op_support.h"
#include "core/kernels/operators.h"
#include "core/kernels/parallel.h"
#include "core/kernels/step_weights.h"

namespace welt::kernels {
namespace {

HeadsIn in(const at::Tensor& x) { return {x.const_data_ptr(), x.stride(0), x.stride(1)}; }

const std::int64_t* indices(const at::Tensor& x, std::int64_t count, const char* name) {
  TORCH_CHECK(
      x.device().is_cpu() && x.scalar_type() == at::kLong && x.dim() == 1 && x.size(0) == count && x.is_contiguous(),
      "cached_attention: ", name, " must be I64 [", count, "] on the CPU");
  return x.const_data_ptr<std::int64_t>();
}

}  // namespace

at::Tensor cached_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& keys,
                            const at::Tensor& values, const at::Tensor& offsets,
                            const std::optional<at::Tensor>& cache_rows, const at::Tensor& filled,
                            const std::optional<at::Tensor>& cos, const std::optional<at::Tensor>& sin, double scale,
                            std::int64_t left) {
  check_number(q, "q");
  const std::int64_t tokens = q.size(0);
  const auto same = [&](const at::Tensor& x) { return x.scalar_type() == q.scalar_type() && x.device().is_cpu(); };
  const bool fits = q.dim() == 3 && k.dim() == 3 && v.dim() == 3 && k.size(0) == tokens && v.size(0) == tokens &&
                    k.size(1) == v.size(1) && k.size(1) > 0 && q.size(1) % k.size(1) == 0 && q.size(2) == k.size(2) &&
                    keys.dim() == 4 && values.dim() == 4 && keys.size(1) == k.size(1) && keys.size(3) == k.size(2) &&
                    values.size(3) == v.size(2) && values.size(1) == v.size(1) && keys.size(2) == values.size(2) &&
                    keys.size(0) == values.size(0) && keys.is_contiguous() && values.is_contiguous() && same(k) &&
                    same(v) && same(keys) && same(values);
  TORCH_CHECK(fits, "cached_attention: q ", q.sizes(), ", k ", k.sizes(), ", v ", v.sizes(), " and a cache of ",
              keys.sizes(), " do not fit");
  const at::Tensor query = q.stride(2) == 1 ? q : q.contiguous(), key = k.stride(2) == 1 ? k : k.contiguous(),
                   value = v.stride(2) == 1 ? v : v.contiguous();
  CachedRows rows{};
  rows.number = number_of(q);
  rows.rows = filled.size(0);
  rows.offsets = indices(offsets, rows.rows + 1, "offsets");
  rows.filled = indices(filled, rows.rows, "filled");
  rows.cache_row = cache_rows ? indices(*cache_rows, rows.rows, "cache_rows") : nullptr;
  TORCH_CHECK(rows.offsets[0] == 0 && rows.offsets[rows.rows] == tokens, "cached_attention: offsets end at ",
              rows.offsets[rows.rows], ", not at ", tokens);
  rows.capacity = keys.size(2);
  for (std::int64_t i = 0; i < rows.rows; ++i) {
    const std::int64_t row = rows.cache_row == nullptr ? i : rows.cache_row[i],
                       added = rows.offsets[i + 1] - rows.offsets[i];
    TORCH_CHECK(
        row >= 0 && row < keys.size(0) && added >= 0 && rows.filled[i] >= 0 && rows.filled[i] + added <= rows.capacity,
        "cached_attention: row ", i, " does not fit the cache");
  }
  rows.heads = q.size(1), rows.kv_heads = k.size(1), rows.width = q.size(2), rows.value_width = v.size(2);
  rows.scale = static_cast<float>(scale), rows.left = left;
  at::Tensor cosines, sines;
  if (cos && cos->defined()) {
    TORCH_CHECK(sin && cos->dim() == 2 && cos->sizes() == sin->sizes() && cos->size(0) == tokens &&
                    2 * cos->size(1) <= rows.width,
                "cached_attention: the rotary table does not fit");
    cosines = cos->to(at::kFloat).contiguous(), sines = sin->to(at::kFloat).contiguous();
    rows.cos = cosines.const_data_ptr<float>(), rows.sin = sines.const_data_ptr<float>(), rows.half = cos->size(1);
  }
  rows.query = in(query), rows.key = in(key), rows.value = in(value);
  rows.keys = keys.mutable_data_ptr(), rows.values = values.mutable_data_ptr();
  const at::Tensor out = at::empty({tokens, rows.heads, rows.value_width}, q.options());
  const HeadsOut to{out.mutable_data_ptr(), out.stride(0), out.stride(1)};
  constexpr std::int64_t tasks_of_a_share = 16;
  in_shares(rows.rows * rows.kv_heads, tasks_of_a_share, [&](std::int64_t, std::int64_t first, std::int64_t last) {
    std::vector<float> scratch(static_cast<std::size_t>(table().cached_attention_scratch(rows)));
    table().cached_attention(rows, first, last, to, scratch.data());
  });
  return out;
}

at::Tensor few_rows_product(const at::Tensor& given, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                            const std::optional<at::Tensor>& scales) {
  const std::int64_t outputs = weight.size(0), depth = weight.size(1);
  const auto kind = weight.scalar_type();
  const bool fits = weight.dim() == 2 && given.dim() > 0 && given.size(-1) == depth && weight.is_contiguous() &&
                    given.scalar_type() == at::kFloat && given.device().is_cpu() && weight.device().is_cpu() &&
                    (kind == at::kFloat || kind == at::kBFloat16 || kind == at::kChar);
  TORCH_CHECK(fits, "few_rows_product: x ", given.sizes(), " and weight ", weight.sizes(), " do not fit");
  const auto numbers = [&](const std::optional<at::Tensor>& x) {
    TORCH_CHECK(!x || x->numel() == outputs, "few_rows_product: bias or scales do not fit ", outputs, " outputs");
    return x ? x->to(at::kFloat).contiguous() : at::Tensor();
  };
  const at::Tensor x = given.contiguous(), added = numbers(bias), scaled = numbers(scales);
  std::vector<std::int64_t> sizes = given.sizes().vec();
  sizes.back() = outputs;
  const at::Tensor out = at::empty(sizes, x.options());
  const FewRows product{.kind = kind == at::kFloat      ? FewRows::Weight::float32
                                : kind == at::kBFloat16 ? FewRows::Weight::bfloat16
                                                        : FewRows::Weight::int8,
                        .rows = depth == 0 ? 0 : x.numel() / depth,
                        .depth = depth,
                        .outputs = outputs,
                        .x = x.const_data_ptr<float>(),
                        .weight = weight.const_data_ptr(),
                        .scales = scaled.defined() ? scaled.const_data_ptr<float>() : nullptr,
                        .bias = added.defined() ? added.const_data_ptr<float>() : nullptr,
                        .out = out.mutable_data_ptr<float>()};
  if (kind != at::kFloat) narrow_products().fetch_add(1, std::memory_order_relaxed);
  constexpr std::int64_t products_of_a_share = 200'000;
  in_shares(
      outputs, std::max<std::int64_t>(1, products_of_a_share / std::max<std::int64_t>(1, product.rows * depth)),
      [&](std::int64_t, std::int64_t first, std::int64_t last) { table().few_rows_product(product, first, last); });
  return out;
}

}  // namespace welt::kernels
