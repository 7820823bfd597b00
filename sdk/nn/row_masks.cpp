// Who sees whom: the rules of welt_attention (rows.h of the ABI) as masks of a group.
#include "welt/nn/row_plan.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

namespace welt::nn {
namespace {

// Added to a score that does not count: finite, so that a query without any key gets finite weights; far below any real
// score, so that the weight is exactly 0 as soon as one key is seen.
double far_below(at::ScalarType type) { return type == at::kHalf ? -65000.0 : -1e30; }

}  // namespace

at::Tensor RowPlan::block(const at::Tensor& per_token, const RowGroup& group) const {
  return per_token.narrow(0, group.first_token, group.rows * group.length).view({group.rows, group.length});
}

at::Tensor RowPlan::cached(const RowGroup& group) const {
  if (input_.cache == nullptr) return counted(1).unsqueeze(1);  // 0
  const at::Tensor all = indices(input_.cache->lengths());
  return (group.index.defined() ? at::index_select(all, 0, group.index) : all).unsqueeze(1);
}

bool RowPlan::needs_mask(const RowGroup& group, Window window) const {
  if (input_.dense.defined() || key_valid_.defined() || document_id_.defined()) return true;
  if (input_.causal && group.length > 1) return true;
  const bool narrow =
      (window.left >= 0 && window.left < group.span - 1) || (window.right >= 0 && window.right < group.span - 1);
  if (narrow) return true;
  if (input_.cache == nullptr) return false;
  return std::ranges::any_of(input_.cache->lengths(),
                             [&](std::int64_t length) { return length + group.length != group.span; });
}

at::Tensor RowPlan::allowed(const RowGroup& group, Window window) const {
  if (input_.dense.defined()) return input_.dense;
  const std::int64_t length = group.length, span = group.span;
  const at::Tensor filled = cached(group);                                                // [n or 1, 1]
  const at::Tensor query = (filled + counted(length).unsqueeze(0)).unsqueeze(2);          // [n or 1, T, 1]
  const at::Tensor key = counted(span).view({1, 1, span});                                // [1, 1, S]
  at::Tensor seen = input_.causal ? query >= key : key < (filled + length).unsqueeze(2);  // [n or 1, T or 1, S]
  if (key_valid_.defined()) {
    const at::Tensor valid = input_.row_offsets.defined() ? block(key_valid_, group) : key_valid_;  // [n, S]
    seen = seen & valid.unsqueeze(1);
  }
  if (document_id_.defined()) {                              // no cache: S = T
    const at::Tensor document = block(document_id_, group);  // [n, T]
    seen = seen & (document.unsqueeze(2) == document.unsqueeze(1));
  }
  if (prefix_id_.defined()) {
    const at::Tensor prefix = block(prefix_id_, group);                                           // [n, T]
    at::Tensor same = (prefix.unsqueeze(2) == prefix.unsqueeze(1)) & (prefix >= 0).unsqueeze(2);  // [n, T, T]
    if (span > length) {                                 // own slots stand behind the cached ones, which differ by row
      const at::Tensor own = key - filled.unsqueeze(2);  // [n, 1, S]
      const at::Tensor index = own.clamp(0, length - 1).expand({group.rows, length, span});
      same = same.gather(2, index) & (own >= 0) & (own < length);
    }
    seen = seen | same;
  }
  if (window.left >= 0) seen = seen & (query - key <= window.left);
  if (window.right >= 0) seen = seen & (key - query <= window.right);
  return seen.expand({seen.size(0), length, span}).unsqueeze(1);  // [n or 1, 1, T, S]
}

const GroupMask& RowPlan::mask(std::size_t number, Window window, at::ScalarType type) const {
  const RowGroup& group = groups_[number];
  const auto key = std::tuple{number, input_.dense.defined() ? Window{} : window, type};
  const auto found = masks_.find(key);
  if (found != masks_.end()) return found->second;

  const at::NoGradGuard no_grad;
  GroupMask mask;
  if (needs_mask(group, window)) {
    const at::Tensor seen = allowed(group, window);
    mask.additive =
        at::zeros(seen.sizes(), seen.options().dtype(type)).masked_fill_(seen.logical_not(), far_below(type));
    const bool plain = !input_.dense.defined() && !key_valid_.defined() && !document_id_.defined();
    mask.causal_only = plain && !prefix_id_.defined() && input_.causal && group.span == group.length &&
                       (window.left < 0 || window.left >= group.span - 1);
    if (!plain) {  // elsewhere every query sees at least itself
      const at::Tensor unseeing = seen.any(-1, /*keepdim=*/true).logical_not();  // [n, 1, T, 1]
      // On the CPU it is known whether there is one; elsewhere asking would wait for the device.
      if (!unseeing.device().is_cpu() || unseeing.any().item<bool>()) mask.unseeing = unseeing;
    }
  }
  return masks_.emplace(key, std::move(mask)).first->second;
}

}  // namespace welt::nn
