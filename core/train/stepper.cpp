// See stepper.h.
#include "core/train/stepper.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/base/error.h"
#include "core/base/philox.h"
#include "core/base/stopwatch.h"
#include "core/model/byte_lm.h"
#include "core/tensor/random.h"

namespace welt {
namespace {

constexpr std::uint64_t modality_stream = 3;  // beside RandomPurpose's streams

// Positions, counted from the words themselves: [BOS, units, EOS] to read a word, [latent, BOS, units] to write it.
void count_tokens(const Batch& batch, bool bytes, StepReport& report) {
  const std::int64_t slots = batch.rows * batch.words;
  report.slots += slots;
  if (bytes) {  // a position each
    report.decoder_tokens += batch.real_words;
    report.padded_decoder_tokens += slots;
    return;
  }
  std::vector<bool> read(static_cast<std::size_t>(batch.table.size()));
  std::int64_t longest_read = 0, longest_written = 0;
  for (std::int64_t i = 0; i < slots; ++i) {
    const auto length = [&](std::int64_t word) { return batch.table.units.count(batch.table.word(word)) + 2; };
    if (batch.input[i] >= 0) {
      longest_read = std::max(longest_read, length(batch.input[i]));
      if (!read[batch.input[i]]) report.encoder_tokens += length(batch.input[i]);
      read[batch.input[i]] = true;
    }
    if (batch.label[i] >= 0) {
      longest_written = std::max(longest_written, length(batch.label[i]));
      report.decoder_tokens += length(batch.label[i]);
    }
  }
  report.padded_encoder_tokens += slots * longest_read;
  report.padded_decoder_tokens += slots * longest_written;
}

}  // namespace

StepperOptions stepper_options(const Recipe& recipe, std::int64_t micro_batches) {
  StepperOptions options;
  options.seed = static_cast<std::uint64_t>(recipe.integer("seed"));
  options.accumulate = recipe.integer("train.accumulate") * micro_batches;
  options.chunk_tokens = recipe.integer("train.decoder_chunk_tokens");
  options.amp = recipe.string("precision") == "amp";
  options.modality_dropout = recipe.number("model.modality_dropout");
  options.independent_modality_dropout = recipe.boolean("compat.independent_modality_dropout");
  options.schedule = schedule_options(recipe);
  options.clip = recipe.number("train.clip");
  options.clip_by_part = recipe.string("train.clip_by") == "part";
  options.freeze_steps = recipe.integer("train.freeze_steps");
  options.unfreeze_steps = recipe.integer("train.unfreeze_steps");
  options.frozen = frozen_parts(recipe);
  options.optimizer = optimizer_of(recipe);
  return options;
}

Modalities draw_modalities(const StepperOptions& options, Modalities available, std::int64_t step,
                           std::uint32_t micro_step) {
  if (!available.bytes || !available.image || options.modality_dropout <= 0) return available;
  const auto uniform = [&](std::uint64_t draw) {
    const std::uint64_t bits = philox64(options.seed, (modality_stream << 32) | draw,
                                        (std::uint64_t{micro_step} << 48) ^ static_cast<std::uint64_t>(step));
    return static_cast<double>(bits >> 11) * 0x1p-53;
  };
  const double p = options.modality_dropout, first = uniform(0);
  if (options.independent_modality_dropout) return {.bytes = uniform(1) >= p, .image = first >= p};
  return {.bytes = first >= p / 2, .image = first < p / 2 || first >= p};
}

namespace {

template <typename Test>
std::vector<ModelParameter> those(const WeltModel& model, const Test& test) {
  std::vector<ModelParameter> chosen;
  for (const ModelParameter& parameter : model.parameters())
    if (test(parameter)) chosen.push_back(parameter);
  return chosen;
}

}  // namespace

Stepper::Stepper(WeltModel& model, const Dataset& data, const StepperOptions& options, IteratorState position)
    : model_(model),
      options_(options),
      gradients_(model.parameters()),
      frozen_(
          those(model, [&](const ModelParameter& p) { return std::ranges::count(options.frozen, part_of(p)) > 0; })),
      held_(those(model, [&](const ModelParameter& p) { return !learns_while_frozen(p, model.parameters()); })),
      optimizer_(options.optimizer(model.parameters())),
      loader_(data.train_loader(position)),
      position_(position) {
  model_.set_training(true);
  for (const std::string& part : trained_parts())
    if (auto of_part = those(model, [&](const ModelParameter& p) { return part_of(p) == part; }); !of_part.empty())
      parts_.emplace_back(part, std::move(of_part));
  for (const ModelParameter& parameter : model.parameters())
    part_of_.push_back(static_cast<std::size_t>(
        std::ranges::find(parts_, part_of(parameter), &std::pair<std::string, Gradients>::first) - parts_.begin()));
}

void Stepper::clip(const StepReport& report) {
  if (!options_.clip_by_part) return gradients_.clip(report.gradient_norm, options_.clip);
  for (auto& [part, gradients] : parts_) gradients.clip(report.part_norms.at(part), options_.clip);
}

// Of the rate, for what learns later than the rest.
double Stepper::held_share(std::int64_t step) const {
  const std::int64_t past = step - options_.freeze_steps;
  return past >= options_.unfreeze_steps ? 1 : static_cast<double>(past) / static_cast<double>(options_.unfreeze_steps);
}

// The first part of the model whose output is not finite, and the first parameter or gradient.
std::string Stepper::first_not_finite(const std::vector<std::shared_ptr<const Batch>>& batches) {
  model_.set_training(false);
  const std::string parameter = gradients_.first_not_finite();
  for (const auto& batch : batches) {
    try {
      model_.evaluate(*batch, options_.chunk_tokens, options_.amp);
    } catch (const Error& error) {
      return fmt::format("{} ({})", error.what(), parameter.empty() ? "all parameters are finite" : parameter);
    }
  }
  return parameter;
}

StepReport Stepper::step(std::int64_t k) {
  const auto start = Clock::now();
  StepReport report;
  report.step = k;
  const IteratorState before = position_;
  const bool bytes = is_byte_lm(model_.spec());
  std::vector<std::shared_ptr<const Batch>> batches;
  for (std::int64_t i = 0; i < options_.accumulate; ++i) {
    LoadedBatch loaded = loader_.next();
    position_ = loaded.after;
    report.words += loaded.batch->real_words;
    report.bytes += loaded.batch->real_bytes;
    report.label_bytes += bytes ? label_count(*loaded.batch) : loaded.batch->label_bytes;
    count_tokens(*loaded.batch, bytes, report);
    batches.push_back(std::move(loaded.batch));
  }
  report.data_seconds = seconds_since(start);

  const at::Tensor nats = at::zeros({}, at::TensorOptions(at::kDouble).device(model_.device()));
  for (std::size_t i = 0; i < batches.size(); ++i) {
    seed_default_generator(options_.seed, RandomPurpose::micro_step, static_cast<std::uint64_t>(k),
                           static_cast<std::uint32_t>(i));
    const Modalities use = draw_modalities(options_, model_.modalities(), k, static_cast<std::uint32_t>(i));
    model_.forward_backward(*batches[i], static_cast<double>(report.label_bytes), options_.chunk_tokens, options_.amp,
                            &report.passes, use, &nats);
  }
  frozen_.drop();
  if (k <= options_.freeze_steps) held_.drop();
  const auto update = Clock::now();
  // The only place where a step waits for values of the device.
  const at::Tensor norms = gradients_.norms(part_of_, parts_.size()).to(model_.device());
  std::vector<at::Tensor> values{nats.reshape({1}), norms};
  const std::pair<const AuxiliaryLoss*, std::optional<double>*> auxiliary[] = {
      {&report.passes.further, &report.further_loss}, {&report.passes.masked, &report.masked_loss}};
  for (const auto& [loss, told] : auxiliary)
    if (loss->nats.defined()) values.push_back(loss->nats.reshape({1}));
  const at::Tensor figures = at::cat(values).cpu();
  const double* const figure = figures.const_data_ptr<double>();
  report.loss = report.label_bytes > 0 ? figure[0] / static_cast<double>(report.label_bytes) : 0.0;
  report.gradient_norm = figure[1];
  for (std::size_t i = 0; i < parts_.size(); ++i) report.part_norms[parts_[i].first] = figure[i + 2];
  const double* next = figure + 1 + norms.size(0);
  for (const auto& [loss, told] : auxiliary)
    if (loss->nats.defined()) *told = *next++ / static_cast<double>(loss->label_bytes);
  report.learning_rate = learning_rate(options_.schedule, k);
  if (!std::isfinite(report.loss) || !std::isfinite(report.gradient_norm)) {
    const std::string first = first_not_finite(batches);
    fail({fmt::format("step {} (rows {} to {} of epoch {})", k, before.index, position_.index, position_.epoch),
          fmt::format("the loss is {} and the gradient norm {}; first value that is not finite: {}", report.loss,
                      report.gradient_norm, first.empty() ? "the loss itself" : first),
          "finite numbers", "Lower train.learning_rate, lengthen train.warmup_steps or set train.clip = 1.0"},
         ErrorCode::aborted);
  }
  clip(report);
  optimizer_->step(report.learning_rate, held_share(k));
  gradients_.drop();
  report.optimizer_seconds = seconds_since(update);
  report.total_seconds = seconds_since(start);
  return report;
}

}  // namespace welt
