// The latents that the decoder reads before the next word of each row: the last model.decoder_context of its text,
// fewer where the text has fewer words. Inside core/generate only.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/generate/growing_text.h"
#include "core/generate/latent_runner.h"
#include "core/generate/word_encoder.h"
#include "core/model/welt_model.h"

namespace welt {

class LatentHistory {
 public:
  explicit LatentHistory(const WeltModel& model) : model_(model), context_(model.spec().decoder_context) {}

  // Reads what there is of these texts, a row each.
  void start(LatentRunner& runner, WordEncoder& encoder, std::span<const GrowingText> texts);
  void add(const at::Tensor& hidden);  // [rows,D], of a word more each
  // [n,D], of a word more of these rows. Other rows may be read meanwhile.
  void add(const at::Tensor& hidden, const std::vector<std::size_t>& rows);
  // Goes on with these rows only; one may come more than once.
  void keep(const std::vector<std::int64_t>& rows);

  std::size_t size() const { return rows_.size(); }
  at::Tensor row(std::size_t index) const { return rows_[index]; }  // [k,E]

  // Rows that have equally many, whose decoder rows are of one length.
  struct Group {
    std::vector<std::size_t> rows;
    at::Tensor latents;  // [n,k,E]
  };
  std::vector<Group> groups() const;

 private:
  const WeltModel& model_;
  std::int64_t context_;
  std::vector<at::Tensor> rows_;
};

}  // namespace welt
