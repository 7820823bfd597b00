// Row attention: by the program's kernel where it takes the call, else as plain operators: per group either three
// (product, softmax, product), which are fastest on short rows, or LibTorch's fused attention on long ones.
#include "welt/nn/attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/baddbmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/split_with_sizes.h>
#include <ATen/ops/zeros.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "host_kernels.h"

namespace welt::nn {
namespace {

// Above this many tokens a row, the fused attention beats three plain operators (measured on the CPU).
constexpr std::int64_t longest_plain_row = 64;

struct Block {
  at::Tensor q, k, v;  // [n, H, T, d], [n, Hkv, S, d], [n, Hkv, S, dv]
};

at::Tensor repeat_heads(const at::Tensor& x, std::int64_t times) {
  if (times == 1) return x;
  return x.unsqueeze(2)
      .expand({x.size(0), x.size(1), times, x.size(2), x.size(3)})
      .reshape({x.size(0), x.size(1) * times, x.size(2), x.size(3)});
}

at::Tensor fused(const Block& block, const GroupMask& mask, const AttentionOptions& options, double scale) {
  const std::int64_t times = block.q.size(1) / block.k.size(1);
  const at::Tensor k = repeat_heads(block.k, times), v = repeat_heads(block.v, times);
  if (mask.causal_only) {
    return at::scaled_dot_product_attention(block.q, k, v, {}, options.dropout, /*is_causal=*/true, scale);
  }
  std::optional<at::Tensor> additive;
  if (mask.additive.defined()) additive = mask.additive;
  return at::scaled_dot_product_attention(block.q, k, v, additive, options.dropout, /*is_causal=*/false, scale);
}

at::Tensor plain(const Block& block, const GroupMask& mask, const AttentionOptions& options, double scale) {
  std::optional<c10::impl::ExcludeDispatchKeyGuard> no_autocast;  // it would narrow the products again
  if (options.upcast) no_autocast.emplace(c10::autocast_dispatch_keyset);
  const std::int64_t n = block.q.size(0), heads = block.q.size(1), length = block.q.size(2), span = block.k.size(2);
  const std::int64_t kv_heads = block.k.size(1), times = heads / kv_heads, batch = n * kv_heads;
  const at::Tensor q = block.q.reshape({batch, times * length, block.q.size(3)});
  const at::Tensor k = block.k.reshape({batch, span, block.k.size(3)});
  const at::Tensor v = block.v.reshape({batch, span, block.v.size(3)});

  at::Tensor scores;  // [n·Hkv, times·T, S]
  const bool shared = mask.additive.defined() && mask.additive.size(0) == 1 && times == 1;
  if (shared) {
    scores = at::baddbmm(mask.additive.view({1, length, span}), q, k.transpose(1, 2), 1, scale);
  } else {
    scores = at::baddbmm(at::zeros({1}, q.options()), q, k.transpose(1, 2), 0, scale);
  }
  if ((mask.additive.defined() && !shared) || options.score_bias) {
    scores = scores.view({n, kv_heads, times, length, span});
    if (mask.additive.defined() && !shared) scores = scores + mask.additive.to(scores.scalar_type()).unsqueeze(2);
    if (options.score_bias) {
      scores = scores + options.score_bias(block.q, block.k).view({n, kv_heads, times, length, span});
    }
    scores = scores.view({batch, times * length, span});
  }
  at::Tensor weights = at::softmax(scores, -1);
  if (options.upcast) weights = weights.to(v.scalar_type());
  if (options.dropout > 0) weights = at::dropout(weights, options.dropout, /*train=*/true);
  return at::bmm(weights, v).view({n, heads, length, block.v.size(3)});
}

void check(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const RowPlan& plan) {
  const bool good = q.dim() == 3 && k.dim() == 3 && v.dim() == 3 && q.size(0) == plan.tokens() &&
                    k.size(0) == plan.tokens() && v.size(0) == plan.tokens() && k.size(1) == v.size(1) &&
                    k.size(1) > 0 && q.size(1) % k.size(1) == 0 && q.size(2) == k.size(2);
  if (!good) {
    throw sdk::Failure(WELT_INTERNAL,
                       "row_attention: q, k and v do not fit " + std::to_string(plan.tokens()) + " tokens");
  }
}

bool kernel_takes(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const RowPlan& plan,
                  const AttentionOptions& options) {
  return host_kernels::take(q) && k.scalar_type() == q.scalar_type() && v.scalar_type() == q.scalar_type() &&
         plan.cache() == nullptr && !plan.has_dense_mask() && !options.score_bias;
}

// A step of generation: a few tokens more behind a cache.
bool step_takes(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const RowPlan& plan,
                const AttentionOptions& options) {
  constexpr std::int64_t longest_step = 8;  // longer rows are better off with products of matrices
  if (plan.cache() == nullptr || at::GradMode::is_enabled() || !plan.causal_only() || options.score_bias ||
      options.dropout > 0 || !host_kernels::take(q) || k.scalar_type() != q.scalar_type() ||
      v.scalar_type() != q.scalar_type())
    return false;
  for (const RowGroup& group : plan.groups())
    if (group.length > longest_step) return false;
  return plan.cache()->layer(options.layer, q.options()).keys.scalar_type() == q.scalar_type();
}

}  // namespace

at::ScalarType compute_type(const at::Tensor& x) {
  const at::DeviceType device = x.device().type();
  if (x.is_meta() || x.scalar_type() == at::kDouble || !at::autocast::is_autocast_enabled(device))
    return x.scalar_type();
  return at::autocast::get_autocast_dtype(device);
}

at::Tensor row_attention(const at::Tensor& given_q, const at::Tensor& given_k, const at::Tensor& given_v,
                         const RowPlan& plan, const AttentionOptions& options) {
  check(given_q, given_k, given_v, plan);
  at::Tensor q = given_q, k = given_k, v = given_v;
  if (host_kernels::take(q) && (k.scalar_type() != q.scalar_type() || v.scalar_type() != q.scalar_type())) {
    // Norms of heads give float32 where autocast's products give less: a product would narrow them.
    const at::ScalarType type = compute_type(q);
    q = q.to(type), k = k.to(type), v = v.to(type);
  }
  const std::int64_t heads = q.size(1), width = v.size(2);
  if (plan.tokens() == 0) return at::empty({0, heads * width}, v.options());
  const double scale = options.scale != 0 ? options.scale : 1 / std::sqrt(static_cast<double>(q.size(2)));
  if (step_takes(q, k, v, plan, options))
    return host_kernels::cached_attention(q, k, v, plan, options, scale).reshape({plan.tokens(), heads * width});
  if (kernel_takes(q, k, v, plan, options))
    return host_kernels::row_attention(q, k, v, plan, options, scale).reshape({plan.tokens(), heads * width});

  // split, not narrow per group: its backward is one concatenation.
  std::vector<std::int64_t> sizes;
  for (const RowGroup& group : plan.groups()) sizes.push_back(group.rows * group.length);
  const auto qs = at::split_with_sizes(q, sizes), ks = at::split_with_sizes(k, sizes),
             vs = at::split_with_sizes(v, sizes);

  std::vector<at::Tensor> out;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const RowGroup& group = plan.groups()[i];
    const auto rows = [&](const at::Tensor& x) { return x.view({group.rows, group.length, x.size(1), x.size(2)}); };
    Block block{rows(qs[i]), rows(ks[i]), rows(vs[i]).transpose(1, 2)};
    if (options.rotary != nullptr) {
      const auto part = [&](const at::Tensor& table) {
        return table.narrow(0, group.first_token, sizes[i]).view({group.rows, group.length, table.size(1)});
      };
      const at::Tensor cos = part(options.rotary->cos), sin = part(options.rotary->sin);
      block.q = rotate(block.q, cos, sin), block.k = rotate(block.k, cos, sin);
    } else {
      block.q = block.q.transpose(1, 2), block.k = block.k.transpose(1, 2);
    }
    if (plan.cache() != nullptr) {
      const Cache::Pair all = plan.cache()->append(options.layer, group.index, block.k, block.v, group.span);
      block.k = all.keys, block.v = all.values;
    }
    const bool short_rows = group.length <= longest_plain_row || options.score_bias;
    if (options.upcast && short_rows) {  // the fused attention has its sums and its softmax in float32 anyway
      const at::ScalarType wide = c10::promoteTypes(block.q.scalar_type(), at::kFloat);
      block.q = block.q.to(wide), block.k = block.k.to(wide);
    }
    const GroupMask& mask = plan.mask(i, options.window, block.q.scalar_type());
    at::Tensor result = short_rows ? plain(block, mask, options, scale) : fused(block, mask, options, scale);
    if (mask.unseeing.defined()) result = result.masked_fill(mask.unseeing, 0);
    out.push_back(result.transpose(1, 2).reshape({sizes[i], heads * width}));  // [n·T, H·dv]
  }
  return out.size() == 1 ? out.front() : at::cat(out);
}

}  // namespace welt::nn
