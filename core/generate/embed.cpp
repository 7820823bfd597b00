// See embed.h.
#include "core/generate/embed.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/segment_reduce.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/data/blocks.h"
#include "core/model/byte_lm.h"
#include "core/tensor/finite.h"

namespace welt {
namespace {

// Words encoded at once: what a call of the encoders holds in memory.
constexpr std::size_t words_at_once = 4096;

// Packed rows: the words of all texts, one after the other.
struct Rows {
  std::vector<std::string> words;
  std::vector<std::int64_t> offsets{0};
  std::vector<std::int64_t> prefixes;  // block ids of each text; rows do not see each other's
};

Rows rows_of(const std::vector<std::vector<std::string>>& texts) {
  Rows rows;
  for (const std::vector<std::string>& words : texts) {
    rows.words.insert(rows.words.end(), words.begin(), words.end());
    const std::vector<std::int64_t> ids = block_ids(words);
    rows.prefixes.insert(rows.prefixes.end(), ids.begin(), ids.end());
    rows.offsets.push_back(std::ssize(rows.words));
  }
  return rows;
}

at::Tensor pooled(const at::Tensor& vectors, const std::vector<std::int64_t>& offsets, EmbedPool pool) {
  const at::Tensor ends = at::tensor(offsets, at::kLong);  // [texts + 1]
  if (pool == EmbedPool::last) return at::embedding(vectors, ends.narrow(0, 1, ends.size(0) - 1).sub(1));
  return at::segment_reduce(vectors, "mean", {}, {}, ends, 0);
}

}  // namespace

TextEmbedder::TextEmbedder(WeltModel& model) : model_(model), encoder_(model, std::make_shared<TextFrontEnd>(model)) {
  require_words(model.spec(), "vectors of words and texts");
}

std::int64_t TextEmbedder::width() const { return model_.latent_transformer().width(); }

std::vector<std::string> TextEmbedder::words(std::string_view text, std::string_view where, EmbedLevel level) const {
  std::vector<std::string> words = encoder_.text().words(text, where);
  if (level == EmbedLevel::latents) check_blocks(words, *model_.spec().latent.type, where);
  const std::int64_t positions = model_.limits().latent;
  if (level == EmbedLevel::latents && positions > 0 && std::ssize(words) > positions)
    fail({std::string(where), fmt::format("{} words, the start of the text included", words.size()),
          fmt::format("at most {}, the latent transformer's positions", positions),
          "Cut it into several texts, or take --level words"},
         ErrorCode::out_of_range);
  return words;
}

Embedded TextEmbedder::embed(std::vector<std::vector<std::string>> texts, const EmbedOptions& options) {
  const at::NoGradGuard no_grad;
  Embedded out{.words = std::move(texts)};
  const Rows rows = rows_of(out.words);
  std::vector<at::Tensor> parts;
  for (std::size_t first = 0; first < rows.words.size(); first += words_at_once)
    parts.push_back(
        encoder_.encode(std::span(rows.words).subspan(first, std::min(words_at_once, rows.words.size() - first))));
  out.vectors = at::cat(parts);  // [words, D]
  if (options.level == EmbedLevel::latents) {
    AttentionView attention{.kind = WELT_ATTENTION_CAUSAL};
    if (std::ranges::any_of(rows.prefixes, [](std::int64_t id) { return id >= 0; }))
      attention.prefix_id = at::tensor(rows.prefixes, at::kLong);
    out.vectors = model_.latent_transformer().forward({out.vectors, at::tensor(rows.offsets, at::kLong)}, attention);
    require_finite_output(out.vectors, "the latent transformer", model_.spec().latent.type->id);
  }
  if (options.pool != EmbedPool::none) out.vectors = pooled(out.vectors, rows.offsets, options.pool);
  return out;
}

}  // namespace welt
