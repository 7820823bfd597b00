// A run's folder on disk: merged recipe, log, checkpoints.
//
//   runs/<name>/recipe.toml  plugins.json  inputs.json  log.jsonl  warnings.log  samples.jsonl  summary.json
//               checkpoints/step-00000400/{config.json, welt.json, model.safetensors, training/…}
//               best/step-00000300/{config.json, welt.json, model.safetensors}
//
// One process at a time trains in it: the folder is locked while a RunFolder of it lives; another one is refused.
// A checkpoint is written under a temporary name, synced and renamed: a kill at any instant leaves whole ones only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"

namespace welt {

// What a checkpoint of task = "train-embedding" has in place of config.json and welt.json.
inline constexpr const char* embedding_file = "embedding.json";

struct CheckpointInfo {
  std::int64_t step;
  std::filesystem::path path;
};

class RunFolder {
 public:
  // A new folder <parent>/<name>, or <name>-2, -3 … when it is taken.
  static RunFolder create(const std::filesystem::path& parent, const std::string& name);
  // The newest folder of that name (<name>, <name>-2, …, whether or not all of these are there) that has a checkpoint;
  // an empty path when there is none. Throws Error where that cannot be looked at.
  static std::filesystem::path find_resumable(const std::filesystem::path& parent, const std::string& name);
  // An existing folder; removes what an interrupted checkpoint left behind.
  static RunFolder open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  void write(const std::string& file, std::string_view content) const;  // atomically

  // Adds lines to a file of text, which may not be there yet.
  void append(const std::string& file, const std::vector<std::string>& lines) const;

  // One JSON object as one line of log.jsonl, flushed.
  void log(const nlohmann::json& line) const;
  // Drops the lines of steps after `step` (an interrupted run may have logged further than it saved) and a cut-off end.
  void rewind_log(std::int64_t step) const;

  std::vector<CheckpointInfo> checkpoints() const;  // ascending
  // Renames a damaged checkpoint so that it counts as none; returns its new path.
  std::filesystem::path put_aside(const std::filesystem::path& checkpoint) const;
  // Calls `fill` with an empty temporary folder, then publishes it as the checkpoint of `step` and removes all but the
  // newest `keep`, and those that somebody reads at that moment. A checkpoint of that step that exists already is left
  // as it is.
  std::filesystem::path write_checkpoint(std::int64_t step, std::int64_t keep,
                                         const std::function<void(const std::filesystem::path&)>& fill) const;
  // The same for the best checkpoint, best/step-…: it takes the place of one of the same step. Those of other steps
  // stay until keep_best(): a run that is killed goes on from a checkpoint that may know another best.
  std::filesystem::path write_best(std::int64_t step,
                                   const std::function<void(const std::filesystem::path&)>& fill) const;
  // Removes all best checkpoints but those of `steps`.
  void keep_best(const std::vector<std::int64_t>& steps) const;
  bool has_best(std::int64_t step) const;

 private:
  class Lock;
  explicit RunFolder(std::filesystem::path path);
  std::filesystem::path best_folder(std::int64_t step) const;
  std::filesystem::path path_;
  std::shared_ptr<const Lock> lock_;
};

// A run folder (its newest whole checkpoint; a newer one that is damaged is named in a warning) or a checkpoint folder
// → the checkpoint. Until this process ends no trainer beside it removes it. Throws Error naming what was looked for.
std::filesystem::path find_checkpoint(const std::filesystem::path& run_or_checkpoint);
// The same, whole or not: for who asks only where it lies, or is to say what is wrong with it.
std::filesystem::path newest_checkpoint(const std::filesystem::path& run_or_checkpoint);

// The checkpoints of a run folder, in ascending order.
std::vector<CheckpointInfo> list_checkpoints(const std::filesystem::path& run);

// Throws Error (not_found, data_loss) where a file of a run's checkpoint is missing, cut or unreadable. Values of
// tensors are not read.
void check_whole(const std::filesystem::path& checkpoint);
// Is it an error of a checkpoint that is not whole?
bool is_damage(const Error& error);

// The recipe.toml of the run that a checkpoint belongs to; an empty path where there is none.
std::filesystem::path run_recipe(const std::filesystem::path& checkpoint);

}  // namespace welt
