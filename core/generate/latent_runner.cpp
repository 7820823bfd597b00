// See latent_runner.h.
#include "core/generate/latent_runner.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/tensor/finite.h"

namespace welt {
namespace {

at::Tensor prefix_tensor(const std::vector<std::int64_t>& prefixes) {
  const bool any = std::ranges::any_of(prefixes, [](std::int64_t id) { return id >= 0; });
  return any ? at::tensor(prefixes, at::kLong) : at::Tensor();
}

}  // namespace

at::Tensor LatentRunner::checked(at::Tensor hidden) const {
  require_finite_output(hidden, role_, component_.type().id);
  return hidden;
}

LatentRunner::LatentRunner(TensorComponent& component, std::int64_t rows, std::int64_t capacity, std::string_view role)
    : component_(component), role_(role), packed_((component.type().flags & WELT_COMPONENT_PACKED) != 0) {
  for (std::int64_t i = 0; i < (packed_ ? 1 : rows); ++i)
    caches_.push_back(component.make_cache(packed_ ? rows : 1, capacity));
}

std::vector<at::Tensor> LatentRunner::prefill(const std::vector<at::Tensor>& vectors,
                                              const std::vector<std::vector<std::int64_t>>& prefixes,
                                              std::int64_t tail) {
  std::vector<at::Tensor> last;
  const auto take_last = [&](const at::Tensor& row) {  // [words,D]
    const std::int64_t count = std::min(tail, row.size(0));
    last.push_back(checked(row.narrow(0, row.size(0) - count, count)));
  };
  if (!packed_) {
    for (std::size_t i = 0; i < vectors.size(); ++i) {
      AttentionView attention{.kind = WELT_ATTENTION_CAUSAL, .prefix_id = prefix_tensor(prefixes[i])};
      if (attention.prefix_id.defined()) attention.prefix_id = attention.prefix_id.unsqueeze(0);
      take_last(component_.forward({vectors[i].unsqueeze(0), {}}, attention, {}, &caches_[i])[0]);
    }
    return last;
  }
  std::vector<std::int64_t> offsets{0}, flat;
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    offsets.push_back(offsets.back() + vectors[i].size(0));
    // Blocks are numbered in each row; rows do not see each other.
    flat.insert(flat.end(), prefixes[i].begin(), prefixes[i].end());
  }
  const AttentionView attention{.kind = WELT_ATTENTION_CAUSAL, .prefix_id = prefix_tensor(flat)};
  const at::Tensor hidden =
      component_.forward({at::cat(vectors), at::tensor(offsets, at::kLong)}, attention, {}, &caches_.front());
  for (std::size_t i = 0; i < vectors.size(); ++i) take_last(hidden.narrow(0, offsets[i], offsets[i + 1] - offsets[i]));
  return last;
}

at::Tensor LatentRunner::step(const at::Tensor& vectors) {
  const AttentionView attention{.kind = WELT_ATTENTION_CAUSAL};
  if (packed_)
    return checked(component_.forward({vectors.unsqueeze(1), {}}, attention, {}, &caches_.front()).squeeze(1));
  std::vector<at::Tensor> hidden;
  for (std::size_t i = 0; i < caches_.size(); ++i)
    hidden.push_back(
        component_
            .forward({vectors.narrow(0, static_cast<std::int64_t>(i), 1).unsqueeze(1), {}}, attention, {}, &caches_[i])
            .squeeze(1));
  return checked(at::cat(hidden));
}

at::Tensor LatentRunner::step(const at::Tensor& vectors, const std::vector<std::size_t>& rows) {
  std::vector<std::int64_t> offsets(caches_.front().lengths().size() + 1, 0);
  for (const std::size_t row : rows) offsets[row + 1] = 1;
  std::partial_sum(offsets.begin(), offsets.end(), offsets.begin());
  return checked(component_.forward({vectors, at::tensor(offsets, at::kLong)}, {.kind = WELT_ATTENTION_CAUSAL}, {},
                                    &caches_.front()));
}

void LatentRunner::keep(const std::vector<std::int64_t>& rows) {
  if (packed_) {
    caches_.front().reorder(rows);
    return;
  }
  std::vector<Cache> kept;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Cache& cache = caches_[static_cast<std::size_t>(rows[i])];
    const bool again = std::find(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(i), rows[i]) !=
                       rows.begin() + static_cast<std::ptrdiff_t>(i);
    kept.push_back(again ? cache.fork() : cache);
  }
  caches_ = std::move(kept);
}

}  // namespace welt
