// See dense_forward.h.
#include "core/parity/dense_forward.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Reduction.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/nll_loss.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <limits>

#include "core/base/error.h"
#include "core/tensor/finite.h"
#include "core/tensor/index_tensor.h"

namespace welt {
namespace {

// Rows of `x` [n,D] at the flat places of a [places,D] tensor, zero elsewhere.
at::Tensor scattered(const at::Tensor& x, const std::vector<std::int64_t>& places, std::int64_t count) {
  return at::zeros({count, x.size(-1)}, x.options()).index_copy(0, as_tensor(places), x.detach());
}

// Only the slots of words, zero elsewhere.   x [B,L,D]
at::Tensor at_words(const at::Tensor& x, const DenseBatch& batch) {
  const at::Tensor flat = x.detach().flatten(0, 1);
  return scattered(at::embedding(flat, as_tensor(batch.word_slots)), batch.word_slots, flat.size(0)).view_as(x);
}

void put_gradients(const WeltModel& model, std::vector<NamedTensor>& out) {
  for (const ModelParameter& parameter : model.parameters()) {
    const at::Tensor& gradient = parameter.tensor.grad();
    if (!gradient.defined()) continue;
    out.emplace_back("grad/" + parameter.name, gradient);
    out.emplace_back("grad_norm/" + parameter.name, gradient.norm().reshape({1}));
  }
  for (const auto& [name, table] : model.folded_tables())
    out.emplace_back("grad_norm/" + name, at::zeros({1}, table.options()));
}

// Parts look at what they give only while no gradients are recorded (core/tensor/finite.h): a pass without them says
// which one it was.
void require_finite(WeltModel& model, const DenseBatch& batch, const std::vector<NamedTensor>& results,
                    bool gradients) {
  for (const auto& [name, value] : results) {
    // Minus infinity bars the logits of what is no code point (core/model/unit_embedding.h).
    if (all_finite(name == "out/logits" ? value.clamp_min(std::numeric_limits<float>::lowest()) : value)) continue;
    if (gradients) dense_forward(model, batch, /*gradients=*/false);
    fail({.where = name,
          .found = "values that are not finite",
          .expected = "finite numbers",
          .mend = "`welt checkpoint inspect DIR --check` reads all weights"},
         ErrorCode::data_loss);
  }
}

}  // namespace

std::vector<NamedTensor> dense_forward(WeltModel& model, const DenseBatch& batch, bool gradients) {
  model.set_training(false);
  const at::AutoGradMode mode(gradients);
  const std::int64_t slots = batch.rows * batch.words;
  const auto dense = [&](const at::Tensor& x) {  // [N,D] of the words → [B,L,D]
    return scattered(x, batch.word_slots, slots).view({batch.rows, batch.words, -1});
  };
  std::vector<NamedTensor> out;
  const StepTensors plan = upload(batch.plan, model.device());
  const auto words = model.encode_words(plan.words, batch.images, model.modalities());
  out.emplace_back("out/encoder_mapping_input", dense(words.mapping_input));
  out.emplace_back("out/encoded_words", dense(words.vectors));
  const at::Tensor hidden = model.latent_hidden(plan.latent, words.vectors);  // [B,L,D]
  const auto [mapped, latents] = model.map_latents(hidden);
  out.emplace_back("out/latent_hidden", at_words(hidden, batch));
  out.emplace_back("out/latent_mapped", at_words(mapped, batch));
  out.emplace_back("out/latents", at_words(latents, batch));

  const at::Tensor rows = at::embedding(latents.flatten(0, 1), plan.positions);  // [R,E]
  const at::Tensor table = model.decoder_embeddings();
  std::vector<at::Tensor> logits;
  std::vector<std::int64_t> targets;
  for (const ChunkTensors& chunk : plan.chunks)
    logits.push_back(model.decode(chunk, rows.narrow(0, chunk.first_latent, chunk.latents), table));
  for (const DecoderChunk& chunk : batch.plan.decoder.chunks)
    targets.insert(targets.end(), chunk.targets.begin(), chunk.targets.end());
  const std::int64_t places = slots * batch.label_width;
  const std::int64_t values = 256 * model.units().bytes();                                          // logits of a unit
  const at::Tensor all = logits.empty() ? at::zeros({0, 256}, hidden.options()) : at::cat(logits);  // [P·N,256]
  const at::Tensor spread = scattered(all.view({-1, values}), batch.predictor_places, places);
  out.emplace_back("out/logits", spread.masked_fill(as_mask(batch.shown).logical_not().unsqueeze(1), 0)
                                     .view({batch.rows, batch.words, batch.label_width, values}));
  const bool labelled = std::ranges::any_of(targets, [](std::int64_t target) { return target >= 0; });
  // A mean over nothing is 0 here, where the Python gives NaN.
  const at::Tensor loss = labelled ? at::nll_loss(at::log_softmax(all, -1), as_tensor(targets), {}, at::Reduction::Mean)
                                   : at::zeros({}, hidden.options());
  out.emplace_back("out/loss", loss.detach().reshape({1}));
  require_finite(model, batch, out, gradients);
  if (gradients && labelled) {
    for (const ModelParameter& parameter : model.parameters()) at::Tensor(parameter.tensor).mutable_grad().reset();
    loss.backward();
    put_gradients(model, out);
    require_finite(model, batch, out, gradients);
  }
  return out;
}

}  // namespace welt
