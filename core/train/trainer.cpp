// See trainer.h.
#include "core/train/trainer.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/base/resources.h"
#include "core/checkpoint/model_files.h"
#include "core/checkpoint/run_folder.h"
#include "core/model/byte_lm.h"
#include "core/plugin/static_plugins.h"
#include "core/train/averages.h"
#include "core/train/best.h"
#include "core/train/evaluation.h"
#include "core/train/pins.h"
#include "core/train/profile.h"
#include "core/train/resume.h"
#include "core/train/run_watch.h"
#include "core/train/session.h"
#include "core/train/stepper.h"
#include "core/train/stop_signal.h"
#include "core/train/throughput.h"
#include "core/train/training_loop.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// The baselines count every n-gram of the training text in memory.
constexpr std::int64_t baseline_bytes_limit = 64 << 20;

Json plugins_json() {
  Json list = Json::array();
  for (const auto& plugin : Registry::instance().plugins())
    list.push_back({{"id", plugin->note.id},
                    {"version", plugin->note.version},
                    {"path", plugin->path.string()},
                    {"sha256", hash_of(*plugin)}});
  return list;
}

// The run in progress: what the loop needs at every turn.
class Run {
 public:
  Run(const Recipe& recipe, const TrainOptions& options) : recipe_(recipe), best_(best_options(recipe)) {
    check_allowed(recipe.schema(), options.allow_changes);
    const fs::path parent = recipe.string("run_dir");
    const std::string name = recipe.string("name");
    const fs::path existing = options.resume ? run_to_resume(recipe) : fs::path();
    std::optional<fs::path> checkpoint;
    if (!existing.empty()) {
      folder_.emplace(RunFolder::open(existing));
      check_same_recipe(recipe, existing, options.allow_changes);
      checkpoint = open_newest_whole(recipe, *folder_, state_, finished_);
    }
    if (finished_) {
      check_versions(recipe, WeltSpec::from_checkpoint(*checkpoint));
      return;
    }
    session_.emplace(open_session(recipe, SessionUse::train, checkpoint));
    Json inputs = pin_inputs(recipe, session_->model.spec());
    if (checkpoint) {
      check_same_inputs(recipe, existing, inputs, options.allow_changes);
      check_same_words(recipe, existing, *checkpoint, session_->model.spec(), options.allow_changes);
      check_same_windows(recipe, existing, session_->train->statistics().windows, options.allow_changes);
    }
    stepper_.emplace(session_->model, *session_->train, stepper_options(recipe, session_->micro_batches), state_.data);
    state_.micro_batches = session_->micro_batches;
    if (checkpoint) stepper_->optimizer().load(*checkpoint / "training" / "optimizer.safetensors");
    if (recipe.number("train.ema") > 0) {
      averages_.emplace(session_->model, recipe.number("train.ema"));
      if (checkpoint) averages_->load(*checkpoint / "training" / "averages.safetensors");
    }
    if (!folder_) {
      folder_.emplace(RunFolder::create(parent, name));
      unstarted_.folder = folder_->path();
      if (folder_->path() != parent / name)
        log_warning("train", "{} is there already: this run is {}", (parent / name).string(), folder_->path().string());
    }
    if (checkpoint) {
      folder_->rewind_log(state_.step);
      rewind_best();
    }
    folder_->write("recipe.toml", recipe.to_toml());
    write_json(folder_->path() / "plugins.json", plugins_json());
    write_json(folder_->path() / "inputs.json", inputs);
    keep_warnings();
    watch_.emplace(recipe, *folder_, session_->text.get(), state_.step);
    if (options.profile > 0) {
      const std::int64_t left = recipe.integer("train.steps") - state_.step;
      profile_.emplace(state_.step + 1 + std::clamp<std::int64_t>(left - options.profile, 0, 2), options.profile);
    }
  }

  TrainResult operator()() {
    TrainResult result;
    result.run = folder_->path();
    result.steps = recipe_.integer("train.steps");
    if (finished_) {
      result.finished_before = true;
      result.last_step = state_.step;
      result.checkpoint = folder_->checkpoints().back().path;
      return result;
    }
    const DatasetStatistics& text = session_->train->statistics();
    const bool byte_lm = is_byte_lm(session_->model.spec());
    log_info("train", "{}: {} parameters; {} documents, {}{} bytes in {} rows", folder_->path().string(),
             session_->model.parameter_count(), text.documents,
             byte_lm ? std::string() : fmt::format("{} words, ", text.words), text.bytes, text.rows);
    if (text.windows > std::ssize(text.sources))
      log_info("train", "packed and shuffled in {} windows (data.window_words)", text.windows);
    if (text.sources.size() > 1) {
      log_info("train", "a mixture:\n{}", mixture_table(text));
      for (const SourceStatistics& s : text.sources)
        result.sources.push_back({{"name", s.label},
                                  {"documents", s.documents},
                                  {"words", s.words},
                                  {"bytes", s.bytes},
                                  {"share", s.share}});
    }
    result.parameters = session_->model.parameter_count();
    throughput_.emplace(recipe_);
    if (state_.step == 0 && session_->validation) state_.before = evaluate_now(0).all.sums;
    unstarted_.folder.clear();
    {
      const StopSignal stop;  // until the checkpoint is written: before the loop and after it there is nothing to save
      loop(stop);
      result.checkpoint = save();
      result.signal = stop.received();
    }
    result.last_step = state_.step;
    result.seconds = state_.seconds;
    result.words_per_second = state_.words_per_second();
    result.loss = state_.loss;
    result.throughput = throughput_->of_all();
    if (profile_) {
      profile_->write(folder_->path() / "profile");
      result.profile = profile_->table();
    }
    if (!result.signal) finish(result);
    result.before = state_.before;
    result.stopped_early = state_.stopped_early;
    result.ended_by = ended_by(recipe_, state_);
    if (state_.best.value)
      result.best = {{"metric", best_.metric}, {"value", *state_.best.value}, {"step", state_.best.step}};
    result.peak_memory = peak_memory();
    if (!result.signal) write_json(folder_->path() / "summary.json", result.to_json());
    watch_->report();
    keep_warnings();
    return result;
  }

 private:
  void loop(const StopSignal& stop) {
    StepReport report;
    const bool bytes = is_byte_lm(session_->model.spec());
    LoopParts parts{.step =
                        [&] {
                          report = take_step();
                          return fmt::format("loss {:.3f}  {}", report.loss,
                                             Throughput::text(throughput_->of_all(), bytes));
                        },
                    .log = [&] { watch_->step(report, state_, throughput_->of_step(report)); },
                    .evaluate = {},
                    .save = [&] { save(); },
                    .evaluates_at_end = !best_.metric.empty()};
    if (session_->validation) parts.evaluate = [&](std::int64_t step) { judge(evaluate_now(step)); };
    run_steps(recipe_, state_, stop, parts);
  }

  StepReport take_step() {
    return telling_what_is_kept(*folder_, [&] {
      throughput_->before();
      if (profile_) profile_->before(state_.step + 1);
      StepReport report = stepper_->step(state_.step + 1);
      throughput_->after(report);
      if (profile_) profile_->after(report);
      state_.step = report.step;
      state_.data = stepper_->position();
      state_.words += report.words;
      state_.step_seconds += report.total_seconds;
      state_.loss = report.loss;
      if (averages_) averages_->update(report.step);
      return report;
    });
  }

  const Evaluation& evaluate_now(std::int64_t step) {
    evaluated_.emplace(step, evaluate_fully(*session_, recipe_));
    watch_->evaluation(step, evaluated_->second);
    if (averages_ && step > 0) evaluate_averages(step);
    if (step > 0) watch_->report();
    session_->model.set_training(true);
    return evaluated_->second;
  }

  void evaluate_averages(std::int64_t step) {
    const WeightAverages::InPlace averaged(*averages_);
    Json line =
        evaluation_json(evaluate(session_->model, session_->validation_batches, session_->chunk_tokens, session_->amp));
    line.update({{"kind", "evaluation"}, {"step", step}, {"averages", true}});
    folder_->log(line);
  }

  // Keeps the model if it is the best so far, and ends the run where it has not got better for long.
  void judge(const Evaluation& evaluation) {
    if (best_.metric.empty()) return;
    if (state_.best.take(best_, evaluation_json(evaluation), state_.step)) {
      telling_what_is_kept(*folder_, [&] {
        folder_->write_best(state_.step, [&](const fs::path& folder) {
          save_model(session_->model, folder, recipe_.integer("train.words"));
        });
        folder_->keep_best({state_.best.step, saved_best_});
      });
    }
    state_.stopped_early = state_.best.enough(best_);
    if (state_.stopped_early)
      log_info("train", "no better {} than {:.6g} of step {} in {} evaluations: training ends", best_.metric,
               *state_.best.value, state_.best.step, state_.best.waiting);
  }

  // A kill may have come between a best evaluation and the next checkpoint: what is best is what this checkpoint knows.
  void rewind_best() {
    saved_best_ = state_.best.step;
    folder_->keep_best({saved_best_});
    if (!state_.best.value || folder_->has_best(saved_best_)) return;
    log_warning("train", "the best checkpoint, of step {}, is not there any more: the next evaluation is kept",
                saved_best_);
    state_.best.value.reset();
  }

  // One encoder alone.
  LossSums evaluate_with(Modalities use, const char* encoder) {
    const LossSums sums =
        evaluate(session_->model, session_->validation_batches, session_->chunk_tokens, session_->amp, use);
    Json line = evaluation_json(sums);
    line.update({{"kind", "evaluation"}, {"step", state_.step}, {"encoders", {encoder}}});
    folder_->log(line);
    return sums;
  }

  fs::path save() {
    const auto fill = [&](const fs::path& folder) {
      save_model(session_->model, folder, recipe_.integer("train.words"));
      fs::create_directory(folder / "training");
      stepper_->optimizer().save(folder / "training" / "optimizer.safetensors");
      if (averages_) save_averages(folder);
      state_.save(folder);
    };
    keep_warnings();
    return telling_what_is_kept(*folder_, [&] {
      fs::path written = folder_->write_checkpoint(state_.step, recipe_.integer("train.keep_checkpoints"), fill);
      saved_best_ = state_.best.step;
      if (!best_.metric.empty()) folder_->keep_best({saved_best_});
      return written;
    });
  }

  void save_averages(const fs::path& folder) {
    averages_->save(folder / "training" / "averages.safetensors");
    const WeightAverages::InPlace averaged(*averages_);
    fs::create_directory(folder / "averaged");
    save_model(session_->model, folder / "averaged", recipe_.integer("train.words"));
  }

  void finish(TrainResult& result) {
    result.samples = write_samples(session_->model, session_->text, recipe_, session_->validation.get());
    std::string lines;
    for (const Sample& sample : result.samples)
      lines += json_text(Json{{"step", state_.step}, {"prompt", sample.prompt}, {"text", sample.text}}) + "\n";
    if (!lines.empty()) folder_->write("samples.jsonl", lines);
    if (!session_->validation) return;
    const bool known = evaluated_ && evaluated_->first == state_.step;
    result.after = known ? evaluated_->second : evaluate_now(state_.step);
    if (const Modalities has = session_->model.modalities(); has.bytes && has.image) {
      result.without_image_encoder = evaluate_with({.bytes = true, .image = false}, "bytes_encoder");
      result.without_bytes_encoder = evaluate_with({.bytes = false, .image = true}, "image_encoder");
    }
    if (!session_->validation_complete)
      result.no_baseline = fmt::format("not all of the held-out text was evaluated (train.eval_rows = {})",
                                       recipe_.integer("train.eval_rows"));
    else if (session_->train->statistics().bytes > baseline_bytes_limit)
      result.no_baseline = fmt::format("there are over {} MB of training text", baseline_bytes_limit >> 20);
    if (!result.no_baseline.empty()) return;
    const auto texts = [](const Dataset& data) {
      std::vector<std::string> all;
      for (std::int64_t i = 0; i < data.statistics().documents; ++i) all.push_back(data.document_text(i));
      return all;
    };
    const std::vector<std::string> train = texts(*session_->train), test = texts(*session_->validation);
    result.baseline = ngram_baseline({train.begin(), train.end()}, {test.begin(), test.end()});
  }

  // What the program took in place of what it was told, and other warnings, stay with the run.
  void keep_warnings() { folder_->append("warnings.log", warnings_.take()); }

  KeptWarnings warnings_;
  const Recipe& recipe_;
  Unstarted unstarted_;
  TrainingState state_;
  bool finished_ = false;  // before this session
  std::optional<Session> session_;
  std::optional<Stepper> stepper_;
  std::optional<WeightAverages> averages_;
  std::optional<Throughput> throughput_;
  std::optional<StepProfile> profile_;
  std::optional<std::pair<std::int64_t, Evaluation>> evaluated_;  // the last time: step, figures
  std::optional<RunFolder> folder_;
  std::optional<RunWatch> watch_;
  BestOptions best_;
  std::int64_t saved_best_ = 0;  // its step, as the last checkpoint knows it
};

}  // namespace

TrainResult train(const Recipe& recipe, const TrainOptions& options) { return Run(recipe, options)(); }

Json TrainResult::to_json() const {
  Json json{{"run", run.string()},
            {"checkpoint", checkpoint.string()},
            {"last_step", last_step},
            {"steps", steps},
            {"seconds", seconds},
            {"words_per_second", words_per_second},
            {"loss", loss},
            {"parameters", parameters},
            {"peak_memory_bytes", peak_memory}};
  if (!sources.empty()) json["sources"] = sources;
  if (!throughput.empty()) json["throughput"] = throughput;
  if (stopped_early) json["stopped_early"] = true;
  if (!ended_by.empty()) json["ended_by"] = ended_by;
  if (!best.is_null()) json["best"] = best;
  if (before) json["before"] = evaluation_json(*before);
  if (after) json["after"] = evaluation_json(*after);
  if (without_image_encoder) json["without_image_encoder"] = evaluation_json(*without_image_encoder);
  if (without_bytes_encoder) json["without_bytes_encoder"] = evaluation_json(*without_bytes_encoder);
  for (const Sample& sample : samples) json["samples"].push_back({{"prompt", sample.prompt}, {"text", sample.text}});
  if (!no_baseline.empty()) json["no_baseline"] = no_baseline;
  if (baseline)
    json["baseline"] = {{"byte_unigram_bits_per_byte", baseline->unigram_bits_per_byte},
                        {"byte_trigram_bits_per_byte", baseline->trigram_bits_per_byte}};
  return json;
}

}  // namespace welt
