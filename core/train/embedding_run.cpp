// See embedding_run.h.
#include "core/train/embedding_run.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/tensor.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/base/resources.h"
#include "core/base/stopwatch.h"
#include "core/checkpoint/run_folder.h"
#include "core/model/welt_spec.h"
#include "core/tensor/autocast.h"
#include "core/tensor/random.h"
#include "core/train/gradients.h"
#include "core/train/optimizers.h"
#include "core/train/pair_losses.h"
#include "core/train/pins.h"
#include "core/train/resume.h"
#include "core/train/run_log.h"
#include "core/train/run_watch.h"
#include "core/train/schedule.h"
#include "core/train/static_folder.h"
#include "core/train/static_model.h"
#include "core/train/training_loop.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// The rows of the tokens that stay.   [V, C] float32
at::Tensor rows_of(const EmbeddingSource& source) {
  const at::NoGradGuard no_grad;
  at::Tensor rows = source.book.rows.index_select(0, at::tensor(source.token_ids, at::kLong)).to(at::kFloat);
  if (at::isfinite(rows).all().item<bool>()) return rows;
  fail({.where = fmt::format("{}: {}", source.book.file.string(), source.book.tensor),
        .found = "values that are not finite",
        .expected = "numbers"},
       ErrorCode::data_loss);
}

// Columns of mean 0 and deviation 1 over the tokens of the training texts. Tables of encoders have a large common part:
// with it all texts have the same signs at first, from which no gradient leads away.
at::Tensor standardized(const at::Tensor& rows, const TokenPairs& pairs) {
  const at::NoGradGuard no_grad;
  std::vector<double> counts(static_cast<std::size_t>(rows.size(0)));
  for (std::int64_t pair = 0; pair < pairs.size(); ++pair)
    for (const std::span<const std::int32_t> text : {pairs.first(pair), pairs.second(pair)})
      for (const std::int32_t id : text)
        counts[static_cast<std::size_t>(id)] += 1.0 / static_cast<double>(pairs.tokens());
  const at::Tensor shares = at::tensor(counts, at::kDouble).unsqueeze(1);  // [V,1]
  at::Tensor out = at::empty_like(rows);
  // Some columns at once: float64 of a large table's all would be several times the table.
  constexpr std::int64_t at_once = 64;
  for (std::int64_t first = 0; first < rows.size(1); first += at_once) {
    const std::int64_t columns = std::min(at_once, rows.size(1) - first);
    const at::Tensor wide = rows.narrow(1, first, columns).to(at::kDouble);
    const at::Tensor centred = wide - (wide * shares).sum(0);
    const at::Tensor deviation = (centred.square() * shares).sum(0).sqrt();
    // A column may be constant.
    out.narrow(1, first, columns).copy_(centred / deviation.masked_fill(deviation.le(1e-6), 1));
  }
  return out;
}

class EmbeddingRun {
 public:
  EmbeddingRun(const Recipe& recipe, const TaskOptions& options, const EmbeddingSource& source)
      : recipe_(recipe),
        source_(source),
        schedule_(schedule_options(recipe)),
        batch_(recipe.integer("train.batch")),
        scale_(recipe.number("embedding.scale")),
        binarizer_(recipe.string("embedding.binarizer")),
        reste_power_(recipe.number("embedding.reste_power")) {
    check_allowed(recipe.schema(), options.allow_changes);
    const fs::path parent = recipe.string("run_dir");
    const std::string name = recipe.string("name");
    const fs::path existing = options.resume ? run_to_resume(recipe) : fs::path();
    fs::path checkpoint;
    if (!existing.empty()) {
      folder_.emplace(RunFolder::open(existing));
      check_same_recipe(recipe, existing, options.allow_changes);
      checkpoint = open_newest_whole(recipe, *folder_, state_, finished_);
    }
    if (finished_) return;
    if (recipe.integer("threads") > 0) at::set_num_threads(static_cast<int>(recipe.integer("threads")));
    seed_default_generator(static_cast<std::uint64_t>(recipe.integer("seed")), RandomPurpose::initialise);
    pairs_ = read_pairs(recipe, similarity::TextIds(source.tokenizer_json, source.tokenizer.string()));
    at::Tensor rows = rows_of(source);
    if (recipe.boolean("embedding.standardize")) rows = standardized(rows, pairs_.train);
    model_ = std::make_unique<StaticModel>(rows.to(weights_dtype(recipe)), source.dims.front(),
                                           recipe.boolean("embedding.train_codebook"));
    Json inputs = pin_inputs({{"data.train.files", training_text(recipe).files},
                              {"data.validation.files", held_out_text(recipe).files},
                              {"embedding.from", {source.book.file}},
                              {"embedding.tokenizer", {source.tokenizer}}});
    if (!checkpoint.empty()) {
      check_same_inputs(recipe, existing, inputs, options.allow_changes);
      model_->load(checkpoint / "model.safetensors");
    }
    parameters_ = model_->parameters();
    for (const ModelParameter& parameter : parameters_) {
      const auto at = std::ranges::find(groups_, parameter.group);
      group_of_.push_back(static_cast<std::size_t>(at - groups_.begin()));
      if (at == groups_.end()) groups_.push_back(parameter.group);
    }
    gradients_.emplace(parameters_);
    optimizer_ = optimizer_of(recipe)(parameters_);
    if (!checkpoint.empty()) optimizer_->load(checkpoint / "training" / "optimizer.safetensors");
    if (!folder_) {
      folder_.emplace(RunFolder::create(parent, name));
      unstarted_.folder = folder_->path();
      if (folder_->path() != parent / name)
        log_warning("train", "{} is there already: this run is {}", (parent / name).string(), folder_->path().string());
    }
    if (!checkpoint.empty()) folder_->rewind_log(state_.step);
    folder_->write("recipe.toml", recipe.to_toml());
    write_json(folder_->path() / "plugins.json", Json::array());
    write_json(folder_->path() / "inputs.json", inputs);
    watch_.emplace(recipe, *folder_, nullptr, state_.step);
  }

  EmbeddingResult operator()() {
    EmbeddingResult result;
    result.run = folder_->path();
    result.steps = recipe_.integer("train.steps");
    result.embedding = result.run / "embedding";
    if (finished_) {
      result.finished_before = true;
      result.last_step = state_.step;
      result.checkpoint = folder_->checkpoints().back().path;
      return result;
    }
    for (const ModelParameter& parameter : parameters_) result.parameters += parameter.tensor.numel();
    log_info("train", "{}: {} parameters; {} pairs, {} tokens; {} pairs held out", result.run.string(),
             result.parameters, pairs_.train.size(), pairs_.train.tokens(), pairs_.held_out.size());
    if (state_.step == 0 && pairs_.held_out.size() > 0) evaluate(0);
    unstarted_.folder.clear();
    {
      const StopSignal stop;
      loop(stop);
      result.checkpoint = save();
      result.signal = stop.received();
    }
    result.last_step = state_.step;
    result.seconds = state_.seconds;
    result.loss = state_.loss;
    result.rows = model_->codebook().size(0);
    if (!result.signal) finish(result);
    watch_->report();
    folder_->append("warnings.log", warnings_.take());
    return result;
  }

 private:
  void loop(const StopSignal& stop) {
    StepReport report;
    std::int64_t tokens = 0;
    const std::int64_t pairs = batch_ * recipe_.integer("train.accumulate");
    LoopParts parts{.step =
                        [&] {
                          report = step(tokens);
                          return fmt::format("loss {:.3f}  {:.0f} pairs/s", report.loss,
                                             static_cast<double>(pairs) / report.total_seconds);
                        },
                    .log =
                        [&] {
                          watch_->step(report, state_,
                                       {{"pairs", pairs},
                                        {"tokens", tokens},
                                        {"pairs_per_second", static_cast<double>(pairs) / report.total_seconds}});
                        },
                    .evaluate = {},
                    .save = [&] { save(); }};
    if (pairs_.held_out.size() > 0) parts.evaluate = [&](std::int64_t at) { evaluate(at); };
    run_steps(recipe_, state_, stop, parts);
  }

  // The vectors of the pairs `numbers`: [B, dim] of the first texts and of the second ones.
  std::pair<at::Tensor, at::Tensor> vectors(const TokenPairs& pairs, std::span<const std::int64_t> numbers,
                                            std::int64_t& tokens) {
    TokenTexts texts;
    for (const std::int64_t pair : numbers) texts.add(pairs.first(pair));
    for (const std::int64_t pair : numbers) texts.add(pairs.second(pair));
    tokens += std::ssize(texts.ids);
    at::Tensor all;
    {
      const AutocastRegion region(recipe_.string("precision") == "amp", at::kCPU);
      all = model_->forward(texts);
    }
    const auto count = std::ssize(numbers);
    return {all.narrow(0, 0, count), all.narrow(0, count, count)};
  }

  at::Tensor loss_of(const std::pair<at::Tensor, at::Tensor>& texts) const {
    return matryoshka_loss(binarized(texts.first, binarizer_, reste_power_),
                           binarized(texts.second, binarizer_, reste_power_), source_.dims, scale_);
  }

  // The next pairs; what does not fill a batch at the end of an epoch is left out of it.
  std::vector<std::int64_t> next_batch() {
    const auto size = static_cast<std::uint64_t>(batch_);
    if (state_.data.index + size > static_cast<std::uint64_t>(pairs_.train.size())) {
      ++state_.data.epoch;
      state_.data.index = 0;
    }
    if (order_.empty() || ordered_ != state_.data.epoch) {
      ordered_ = state_.data.epoch;
      order_ = epoch_order(pairs_.train.size(), static_cast<std::uint64_t>(recipe_.integer("seed")), ordered_,
                           recipe_.boolean("data.shuffle"));
    }
    const auto begin = order_.begin() + static_cast<std::ptrdiff_t>(state_.data.index);
    state_.data.index += size;
    return {begin, begin + batch_};
  }

  StepReport step(std::int64_t& tokens) {
    return telling_what_is_kept(*folder_, [&] {
      const auto start = Clock::now();
      const std::int64_t accumulate = recipe_.integer("train.accumulate");
      StepReport report;
      report.step = state_.step + 1;
      tokens = 0;
      for (std::int64_t i = 0; i < accumulate; ++i) {
        const at::Tensor loss = loss_of(vectors(pairs_.train, next_batch(), tokens)) / static_cast<double>(accumulate);
        loss.backward();
        report.loss += loss.item<double>();
      }
      const at::Tensor norms = gradients_->norms(group_of_, groups_.size());
      report.gradient_norm = norms[0].item<double>();
      for (std::size_t i = 0; i < groups_.size(); ++i)
        report.part_norms[groups_[i]] = norms[static_cast<std::int64_t>(i) + 1].item<double>();
      report.learning_rate = learning_rate(schedule_, report.step);
      if (!std::isfinite(report.loss) || !std::isfinite(report.gradient_norm)) {
        const std::string first = gradients_->first_not_finite();
        fail({.where = fmt::format("step {}", report.step),
              .found = fmt::format("the loss is {} and the gradient norm {}; first value that is not finite: {}",
                                   report.loss, report.gradient_norm, first.empty() ? "the loss itself" : first),
              .expected = "finite numbers",
              .mend = "Lower train.learning_rate, lengthen train.warmup_steps or set train.clip = 1.0"},
             ErrorCode::aborted);
      }
      gradients_->clip(report.gradient_norm, recipe_.number("train.clip"));
      optimizer_->step(report.learning_rate);
      gradients_->drop();
      report.total_seconds = seconds_since(start);
      state_.step = report.step;
      state_.step_seconds += report.total_seconds;
      state_.loss = report.loss;
      return report;
    });
  }

  // Of the held-out pairs, in their order: loss as in training; of each number of columns the share of first texts
  // whose own second text has the largest cosine of a batch, of the vectors and of their signs.
  Json evaluate(std::int64_t at) {
    const at::NoGradGuard no_grad;
    const std::int64_t most = recipe_.integer("train.eval_rows"), all = pairs_.held_out.size();
    const std::int64_t count = most > 0 ? std::max<std::int64_t>(2, std::min(most, all)) : all;
    double loss = 0;
    std::int64_t seen = 0, tokens = 0;
    std::vector<std::int64_t> right(source_.dims.size()), signs_right(source_.dims.size());
    for (std::int64_t first = 0; count - first >= 2; first += batch_) {
      std::vector<std::int64_t> numbers(static_cast<std::size_t>(std::min(batch_, count - first)));
      for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = first + static_cast<std::int64_t>(i);
      const auto texts = vectors(pairs_.held_out, numbers, tokens);
      seen += std::ssize(numbers);
      loss += loss_of(texts).item<double>() * static_cast<double>(numbers.size());
      for (std::size_t i = 0; i < source_.dims.size(); ++i) {
        const at::Tensor a = texts.first.narrow(1, 0, source_.dims[i]), b = texts.second.narrow(1, 0, source_.dims[i]);
        right[i] += ranked_first(a, b);
        signs_right[i] += ranked_first(a.sign(), b.sign());
      }
    }
    Json figures{{"loss", loss / static_cast<double>(seen)}, {"pairs", seen}};
    for (std::size_t i = 0; i < source_.dims.size(); ++i) {
      const std::string dim = std::to_string(source_.dims[i]);
      figures["accuracy"][dim] = static_cast<double>(right[i]) / static_cast<double>(seen);
      figures["binary_accuracy"][dim] = static_cast<double>(signs_right[i]) / static_cast<double>(seen);
    }
    watch_->evaluation(at, figures);
    if (at > 0) watch_->report();
    return figures;
  }

  fs::path save() {
    folder_->append("warnings.log", warnings_.take());
    return telling_what_is_kept(*folder_, [&] {
      return folder_->write_checkpoint(
          state_.step, recipe_.integer("train.keep_checkpoints"), [&](const fs::path& folder) {
            write_json(folder / embedding_file, {{"dims", source_.dims}, {"rows", model_->codebook().size(0)}});
            save_tensors(folder / "model.safetensors", model_->tensors());
            fs::create_directory(folder / "training");
            optimizer_->save(folder / "training" / "optimizer.safetensors");
            state_.save(folder);
          });
    });
  }

  void finish(EmbeddingResult& result) {
    const at::Tensor table = model_->table().to(at::kHalf);
    if (!at::isfinite(table).all().item<bool>())
      fail({.where = result.run.string(),
            .found = "vectors of tokens with numbers that float16 has not",
            .expected = "numbers below 65,504",
            .mend = "Lower train.learning_rate, or set train.weight_decay"},
           ErrorCode::data_loss);
    std::error_code ignored;
    fs::remove_all(result.embedding, ignored);  // of a session that was killed behind it
    write_static_folder(recipe_, result.embedding, {"embedding.weight", table}, source_.tokenizer_json, {});
    write_file(result.embedding / "config.toml",
               fmt::format("[model]\ndim = {}\nn_vocab = {}\n\n[matryoshka]\ndims = [{}]\n", table.size(1),
                           table.size(0), fmt::join(source_.dims, ", ")));
    if (pairs_.held_out.size() > 0) {
      result.after = evaluate(state_.step);
      const RunLog log = RunLog::read(result.run);
      for (const auto& [figure, series] : log.evaluation)
        if (!series.empty() && series.front().first == 0) result.before[figure] = series.front().second;
    }
    result.peak_memory = peak_memory();
    Json summary{{"run", result.run.string()},
                 {"checkpoint", result.checkpoint.string()},
                 {"embedding", result.embedding.string()},
                 {"last_step", result.last_step},
                 {"steps", result.steps},
                 {"seconds", result.seconds},
                 {"loss", result.loss},
                 {"parameters", result.parameters},
                 {"peak_memory_bytes", result.peak_memory}};
    if (!result.before.is_null()) summary["before"] = result.before;
    if (!result.after.is_null()) summary["after"] = result.after;
    write_json(result.run / "summary.json", summary);
  }

  KeptWarnings warnings_;
  const Recipe& recipe_;
  const EmbeddingSource& source_;
  Unstarted unstarted_;
  TrainingState state_;
  bool finished_ = false;  // before this session
  ScheduleOptions schedule_;
  std::int64_t batch_;
  double scale_;
  std::string binarizer_;
  double reste_power_;
  std::unique_ptr<StaticModel> model_;
  PairSplit pairs_;
  std::vector<ModelParameter> parameters_;
  std::vector<std::string> groups_;    // of parameters, for the norms
  std::vector<std::size_t> group_of_;  // of each parameter
  std::optional<Gradients> gradients_;
  std::unique_ptr<Optimizer> optimizer_;
  std::vector<std::int64_t> order_;  // of the pairs, in the epoch `ordered_`
  std::uint64_t ordered_ = 0;
  std::optional<RunFolder> folder_;
  std::optional<RunWatch> watch_;
};

}  // namespace

EmbeddingResult run_embedding(const Recipe& recipe, const TaskOptions& options, const EmbeddingSource& source) {
  return EmbeddingRun(recipe, options, source)();
}

}  // namespace welt
