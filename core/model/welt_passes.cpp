// The model's passes: encode distinct words, run the latent transformer, decode labelled positions in chunks.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/rms_norm.h>
#include <ATen/ops/segment_reduce.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/zeros.h>

#include "core/base/stopwatch.h"
#include "core/model/autocast.h"
#include "core/model/welt_model.h"
#include "welt/nn/blocks.h"

namespace welt {
namespace {

// torch.nn.RMSNorm's default: the machine epsilon of float32, also in other dtypes (as in the Python WeLT).
constexpr double norm_eps = 1.1920929e-07;

// An index list as a tensor, without a copy. Autograd keeps index tensors until the backward pass: the list must live
// as long (those of the batch and of the plans do).
at::Tensor as_tensor(const std::vector<std::int64_t>& list) {
  return at::from_blob(const_cast<std::int64_t*>(list.data()), {static_cast<std::int64_t>(list.size())}, at::kLong);
}

// In the weight's dtype: under autocast x comes out of a product as bfloat16.
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight) {
  return at::rms_norm(x.to(weight.scalar_type()), {x.size(-1)}, weight, norm_eps);
}

}  // namespace

// Vocabulary.scale is not applied: a byte table takes the place of the model's own, scale included (as in the Python WeLT).
at::Tensor WeltModel::encode_words(const EncoderPlan& plan) {
  const at::Tensor table = encoder_table_->folded();  // [256,E]
  const RowsView rows{at::embedding(table, as_tensor(plan.ids)), as_tensor(plan.offsets)};
  const bool causal = (spec_.bytes_encoder.type->flags & WELT_COMPONENT_CAUSAL) != 0;
  const AttentionView attention{.kind = causal ? WELT_ATTENTION_CAUSAL : WELT_ATTENTION_FULL};
  const at::Tensor hidden = bytes_encoder_->encode(rows, attention).hidden;  // [tokens,D]
  at::Tensor pooled;                                                         // [N,D]
  const std::int64_t count = static_cast<std::int64_t>(plan.offsets.size()) - 1;
  if (spec_.pooling == WELT_POOLING_FIRST) {
    pooled = at::embedding(hidden, rows.row_offsets.narrow(0, 0, count));
  } else if (spec_.pooling == WELT_POOLING_LAST) {
    pooled = at::embedding(hidden, rows.row_offsets.narrow(0, 1, count).sub(1));
  } else {
    pooled = at::segment_reduce(hidden.to(at::kFloat), "mean", {}, {}, rows.row_offsets, 0);
  }
  return rms_norm(at::linear(pooled, encoder_mapping_weight_, encoder_mapping_bias_), encoder_norm_);
}

at::Tensor WeltModel::latents(const Batch& batch, const EncoderPlan& plan, const at::Tensor& word_vectors,
                              const std::vector<std::int64_t>& positions) {
  const std::int64_t slots = batch.rows * batch.words;
  const at::Tensor row_of_slot = at::zeros({slots}, at::kLong);  // a slot without a word: row 0
  auto* row = row_of_slot.mutable_data_ptr<std::int64_t>();
  bool documents = false, prefixes = false;
  for (std::int64_t i = 0; i < slots; ++i) {
    if (batch.input[i] >= 0) row[i] = plan.word_row[batch.input[i]];
    documents = documents || batch.document[i] > 0;
    prefixes = prefixes || batch.prefix[i] >= 0;
  }
  const std::vector<std::int64_t> shape{batch.rows, batch.words};
  // Slots without a word are at the end of a row, so that under a causal mask no word sees them.
  const RowsView rows{at::embedding(word_vectors, row_of_slot.view(shape)), {}};  // [B,W,D]
  AttentionView attention{.kind = WELT_ATTENTION_CAUSAL};
  if (documents) attention.document_id = as_tensor(batch.document).view(shape);
  if (prefixes) attention.prefix_id = as_tensor(batch.prefix).view(shape);
  const at::Tensor hidden = latent_->forward(rows, attention, as_tensor(batch.position).view(shape));
  const at::Tensor labelled = at::embedding(hidden.reshape({slots, hidden.size(-1)}), as_tensor(positions));  // [R,D]
  return rms_norm(at::linear(labelled, decoder_mapping_weight_, decoder_mapping_bias_), decoder_norm_);       // [R,E]
}

at::Tensor WeltModel::decode(const DecoderChunk& chunk, const at::Tensor& latents, const at::Tensor& table) {
  const at::Tensor symbols = at::cat({table, latents.to(table.scalar_type())});  // [256+r,E]
  const RowsView rows{at::embedding(symbols, as_tensor(chunk.ids)), as_tensor(chunk.offsets)};
  const at::Tensor hidden = decoder_->forward(rows, AttentionView{});  // [tokens,D]
  const at::Tensor predicting = decoder_->head_transform(at::embedding(hidden, as_tensor(chunk.predictors)));
  at::Tensor logits = at::linear(predicting, head_weight_.defined() ? head_weight_ : table, head_bias_);
  const double softcap = decoder_->vocabulary().logit_softcap;
  if (softcap > 0) logits = at::tanh(logits.div(softcap)).mul(softcap);
  return logits;  // [targets,256]
}

LossSums WeltModel::forward_backward(const Batch& batch, double divisor, std::int64_t chunk_tokens, bool amp,
                                     PassStatistics* statistics) {
  PassStatistics ignored;
  PassStatistics& spent = statistics ? *statistics : ignored;
  const EncoderPlan encoder_plan = plan_encoder(batch);
  const DecoderPlan plan = plan_decoder(batch, chunk_tokens);
  LossSums sums;
  if (plan.chunks.empty()) return sums;
  spent.encoder_tokens += static_cast<std::int64_t>(encoder_plan.ids.size());
  spent.decoder_tokens += plan.tokens;
  AutocastRegion autocast(amp);

  auto start = Clock::now();
  const at::Tensor words = encode_words(encoder_plan);
  spent.encode += seconds_since(start);
  start = Clock::now();
  const at::Tensor latent_vectors = latents(batch, encoder_plan, words, plan.positions);
  spent.latent += seconds_since(start);

  // Each chunk is its own small graph that ends in leaves: the chunk's latents and the folded table. Their gradients
  // are collected and sent into the large graph once.
  start = Clock::now();
  const at::Tensor folded = decoder_table_->folded();
  const at::Tensor table_leaf = folded.detach().requires_grad_();
  std::vector<at::Tensor> latent_gradients;
  for (const DecoderChunk& chunk : plan.chunks) {
    const at::Tensor leaf = latent_vectors.detach().narrow(0, chunk.first_row, chunk.rows).requires_grad_();
    const at::Tensor logits = decode(chunk, leaf, table_leaf);
    const AutocastRegion::Pause pause(autocast);
    const at::Tensor nats = nn::byte_cross_entropy(logits, as_tensor(chunk.targets));  // [] summed
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

LossSums WeltModel::evaluate(const Batch& batch, std::int64_t chunk_tokens, bool amp) {
  const at::NoGradGuard no_grad;
  const EncoderPlan encoder_plan = plan_encoder(batch);
  const DecoderPlan plan = plan_decoder(batch, chunk_tokens);
  LossSums sums;
  if (plan.chunks.empty()) return sums;
  AutocastRegion autocast(amp);
  const at::Tensor latent_vectors = latents(batch, encoder_plan, encode_words(encoder_plan), plan.positions);
  const at::Tensor table = decoder_table_->folded();
  for (const DecoderChunk& chunk : plan.chunks) {
    const at::Tensor logits = decode(chunk, latent_vectors.narrow(0, chunk.first_row, chunk.rows), table);
    const AutocastRegion::Pause pause(autocast);
    const at::Tensor targets = as_tensor(chunk.targets);
    sums.nats += nn::byte_cross_entropy(logits, targets).item<double>();
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
