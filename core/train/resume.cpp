// See resume.h.
#include "core/train/resume.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/safetensors.h"
#include "core/checkpoint/run_folder.h"
#include "core/train/pins.h"
#include "core/train/recipe_keys.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

constexpr const char* windows_key = "data.window_words";

std::string lines_of(const std::vector<Difference>& differences) {
  std::string text;
  for (const Difference& difference : differences) text += fmt::format("\n  {}: {}", difference.key, difference.text);
  return text;
}

void refuse(const Recipe& recipe, const std::vector<Difference>& differences, const std::string& what) {
  if (differences.empty()) return;
  fail({recipe.path().string(),
        fmt::format("{}:{}", what, lines_of(differences)),
        {},
        fmt::format("Start a new run (without --resume, or with --set name=…), set these back, or go on all the same "
                    "with --allow-changes {}",
                    differences.front().key)},
       ErrorCode::failed_precondition);
}

}  // namespace

fs::path run_to_resume(const Recipe& recipe) {
  const std::string parent = recipe.string("run_dir"), name = recipe.string("name");
  fs::path run = RunFolder::find_resumable(parent, name);
  if (run.empty())
    log_warning("train", "no run of name \"{}\" in {} has a checkpoint: starting at step 1", name, parent);
  return run;
}

ResumePoint find_resume_point(const Recipe& recipe, const fs::path& run) {
  ResumePoint point;
  std::optional<Error> newest;
  const std::vector<CheckpointInfo> all = list_checkpoints(run);
  for (auto at = all.rbegin(); at != all.rend(); ++at) {
    try {
      point.state = TrainingState::load(at->path);
      check_whole(at->path);
      SafetensorsFile::open(at->path / "training" / "optimizer.safetensors");
    } catch (const Error& error) {
      if (!is_damage(error)) throw;
      if (!newest) newest = error;
      point.damaged.push_back({at->path, error.what()});
      continue;
    }
    point.checkpoint = at->path;
    const BestOptions best = best_options(recipe);
    const std::string metric = point.state.best.metric;
    if (point.state.best.begin_anew_for(best))
      log_warning("train",
                  "train.best_metric is {}, and was {}: the best checkpoint is looked for anew, that of before is not "
                  "kept",
                  best.metric, metric);
    // More patience, or none, lets it go on.
    point.state.stopped_early = point.state.stopped_early && point.state.best.enough(best);
    point.finished = is_done(recipe, point.state) && fs::exists(run / "summary.json");
    return point;
  }
  throw *newest;  // a run to resume has one checkpoint at least
}

std::string ended_by(const Recipe& recipe, const TrainingState& state) {
  const double limit = recipe.number("train.minutes") * 60.0;
  if (state.step >= recipe.integer("train.steps")) return "train.steps";
  if (state.stopped_early) return "train.patience";
  return limit > 0 && state.seconds >= limit ? "train.minutes" : "";
}

void check_same_recipe(const Recipe& recipe, const fs::path& run, const std::vector<std::string>& allowed) {
  const Recipe before = load_recipe(run / "recipe.toml");
  std::vector<Difference> differences = training_differences(before, recipe);
  // What the run did not know says nothing: check_same_windows() looks at the text.
  if (!before.given(windows_key))
    std::erase_if(differences, [](const Difference& difference) { return difference.key == windows_key; });
  refuse(recipe, not_allowed(std::move(differences), allowed),
         fmt::format("this is not the recipe that {} was trained with", run.string()));
}

void check_same_inputs(const Recipe& recipe, const fs::path& run, nlohmann::json& inputs,
                       const std::vector<std::string>& allowed) {
  const fs::path file = run / "inputs.json";
  if (!fs::exists(file)) {
    log_warning("train", "{} is missing: whether text and plugins are those of before is not known", file.string());
    return;
  }
  const InputDifferences differences = input_differences(file, inputs);
  for (const Difference& told : differences.told) log_warning("train", "{}: {}", told.key, told.text);
  refuse(recipe, not_allowed(differences.decisive, allowed),
         fmt::format("what {} was trained with has changed", run.string()));
  inputs["from"] = differences.started_from;
}

void check_same_windows(const Recipe& recipe, const fs::path& run, std::int64_t windows,
                        const std::vector<std::string>& allowed) {
  if (windows < 2 || load_recipe(run / "recipe.toml").given(windows_key)) return;
  const std::string text = fmt::format(
      "all words at once then, in {} windows and another order now; {} = 0 goes on as then", windows, windows_key);
  refuse(recipe, not_allowed({{windows_key, text}}, allowed),
         fmt::format("{} began before text was trained on in windows", run.string()));
}

void check_same_words(const Recipe& recipe, const fs::path& run, const fs::path& checkpoint, const WeltSpec& spec,
                      const std::vector<std::string>& allowed) {
  const std::string then = WeltSpec::from_checkpoint(checkpoint).segmenter.fingerprint,
                    now = spec.segmenter.fingerprint;
  if (then.empty() || then == now) return;
  refuse(recipe, not_allowed({{"model.segmenter", fmt::format("words of {} then, of {} now", then, now)}}, allowed),
         fmt::format("what {} was trained with has changed", run.string()));
}

}  // namespace welt
