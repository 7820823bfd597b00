// The encoder side of the model: bytes and images of distinct words to word vectors.
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/segment_reduce.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/kernels/gather.h"
#include "core/kernels/linear.h"
#include "core/kernels/rms_norm.h"
#include "core/model/image_batches.h"
#include "core/model/pixels.h"
#include "core/model/unit_embedding.h"
#include "core/model/welt_model.h"
#include "core/model/word_text.h"
#include "core/tensor/finite.h"
#include "core/tensor/index_tensor.h"
#include "core/tensor/own_words.h"

namespace welt {

WordImages WeltModel::normalise(const std::vector<ImageGroup>& images) const {
  WordImages out;
  if (!image_encoder_) return out;
  for (const ImageGroup& group : images) {
    out.groups.push_back(
        {normalise_images(group, spec_.pixels, image_encoder_->image_encoder_info().channels, dtype()).to(device()),
         group.rows});
  }
  return out;
}

// Vocabulary.scale is not applied: a byte table takes the place of the model's own, scale included (as in the Python
// WeLT).
at::Tensor WeltModel::encode_bytes(const WordTensors& words) {
  if (!encoder_table_) {  // it reads words as text; where there are only shapes, there is nothing to read
    if (words.ids.is_meta()) return at::zeros({words.rows(), bytes_width()}, words.ids.options().dtype(dtype()));
    return word_vectors(*bytes_encoder_, word_texts(words, units())).to(dtype());
  }
  const at::Tensor table = encoder_table_->folded();  // [256,E/N]
  const RowsView rows{embed_units(table, words.ids, units().bytes()), words.host_offsets};
  const bool causal = (spec_.bytes_encoder.type->flags & WELT_COMPONENT_CAUSAL) != 0;
  const AttentionView attention{.kind = causal ? WELT_ATTENTION_CAUSAL : WELT_ATTENTION_FULL,
                                .key_valid = words.visible};
  const at::Tensor hidden = bytes_encoder_->encode(rows, attention).hidden;  // [tokens,D]
  const std::int64_t count = words.rows();
  if (spec_.pooling == WELT_POOLING_FIRST) return gather_rows(hidden, words.offsets.narrow(0, 0, count));
  if (spec_.pooling == WELT_POOLING_LAST) return gather_rows(hidden, words.offsets.narrow(0, 1, count).sub(1));
  const at::ScalarType type = hidden.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  return at::segment_reduce(hidden.to(type), "mean", {}, {}, words.offsets, 0).to(dtype());
}

at::Tensor WeltModel::encode_images(const WordImages& images, std::int64_t rows) {
  std::vector<at::Tensor> groups, pooled;  // pooled: [n, width] of each batch
  for (const WordImages::Group& group : images.groups) groups.push_back(group.pixels);
  std::vector<std::int64_t> place(static_cast<std::size_t>(rows), -1);
  std::int64_t next = 0;
  for (const ImageBatch& batch : image_batches(groups, image_encoder_->image_encoder_info())) {
    pooled.push_back(image_encoder_->encode_images(batch.pixels, batch.sizes).pooled);
    for (const std::size_t group : batch.groups)
      for (const std::int64_t row : images.groups[group].rows) place.at(static_cast<std::size_t>(row)) = next++;
  }
  if (std::ranges::find(place, -1) != place.end())
    fail({"the batch", fmt::format("{} words, {} images", rows, next), "an image of every word",
          "The image encoder is on: the batch has to be made with a renderer"},
         ErrorCode::internal);
  return gather_rows(at::cat(pooled), as_tensor(place).to(device(), at::kLong, /*non_blocking=*/false, /*copy=*/true));
}

WeltModel::EncodedWords WeltModel::encode_words(const WordTensors& words, const WordImages& images, Modalities use) {
  const std::int64_t rows = words.rows();
  std::vector<at::Tensor> parts;  // image, then bytes
  int read = 0;
  const auto part = [&](bool reads, std::int64_t width, auto&& encode) {
    parts.push_back(reads ? encode()
                          : at::zeros({rows, width}, encoder_mapping_weight_.options().requires_grad(false)));
    read += reads ? 1 : 0;
  };
  const auto checked = [](const at::Tensor& output, const char* name, const SlotSpec& slot) {
    require_finite_output(output, name, slot.type->id);
    return output;
  };
  if (image_encoder_)
    part(use.image, image_width(),
         [&] { return checked(encode_images(images, rows), "the image encoder", spec_.image_encoder); });
  if (bytes_encoder_)
    part(use.bytes, bytes_width(),
         [&] { return checked(encode_bytes(words), "the bytes encoder", spec_.bytes_encoder); });
  EncodedWords out;
  out.mapping_input = parts.size() == 1 ? parts.front() : at::cat(parts, -1);
  const auto count = static_cast<int>(parts.size());
  if (read > 0 && read < count) out.mapping_input = out.mapping_input.mul(static_cast<double>(count) / read);
  out.vectors = welt_rms_norm(linear(out.mapping_input, encoder_mapping_weight_, encoder_mapping_bias_), encoder_norm_);
  require_finite_output(out.vectors, "encoder_mapping and encoder_norm", "welt");
  return out;
}

}  // namespace welt
