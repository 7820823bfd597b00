// See trainer.h.
#include "core/train/trainer.h"

#include <map>
#include <set>

#include "core/base/context.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/progress.h"
#include "core/base/resources.h"
#include "core/base/stopwatch.h"
#include "core/checkpoint/model_files.h"
#include "core/checkpoint/run_folder.h"
#include "core/plugin/static_plugins.h"
#include "core/train/session.h"
#include "core/train/stepper.h"
#include "core/train/stop_signal.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// The baselines count every n-gram of the training text in memory.
constexpr std::int64_t baseline_bytes_limit = 64 << 20;

// Keys whose change leaves the course of training as it was.
const std::set<std::string, std::less<>> harmless_keys = {"name",
                                                          "run_dir",
                                                          "threads",
                                                          "task",
                                                          "data.prefetch",
                                                          "train.minutes",
                                                          "train.log_every",
                                                          "train.eval_every",
                                                          "train.eval_rows",
                                                          "train.checkpoint_every",
                                                          "train.keep_checkpoints",
                                                          "train.decoder_chunk_tokens",
                                                          "data.image_cache_mb",
                                                          "samples.prompts",
                                                          "samples.count",
                                                          "samples.words",
                                                          "samples.temperature",
                                                          "samples.top_p",
                                                          "extends",
                                                          "model.segmenter.version",
                                                          "model.renderer.version",
                                                          "model.bytes_encoder.version",
                                                          "model.image_encoder.version",
                                                          "model.latent.version",
                                                          "model.decoder.version"};

// What a checkpoint has beside the model: where training stands.
struct TrainingState {
  std::int64_t step = 0;
  IteratorState data;
  double seconds = 0;
  std::optional<LossSums> before;

  static TrainingState load(const fs::path& checkpoint) {
    const fs::path file = checkpoint / "training" / "state.json";
    const std::string text = read_file(file);
    try {
      return with_context(file.string(), [&] { return from_json(Json::parse(text)); });
    } catch (const Json::exception& error) {
      fail({file.string(), fmt::format("not the state of a training run ({})", error.what()),
            "an object with step and data", "Remove this checkpoint to resume from the one before"},
           ErrorCode::data_loss);
    }
  }

  static TrainingState from_json(const Json& json) {
    TrainingState state;
    state.step = json.at("step");
    if (state.step < 0) fail({"step", std::to_string(state.step), "a number of steps", {}}, ErrorCode::data_loss);
    state.data = IteratorState::from_json(json.at("data"));
    state.seconds = json.value("seconds", 0.0);
    if (json.contains("before")) {
      const Json& sums = json.at("before");
      const auto labels = sums.value("label_bytes", std::int64_t{0}), words = sums.value("words", std::int64_t{0});
      state.before = LossSums{.nats = sums.value("nats", 0.0),
                              .text_bytes = sums.value("text_bytes", labels - words),  // older states were of bytes
                              .label_bytes = labels,
                              .correct_bytes = sums.value("correct_bytes", std::int64_t{0}),
                              .words = words,
                              .correct_words = sums.value("correct_words", std::int64_t{0})};
    }
    return state;
  }

  Json to_json() const {
    Json json{{"step", step}, {"data", data.to_json()}, {"seconds", seconds}};
    if (before)
      json["before"] = {{"nats", before->nats},
                        {"text_bytes", before->text_bytes},
                        {"label_bytes", before->label_bytes},
                        {"correct_bytes", before->correct_bytes},
                        {"words", before->words},
                        {"correct_words", before->correct_words}};
    return json;
  }
};

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
  Run(const Recipe& recipe, bool resume) : recipe_(recipe) {
    const fs::path parent = recipe.string("run_dir");
    const std::string name = recipe.string("name");
    const fs::path existing = resume ? RunFolder::find_resumable(parent, name) : fs::path();
    if (resume && existing.empty())
      log_info("train", "no run of name \"{}\" in {} has a checkpoint: starting at step 1", name, parent.string());
    std::optional<fs::path> checkpoint;
    if (!existing.empty()) {
      checkpoint = find_checkpoint(existing);
      check_same_recipe(existing / "recipe.toml");
      state_ = TrainingState::load(*checkpoint);
    }
    session_.emplace(open_session(recipe, SessionUse::train, checkpoint));
    stepper_.emplace(session_->model, *session_->train, stepper_options(recipe), state_.data);
    if (checkpoint) stepper_->optimizer().load(*checkpoint / "training" / "optimizer.safetensors");
    folder_.emplace(existing.empty() ? RunFolder::create(parent, name) : RunFolder::open(existing));
    if (checkpoint) folder_->rewind_log(state_.step);
    folder_->write("recipe.toml", recipe.to_toml());
    folder_->write("plugins.json", plugins_json().dump(2) + "\n");
  }

  TrainResult operator()() {
    const DatasetStatistics& text = session_->train->statistics();
    log_info("train", "{}: {} parameters; {} documents, {} words, {} bytes in {} rows", folder_->path().string(),
             session_->model.parameter_count(), text.documents, text.words, text.bytes, text.rows);
    TrainResult result;
    result.run = folder_->path();
    result.parameters = session_->model.parameter_count();
    result.steps = recipe_.integer("train.steps");
    result.first_step = state_.step + 1;
    if (state_.step == 0 && session_->validation) state_.before = evaluate_now(0);
    {
      const StopSignal stop;  // until the checkpoint is written: before the loop and after it there is nothing to save
      loop(result, stop);
      result.checkpoint = save();
      result.signal = stop.received();
    }
    result.last_step = state_.step;
    if (!result.signal) finish(result);
    result.before = state_.before;
    result.peak_memory = peak_memory();
    if (!result.signal) folder_->write("summary.json", result.to_json().dump(2) + "\n");
    return result;
  }

 private:
  void check_same_recipe(const fs::path& file) const {
    const std::vector<std::string> differences = training_differences(Recipe::load(file), recipe_);
    if (!differences.empty())
      fail({recipe_.path().string(),
            fmt::format("this is not the recipe that {} was trained with:\n  {}", file.parent_path().string(),
                        fmt::join(differences, "\n  ")),
            {},
            "Start a new run (without --resume, or with --set name=…), or set these keys back"},
           ErrorCode::failed_precondition);
  }

  void loop(TrainResult& result, const StopSignal& stop) {
    const std::int64_t steps = recipe_.integer("train.steps"), log_every = recipe_.integer("train.log_every"),
                       eval_every = recipe_.integer("train.eval_every"),
                       checkpoint_every = recipe_.integer("train.checkpoint_every");
    const double limit = recipe_.number("train.minutes") * 60.0;
    Progress progress("train", steps);
    const auto start = Clock::now();
    const double seconds_before = state_.seconds;
    std::int64_t words = 0;
    double step_seconds = 0;
    progress.update(state_.step);
    while (state_.step < steps && !stop.received() && (limit == 0 || state_.seconds < limit)) {
      const StepReport report = take_step();
      words += report.words;
      step_seconds += report.total_seconds;
      state_.seconds = seconds_before + seconds_since(start);
      result.loss = report.loss;
      result.words_per_second = static_cast<double>(words) / step_seconds;
      const std::int64_t k = state_.step;
      if (k % log_every == 0 || k == steps) log_step(report);
      progress.update(k, fmt::format("loss {:.3f}  {:.0f} words/s", report.loss, result.words_per_second));
      if (eval_every > 0 && k % eval_every == 0 && k < steps && session_->validation) evaluate_now(k);
      if (checkpoint_every > 0 && k % checkpoint_every == 0 && k < steps) save();
    }
    result.seconds = seconds_since(start);
  }

  template <typename Body>
  auto telling_what_is_kept(Body&& body) {
    try {
      return body();
    } catch (const Error& error) {
      const std::vector<CheckpointInfo> kept = folder_->checkpoints();
      throw Error(fmt::format("{} The run is in {}; {}", error.what(), folder_->path().string(),
                              kept.empty() ? "it has no checkpoint yet."
                                           : "its last checkpoint is kept: " + kept.back().path.string() + "."),
                  error.code());
    }
  }

  StepReport take_step() {
    return telling_what_is_kept([&] {
      StepReport report = stepper_->step(state_.step + 1);
      state_.step = report.step;
      state_.data = stepper_->position();
      return report;
    });
  }

  void log_step(const StepReport& report) {
    folder_->log({{"kind", "train"},
                  {"step", report.step},
                  {"loss", report.loss},
                  {"learning_rate", report.learning_rate},
                  {"gradient_norm", report.gradient_norm},
                  {"words", report.words},
                  {"bytes", report.bytes},
                  {"step_seconds", report.total_seconds},
                  {"seconds", state_.seconds}});
  }

  LossSums evaluate_now(std::int64_t step) {
    const LossSums sums =
        evaluate(session_->model, session_->validation_batches, session_->chunk_tokens, session_->amp);
    Json line = evaluation_json(sums);
    line["kind"] = "evaluation";
    line["step"] = step;
    folder_->log(line);
    session_->model.set_training(true);
    return sums;
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
      write_file(folder / "training" / "state.json", state_.to_json().dump(2) + "\n");
    };
    return telling_what_is_kept(
        [&] { return folder_->write_checkpoint(state_.step, recipe_.integer("train.keep_checkpoints"), fill); });
  }

  void finish(TrainResult& result) {
    result.samples = write_samples(session_->model, recipe_, session_->validation.get());
    std::string lines;
    for (const Sample& sample : result.samples)
      lines += Json{{"step", state_.step}, {"prompt", sample.prompt}, {"text", sample.text}}.dump() + "\n";
    if (!lines.empty()) folder_->write("samples.jsonl", lines);
    if (!session_->validation) return;
    result.after = evaluate_now(state_.step);
    if (const Modalities has = session_->model.modalities(); has.bytes && has.image) {
      result.without_image_encoder = evaluate_with({.bytes = true, .image = false}, "bytes_encoder");
      result.without_bytes_encoder = evaluate_with({.bytes = false, .image = true}, "image_encoder");
    }
    if (!session_->validation_complete || session_->train->statistics().bytes > baseline_bytes_limit) return;
    const auto texts = [](const Dataset& data) {
      std::vector<std::string> all;
      for (std::int64_t i = 0; i < data.statistics().documents; ++i) all.push_back(data.document_text(i));
      return all;
    };
    const std::vector<std::string> train = texts(*session_->train), test = texts(*session_->validation);
    result.baseline = ngram_baseline({train.begin(), train.end()}, {test.begin(), test.end()});
  }

  const Recipe& recipe_;
  TrainingState state_;
  std::optional<Session> session_;
  std::optional<Stepper> stepper_;
  std::optional<RunFolder> folder_;
};

void flatten(const Json& json, const std::string& prefix, std::map<std::string, Json>& out) {
  for (const auto& [key, value] : json.items()) {
    const std::string name = prefix.empty() ? key : prefix + "." + key;
    if (value.is_object())
      flatten(value, name, out);
    else
      out[name] = value;
  }
}

}  // namespace

TrainResult train(const Recipe& recipe, bool resume) { return Run(recipe, resume)(); }

std::vector<std::string> training_differences(const Recipe& before, const Recipe& now) {
  std::map<std::string, Json> old_values, new_values;
  flatten(before.json(), "", old_values);
  flatten(now.json(), "", new_values);
  std::vector<std::string> differences;
  const auto text = [](const std::map<std::string, Json>& values, const std::string& key) {
    const auto found = values.find(key);
    return found == values.end() ? std::string("absent") : found->second.dump();
  };
  std::set<std::string> keys;
  for (const auto& [key, value] : old_values) keys.insert(key);
  for (const auto& [key, value] : new_values) keys.insert(key);
  // Only a constant rate does not depend on where training ends.
  const bool constant = before.string("train.schedule") == "constant" && now.string("train.schedule") == "constant";
  for (const std::string& key : keys) {
    if (harmless_keys.contains(key) || text(old_values, key) == text(new_values, key)) continue;
    if (key == "train.steps" && constant) continue;
    differences.push_back(fmt::format(
        "{}: {} then, {} now{}", key, text(old_values, key), text(new_values, key),
        key == "train.steps" ? " (the learning rate follows its end; to go on longer, start a new run from the "
                               "checkpoint with model.from, or train with train.schedule = \"constant\")"
                             : ""));
  }
  return differences;
}

Json TrainResult::to_json() const {
  Json json{{"run", run.string()},
            {"checkpoint", checkpoint.string()},
            {"first_step", first_step},
            {"last_step", last_step},
            {"steps", steps},
            {"seconds", seconds},
            {"words_per_second", words_per_second},
            {"loss", loss},
            {"parameters", parameters},
            {"peak_memory_bytes", peak_memory}};
  if (before) json["before"] = evaluation_json(*before);
  if (after) json["after"] = evaluation_json(*after);
  if (without_image_encoder) json["without_image_encoder"] = evaluation_json(*without_image_encoder);
  if (without_bytes_encoder) json["without_bytes_encoder"] = evaluation_json(*without_bytes_encoder);
  for (const Sample& sample : samples) json["samples"].push_back({{"prompt", sample.prompt}, {"text", sample.text}});
  if (baseline)
    json["baseline"] = {{"byte_unigram_bits_per_byte", baseline->unigram_bits_per_byte},
                        {"byte_trigram_bits_per_byte", baseline->trigram_bits_per_byte}};
  return json;
}

}  // namespace welt
