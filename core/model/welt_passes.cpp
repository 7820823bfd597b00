// The model's passes behind the encoders: the latent transformer, the decoder in chunks, loss and backward.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/zeros.h>

#include "core/base/error.h"
#include "core/base/stopwatch.h"
#include "core/kernels/cross_entropy.h"
#include "core/kernels/gather.h"
#include "core/kernels/linear.h"
#include "core/kernels/rms_norm.h"
#include "core/model/byte_lm.h"
#include "core/model/unit_embedding.h"
#include "core/model/welt_model.h"
#include "core/tensor/autocast.h"
#include "core/tensor/finite.h"
#include "core/tensor/own_head.h"

namespace welt {
namespace {

StepPlan checked_plan(const Batch& batch, const WeltModel& model, std::int64_t chunk_tokens) {
  const Units units = model.units();
  if (batch.table.units != units)
    fail({"the batch",
          fmt::format("words in {}", encoding_name(batch.table.units.encoding())),
          fmt::format("{}, the model's encoding", encoding_name(units.encoding())),
          {}},
         ErrorCode::internal);
  return plan_step(batch, chunk_tokens, model.spec().decoder_context);
}

}  // namespace

at::Tensor WeltModel::latent_hidden(const LatentTensors& plan, const at::Tensor& vectors) {
  // Slots without a word are at the end of a row, so that under a causal mask no word sees them; a dense mask says so.
  const RowsView rows{gather_rows(vectors, plan.word_row), {}};  // [B,W,D]
  const AttentionView attention{
      .kind = WELT_ATTENTION_CAUSAL, .document_id = plan.document, .prefix_id = plan.prefix, .dense = plan.dense};
  const at::Tensor hidden = over_text(*this).forward(rows, attention, plan.position);
  require_finite_output(hidden, latent_ ? "the latent transformer" : "the decoder", over_text(spec_).type->id);
  return hidden;
}

WeltModel::MappedLatents WeltModel::map_latents(const at::Tensor& hidden) const {
  MappedLatents out;
  out.mapped = linear(hidden, decoder_mapping_weight_, decoder_mapping_bias_);
  out.latents = welt_rms_norm(out.mapped, decoder_norm_);
  return out;
}

at::Tensor WeltModel::byte_logits(const at::Tensor& hidden, const at::Tensor& table) {
  const at::Tensor& matrix = head_weight_.defined() ? head_weight_ : table;
  at::Tensor head = own_head_logits(*decoder_, hidden, matrix, head_bias_);
  if (!head.defined()) head = linear(decoder_->head_transform(hidden), matrix, head_bias_);
  const double softcap = decoder_->vocabulary().logit_softcap;
  if (softcap > 0) head = at::tanh(head.div(softcap)).mul(softcap);
  return unit_logits(table, head, units());
}

at::Tensor WeltModel::decode(const ChunkTensors& chunk, const at::Tensor& latents, const at::Tensor& table) {
  // A latent is N rows more of the table.
  const at::Tensor symbols = at::cat({table, latents.to(table.scalar_type()).view({-1, table.size(1)})});
  const RowsView rows{embed_units(symbols, chunk.ids, units().bytes()), chunk.host_offsets};
  const AttentionView attention{.kind = WELT_ATTENTION_CAUSAL, .key_valid = chunk.visible};
  const at::Tensor hidden = decoder_->forward(rows, attention);  // [tokens,D]
  require_finite_output(hidden, "the decoder", spec_.decoder.type->id);
  return byte_logits(gather_rows(hidden, chunk.predictors), table);
}

void WeltModel::plan_auxiliary(StepPlan& plan, const Batch& batch, std::int64_t chunk_tokens) const {
  if (auxiliary_options_.further_weight > 0)
    for (std::int64_t ahead = 1; ahead <= std::ssize(auxiliary_.further); ++ahead)
      plan.further.push_back(plan_further_words(batch, ahead, chunk_tokens));
  if (auxiliary_options_.mask_share > 0 && auxiliary_.masked)
    mask_words(plan, batch, draw_masked(batch, auxiliary_options_.mask_share), chunk_tokens);
}

LossSums WeltModel::forward_backward(const Batch& batch, double divisor, std::int64_t chunk_tokens, bool amp,
                                     PassStatistics* statistics, std::optional<Modalities> use,
                                     const at::Tensor* nats) {
  if (is_byte_lm(spec_)) return forward_backward_bytes(*this, *objective_, batch, divisor, amp, statistics, nats);
  StepPlan plan = checked_plan(batch, *this, chunk_tokens);
  plan_auxiliary(plan, batch, chunk_tokens);
  const Modalities reads = use.value_or(modalities());
  const WordImages images = reads.image ? normalise(plan.words.images) : WordImages();
  return forward_backward(plan, images, reads, divisor, amp, statistics, nats);
}

namespace {

// What the decoder's rows behind `latents` cost, and the gradient of these.
struct Spelling {
  at::Tensor nats;      // []
  at::Tensor gradient;  // as `latents`
  std::int64_t label_bytes = 0, rows = 0;
};

// Each chunk is its own small graph that ends in leaves: the chunk's latents and the folded table, `table`, to whose
// gradient its own is added.
Spelling spell(WeltModel& model, const Objective& objective, const std::vector<ChunkTensors>& chunks,
               const at::Tensor& latents, const at::Tensor& table, double divisor, AutocastRegion& autocast) {
  Spelling out{.nats = at::zeros({}, table.options().dtype(at::kDouble).requires_grad(false)), .gradient = {}};
  std::vector<at::Tensor> gradients;
  for (const ChunkTensors& chunk : chunks) {
    const at::Tensor leaf = latents.detach().narrow(0, chunk.first_latent, chunk.latents).requires_grad_();
    const at::Tensor logits = model.decode(chunk, leaf, table);
    const AutocastRegion::Pause pause(autocast);
    const at::Tensor loss = objective.loss(logits, chunk.targets);  // [] summed
    out.nats = out.nats.add(loss.detach());
    out.label_bytes += chunk.targets.numel();
    out.rows += chunk.rows;
    loss.div(divisor).backward();
    gradients.push_back(leaf.grad());
  }
  const AutocastRegion::Pause pause(autocast);
  out.gradient = at::cat(gradients);
  return out;
}

}  // namespace

LossSums WeltModel::forward_backward(const StepPlan& plan, const WordImages& images, Modalities use, double divisor,
                                     bool amp, PassStatistics* statistics, const at::Tensor* nats) {
  PassStatistics ignored;
  PassStatistics& spent = statistics ? *statistics : ignored;
  LossSums sums{.text_bytes = plan.decoder.text_bytes};
  if (plan.decoder.chunks.empty()) return sums;
  spent.encoder_tokens += plan.words.offsets.back();
  spent.decoder_tokens += plan.decoder.tokens + plan.masked.tokens;
  for (const DecoderPlan& rows : plan.further) spent.decoder_tokens += rows.tokens;
  AutocastRegion autocast(amp, device().type());

  auto start = Clock::now();
  const StepTensors on_device = upload(plan, device());
  at::Tensor words = encode_words(on_device.words, images, use).vectors;  // [N,D]
  if (!plan.masked.chunks.empty())                                        // [N+1,D]
    words = at::cat({words, auxiliary_.mask_row(encoder_norm_).to(words.scalar_type())});
  spent.encode += seconds_since(start);
  start = Clock::now();
  const at::Tensor hidden = latent_hidden(on_device.latent, words).flatten(0, 1);  // [B·W,D]
  const at::Tensor latent_vectors = map_latents(gather_rows(hidden, on_device.positions)).latents;
  spent.latent += seconds_since(start);

  // The gradients of chunks' leaves are collected and sent into the large graph once.
  start = Clock::now();
  const at::Tensor folded = decoder_embeddings();
  const at::Tensor table_leaf = folded.detach().requires_grad_();
  const Spelling next = spell(*this, *objective_, on_device.chunks, latent_vectors, table_leaf, divisor, autocast);
  sums.label_bytes += next.label_bytes;
  sums.words += next.rows;
  std::vector<at::Tensor> roots{latent_vectors}, gradients{next.gradient};
  const auto learn = [&](const SpellingTensors& rows, const AuxiliaryHead& head, double weight, AuxiliaryLoss& told) {
    if (rows.chunks.empty() || weight <= 0) return;
    const at::Tensor latents = head.latents(gather_rows(hidden, rows.positions));
    const Spelling found = spell(*this, *objective_, rows.chunks, latents, table_leaf, divisor / weight, autocast);
    told.nats = told.nats.defined() ? told.nats.add(found.nats) : found.nats;
    told.label_bytes += found.label_bytes;
    roots.push_back(latents);
    gradients.push_back(found.gradient);
  };
  for (std::size_t i = 0; i < on_device.further.size(); ++i)
    learn(on_device.further[i], auxiliary_.further[i], auxiliary_options_.further_weight, spent.further);
  if (auxiliary_.masked) learn(on_device.masked, *auxiliary_.masked, auxiliary_options_.mask_weight, spent.masked);
  spent.decoder += seconds_since(start);

  start = Clock::now();
  const AutocastRegion::Pause pause(autocast);
  folded.backward(table_leaf.grad());
  if (roots.size() == 1)
    latent_vectors.backward(next.gradient);
  else
    at::cat(roots).backward(at::cat(gradients));
  if (nats)
    at::Tensor(*nats).add_(next.nats);
  else if (!next.nats.is_meta())
    sums.nats = next.nats.item<double>();
  spent.backward += seconds_since(start);
  return sums;
}

LossSums WeltModel::evaluate(const Batch& batch, std::int64_t chunk_tokens, bool amp, std::optional<Modalities> reads) {
  const at::NoGradGuard no_grad;
  if (is_byte_lm(spec_)) return evaluate_bytes(*this, batch, amp);
  const StepPlan plan = checked_plan(batch, *this, chunk_tokens);
  const DecoderPlan& decoder = plan.decoder;
  LossSums sums{.text_bytes = decoder.text_bytes};
  if (decoder.chunks.empty()) return sums;
  const Modalities use = reads.value_or(modalities());
  AutocastRegion autocast(amp, device().type());
  const WordImages images = use.image ? normalise(plan.words.images) : WordImages();
  const StepTensors on_device = upload(plan, device());
  const at::Tensor words = encode_words(on_device.words, images, use).vectors;
  const at::Tensor hidden = latent_hidden(on_device.latent, words).flatten(0, 1);
  const at::Tensor latent_vectors = map_latents(gather_rows(hidden, on_device.positions)).latents;
  const at::Tensor table = decoder_embeddings();
  for (const ChunkTensors& chunk : on_device.chunks) {
    const at::Tensor logits = decode(chunk, latent_vectors.narrow(0, chunk.first_latent, chunk.latents), table);
    const AutocastRegion::Pause pause(autocast);
    sums.nats += byte_cross_entropy(logits, chunk.targets).item<double>();
    sums.label_bytes += chunk.targets.numel();
    sums.words += chunk.rows;
    const at::Tensor wrong = at::argmax(logits, -1).ne(chunk.targets);  // [targets]
    const at::Tensor wrong_bytes =
        at::zeros({chunk.rows}, chunk.targets.options()).index_add_(0, chunk.target_row, wrong.to(at::kLong));
    sums.correct_bytes += chunk.targets.numel() - wrong.sum().item<std::int64_t>();
    sums.correct_words += wrong_bytes.eq(0).sum().item<std::int64_t>();
  }
  return sums;
}

}  // namespace welt
