// See byte_lm.h.
#include "core/model/byte_lm.h"

#include <ATen/ops/argmax.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "core/base/error.h"
#include "core/base/stopwatch.h"
#include "core/kernels/cross_entropy.h"
#include "core/kernels/gather.h"
#include "core/tensor/autocast.h"
#include "core/tensor/index_tensor.h"
#include "core/text/control.h"

namespace welt {
namespace {

// What says something of words, encoders or what lies between them; a dot at the end: all keys of that table.
constexpr std::string_view word_keys[] = {"model.encoding",
                                          "model.decoder_context",
                                          "model.further_words",
                                          "model.modality_dropout",
                                          "model.renderer.",
                                          "model.bytes_encoder.",
                                          "model.image_encoder.",
                                          "model.latent.",
                                          "train.further_weight",
                                          "train.mask_words",
                                          "train.mask_weight",
                                          "train.decoder_chunk_tokens",
                                          "train.bytes_encoder.",
                                          "train.image_encoder.",
                                          "train.latent.",
                                          "train.mappings.",
                                          "compat.pad_words_in_loss",
                                          "compat.blocks_cross_documents",
                                          "compat.nul_is_padding",
                                          "compat.independent_modality_dropout"};

bool is_of_words(std::string_view key) {
  return std::ranges::any_of(
      word_keys, [&](std::string_view entry) { return entry.ends_with('.') ? key.starts_with(entry) : key == entry; });
}

// The rows of a batch as index lists.
struct BytePlan {
  LatentPlan rows;                                // word_row: the byte of each slot, which is its row of the table
  std::vector<std::int64_t> predictors, targets;  // [R] flat slots that have a label, and the byte it is
  std::int64_t text_bytes = 0;                    // of the targets; the others are EOS
};

BytePlan plan_bytes(const Batch& batch) {
  const auto byte_of = [&](std::int64_t word) -> std::int64_t {
    const std::span<const std::uint8_t> text = batch.table.word(word);
    if (text.size() > 1) fail({"the batch", "words", "bytes: the model is a byte_lm", {}}, ErrorCode::internal);
    return text.empty() ? eos_byte : text.front();
  };
  BytePlan plan{.rows = {.rows = batch.rows, .words = batch.words, .position = batch.position}};
  plan.rows.word_row.reserve(batch.input.size());
  for (std::size_t slot = 0; slot < batch.input.size(); ++slot) {
    plan.rows.word_row.push_back(batch.input[slot] < 0 ? -1 : byte_of(batch.input[slot]));
    if (batch.label[slot] < 0) continue;
    plan.predictors.push_back(static_cast<std::int64_t>(slot));
    plan.targets.push_back(byte_of(batch.label[slot]));
    plan.text_bytes += batch.table.word(batch.label[slot]).empty() ? 0 : 1;
  }
  const auto used = [](const std::vector<std::int64_t>& list, std::int64_t least) {
    return std::ranges::any_of(list, [&](std::int64_t value) { return value >= least; });
  };
  if (used(batch.document, 1)) plan.rows.document = batch.document;
  if (used(batch.prefix, 0)) plan.rows.prefix = batch.prefix;
  return plan;
}

at::Tensor on_device(const std::vector<std::int64_t>& list, at::Device device) {
  return as_tensor(list).to(device);  // of the CPU: the list itself
}

// [R,256], with graph to the table and the decoder.
at::Tensor logits_of(WeltModel& model, const BytePlan& plan) {
  const at::Device device = model.device();
  const at::Tensor table = model.decoder_embeddings();                                            // [256,E]
  const at::Tensor hidden = model.latent_hidden(upload(plan.rows, device), table).flatten(0, 1);  // [B·W,D]
  return model.byte_logits(gather_rows(hidden, on_device(plan.predictors, device)), table);
}

}  // namespace

const std::vector<ModelKind>& model_kinds() {
  static const std::vector<ModelKind> all{
      {"welt", "words, through encoders, latent transformer and decoder"},
      {byte_lm_kind, "the decoder alone, over the bytes of whole documents: train.words are bytes of a row"}};
  return all;
}

bool is_byte_lm(const Recipe& recipe) { return recipe.string("model.kind") == byte_lm_kind; }

void refuse_word_keys(const Recipe& recipe) {
  std::vector<std::string> names;
  for (const RecipeKey& key : recipe.schema().keys()) {
    if (!is_of_words(key.name)) continue;
    std::string place = "/" + key.name;
    std::ranges::replace(place, '.', '/');
    // A run's recipe.toml has every key: only a value that is not the default asks for something.
    const nlohmann::json::json_pointer pointer(place);
    if (recipe.json().contains(pointer) && recipe.json().at(pointer) != key.fallback) names.push_back(key.name);
  }
  if (names.empty()) return;
  fail({recipe.where(names.front()) + ": " + names.front(),
        fmt::format("{} with model.kind = \"{}\", to which {} nothing", fmt::join(names, ", "), byte_lm_kind,
                    names.size() == 1 ? "it means" : "they mean"),
        "keys of the decoder alone: a byte_lm has no words, encoders or latent transformer",
        fmt::format("Leave {} out, or model.kind", names.size() == 1 ? "it" : "them")});
}

void require_words(const WeltSpec& spec, std::string_view what) {
  if (!is_byte_lm(spec)) return;
  fail({spec.decoder.where, fmt::format("the model is a {}: it has not {}", byte_lm_kind, what), "a word-level model",
        "Give a checkpoint of a model with encoders and a latent transformer"},
       ErrorCode::unimplemented);
}

void split_into_bytes(std::string_view text, std::vector<std::uint64_t>& ends) {
  ends.resize(text.size());
  std::iota(ends.begin(), ends.end(), std::uint64_t{1});
}

std::int64_t label_count(const Batch& batch) {
  return std::ranges::count_if(batch.label, [](std::int64_t label) { return label >= 0; });
}

LossSums forward_backward_bytes(WeltModel& model, const Objective& objective, const Batch& batch, double divisor,
                                bool amp, PassStatistics* statistics, const at::Tensor* nats) {
  const BytePlan plan = plan_bytes(batch);
  LossSums sums{.text_bytes = plan.text_bytes, .label_bytes = std::ssize(plan.targets)};
  if (plan.targets.empty()) return sums;
  PassStatistics ignored;
  PassStatistics& spent = statistics ? *statistics : ignored;
  spent.decoder_tokens += batch.rows * batch.words;
  const at::Device device = model.device();
  AutocastRegion autocast(amp, device.type());

  auto start = Clock::now();
  const at::Tensor logits = logits_of(model, plan);
  const AutocastRegion::Pause pause(autocast);
  const at::Tensor loss = objective.loss(logits, on_device(plan.targets, device));  // [] summed
  spent.decoder += seconds_since(start);

  start = Clock::now();
  loss.div(divisor).backward();
  if (nats)
    at::Tensor(*nats).add_(loss.detach());
  else if (!loss.is_meta())
    sums.nats = loss.item<double>();
  spent.backward += seconds_since(start);
  return sums;
}

LossSums evaluate_bytes(WeltModel& model, const Batch& batch, bool amp) {
  const BytePlan plan = plan_bytes(batch);
  LossSums sums{.text_bytes = plan.text_bytes, .label_bytes = std::ssize(plan.targets)};
  if (plan.targets.empty()) return sums;
  AutocastRegion autocast(amp, model.device().type());
  const at::Tensor logits = logits_of(model, plan);
  const AutocastRegion::Pause pause(autocast);
  const at::Tensor targets = on_device(plan.targets, model.device());
  sums.nats = byte_cross_entropy(logits, targets).item<double>();
  sums.correct_bytes = at::argmax(logits, -1).eq(targets).sum().item<std::int64_t>();
  return sums;
}

}  // namespace welt
