// The model's passes behind the encoders: the latent transformer, the decoder in chunks, loss and backward.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/zeros.h>

#include "core/base/error.h"
#include "core/base/stopwatch.h"
#include "core/kernels/cross_entropy.h"
#include "core/kernels/rms_norm.h"
#include "core/model/unit_embedding.h"
#include "core/model/welt_model.h"
#include "core/tensor/autocast.h"
#include "core/tensor/index_tensor.h"

namespace welt {
namespace {

StepPlan checked_plan(const Batch& batch, Units units, std::int64_t chunk_tokens) {
  if (batch.table.units != units)
    fail({"the batch",
          fmt::format("words in {}", encoding_name(batch.table.units.encoding())),
          fmt::format("{}, the model's encoding", encoding_name(units.encoding())),
          {}},
         ErrorCode::internal);
  return plan_step(batch, chunk_tokens);
}

}  // namespace

at::Tensor WeltModel::latent_hidden(const LatentPlan& plan, const at::Tensor& vectors) {
  const std::vector<std::int64_t> shape{plan.rows, plan.words};
  const at::Tensor row = as_tensor(plan.word_row).clamp_min(0).view(shape);  // a slot without a word: row 0
  // Slots without a word are at the end of a row, so that under a causal mask no word sees them; a dense mask says so.
  const RowsView rows{at::embedding(vectors, row), {}};  // [B,W,D]
  AttentionView attention{.kind = WELT_ATTENTION_CAUSAL};
  if (!plan.document.empty()) attention.document_id = as_tensor(plan.document).view(shape);
  if (!plan.prefix.empty()) attention.prefix_id = as_tensor(plan.prefix).view(shape);
  if (!plan.dense.empty()) attention.dense = as_mask(plan.dense).view({plan.rows, 1, plan.words, plan.words});
  const at::Tensor positions = plan.position.empty() ? at::Tensor() : as_tensor(plan.position).view(shape);
  return latent_->forward(rows, attention, positions);
}

WeltModel::MappedLatents WeltModel::map_latents(const at::Tensor& hidden) const {
  MappedLatents out;
  out.mapped = at::linear(hidden, decoder_mapping_weight_, decoder_mapping_bias_);
  out.latents = welt_rms_norm(out.mapped, decoder_norm_);
  return out;
}

at::Tensor WeltModel::byte_logits(const at::Tensor& hidden, const at::Tensor& table) {
  const at::Tensor predicting = decoder_->head_transform(hidden);
  at::Tensor head = at::linear(predicting, head_weight_.defined() ? head_weight_ : table, head_bias_);
  const double softcap = decoder_->vocabulary().logit_softcap;
  if (softcap > 0) head = at::tanh(head.div(softcap)).mul(softcap);
  return unit_logits(table, head, units());
}

at::Tensor WeltModel::decode(const DecoderChunk& chunk, const at::Tensor& latents, const at::Tensor& table) {
  // A latent is N rows more of the table.
  const at::Tensor symbols = at::cat({table, latents.to(table.scalar_type()).view({-1, table.size(1)})});
  const RowsView rows{embed_units(symbols, as_tensor(chunk.ids), units().bytes()), as_tensor(chunk.offsets)};
  const AttentionView attention{.kind = WELT_ATTENTION_CAUSAL, .key_valid = as_mask(chunk.visible)};
  const at::Tensor hidden = decoder_->forward(rows, attention);  // [tokens,D]
  return byte_logits(at::embedding(hidden, as_tensor(chunk.predictors)), table);
}

LossSums WeltModel::forward_backward(const Batch& batch, double divisor, std::int64_t chunk_tokens, bool amp,
                                     PassStatistics* statistics, std::optional<Modalities> use) {
  const StepPlan plan = checked_plan(batch, units(), chunk_tokens);
  const Modalities reads = use.value_or(modalities());
  const WordImages images = reads.image ? normalise(plan.words.images) : WordImages();
  return forward_backward(plan, images, reads, divisor, amp, statistics);
}

LossSums WeltModel::forward_backward(const StepPlan& plan, const WordImages& images, Modalities use, double divisor,
                                     bool amp, PassStatistics* statistics) {
  PassStatistics ignored;
  PassStatistics& spent = statistics ? *statistics : ignored;
  LossSums sums{.text_bytes = plan.decoder.text_bytes};
  if (plan.decoder.chunks.empty()) return sums;
  spent.encoder_tokens += plan.words.offsets.back();
  spent.decoder_tokens += plan.decoder.tokens;
  AutocastRegion autocast(amp);

  auto start = Clock::now();
  const at::Tensor words = encode_words(plan.words, images, use).vectors;  // [N,D]
  spent.encode += seconds_since(start);
  start = Clock::now();
  const at::Tensor hidden = latent_hidden(plan.latent, words).flatten(0, 1);  // [B·W,D]
  const at::Tensor latent_vectors = map_latents(at::embedding(hidden, as_tensor(plan.decoder.positions))).latents;
  spent.latent += seconds_since(start);

  // Each chunk is its own small graph that ends in leaves: the chunk's latents and the folded table. Their gradients
  // are collected and sent into the large graph once.
  start = Clock::now();
  const at::Tensor folded = decoder_embeddings();
  const at::Tensor table_leaf = folded.detach().requires_grad_();
  std::vector<at::Tensor> latent_gradients;
  for (const DecoderChunk& chunk : plan.decoder.chunks) {
    const at::Tensor leaf = latent_vectors.detach().narrow(0, chunk.first_row, chunk.rows).requires_grad_();
    const at::Tensor logits = decode(chunk, leaf, table_leaf);
    const AutocastRegion::Pause pause(autocast);
    const at::Tensor nats = byte_cross_entropy(logits, as_tensor(chunk.targets));  // [] summed
    sums.nats += nats.item<double>();
    sums.label_bytes += static_cast<std::int64_t>(chunk.targets.size());
    sums.words += chunk.rows;
    nats.div(divisor).backward();
    latent_gradients.push_back(leaf.grad());
  }
  spent.decoder += seconds_since(start);

  start = Clock::now();
  const AutocastRegion::Pause pause(autocast);
  folded.backward(table_leaf.grad());
  latent_vectors.backward(at::cat(latent_gradients));
  spent.backward += seconds_since(start);
  return sums;
}

LossSums WeltModel::evaluate(const Batch& batch, std::int64_t chunk_tokens, bool amp, std::optional<Modalities> reads) {
  const at::NoGradGuard no_grad;
  const StepPlan plan = checked_plan(batch, units(), chunk_tokens);
  const DecoderPlan& decoder = plan.decoder;
  LossSums sums{.text_bytes = decoder.text_bytes};
  if (decoder.chunks.empty()) return sums;
  const Modalities use = reads.value_or(modalities());
  AutocastRegion autocast(amp);
  const WordImages images = use.image ? normalise(plan.words.images) : WordImages();
  const at::Tensor hidden = latent_hidden(plan.latent, encode_words(plan.words, images, use).vectors).flatten(0, 1);
  const at::Tensor latent_vectors = map_latents(at::embedding(hidden, as_tensor(decoder.positions))).latents;
  const at::Tensor table = decoder_embeddings();
  for (const DecoderChunk& chunk : decoder.chunks) {
    const at::Tensor logits = decode(chunk, latent_vectors.narrow(0, chunk.first_row, chunk.rows), table);
    const AutocastRegion::Pause pause(autocast);
    const at::Tensor targets = as_tensor(chunk.targets);
    sums.nats += byte_cross_entropy(logits, targets).item<double>();
    sums.label_bytes += targets.numel();
    sums.words += chunk.rows;
    const at::Tensor wrong = at::argmax(logits, -1).ne(targets);  // [targets]
    const at::Tensor wrong_bytes =
        at::zeros({chunk.rows}, at::kLong).index_add_(0, as_tensor(chunk.target_row), wrong.to(at::kLong));
    sums.correct_bytes += targets.numel() - wrong.sum().item<std::int64_t>();
    sums.correct_words += wrong_bytes.eq(0).sum().item<std::int64_t>();
  }
  return sums;
}

}  // namespace welt
