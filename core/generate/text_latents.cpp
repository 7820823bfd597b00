// See text_latents.h.
#include "core/generate/text_latents.h"

#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <algorithm>

#include "core/tensor/finite.h"

namespace welt {

TextLatents::TextLatents(WeltModel& model, WordEncoder& encoder, std::int64_t capacity, std::int64_t rollback)
    : model_(model), encoder_(encoder), cache_(model.latent_transformer().make_cache(1, capacity, rollback)) {}

void TextLatents::read(std::span<const std::string> words, const std::vector<std::int64_t>& blocks) {
  if (words.empty()) return;
  AttentionView attention{.kind = WELT_ATTENTION_CAUSAL};
  if (std::ranges::any_of(blocks, [](std::int64_t id) { return id >= 0; })) {
    std::vector<std::int64_t> ids = blocks;
    ids.resize(words.size(), -1);  // what was written behind the prompt is in no block
    attention.prefix_id = at::tensor(ids, at::kLong).unsqueeze(0);
  }
  TensorComponent& latent = model_.latent_transformer();
  const at::Tensor hidden = latent.forward({encoder_.encode(words).unsqueeze(0), {}}, attention, {}, &cache_)[0];
  require_finite_output(hidden, "the latent transformer", latent.type().id);
  const at::Tensor latents = model_.map_latents(hidden).latents;  // [words,E]
  for (std::int64_t i = 0; i < latents.size(0); ++i) latents_.push_back(latents[i]);
}

void TextLatents::forget(std::int64_t count) {
  if (count == size()) return;
  cache_.truncate({count});
  latents_.resize(static_cast<std::size_t>(count));
}

at::Tensor TextLatents::before(std::int64_t word) const {
  const std::int64_t count = std::min<std::int64_t>(word, model_.spec().decoder_context);
  return at::stack(at::TensorList(latents_.data() + (word - count), static_cast<std::size_t>(count)));
}

}  // namespace welt
