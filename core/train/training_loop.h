// What every training run does, whatever it trains: the loop over steps, a start that fails and leaves nothing, and
// errors that say what is kept.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/checkpoint/run_folder.h"
#include "core/recipe/recipe.h"
#include "core/train/stop_signal.h"
#include "core/train/training_state.h"

namespace welt {

// A run's folder that nothing has been learnt in: a start that fails takes it away again.
struct Unstarted {
  std::filesystem::path folder;
  Unstarted() = default;
  Unstarted(const Unstarted&) = delete;
  Unstarted& operator=(const Unstarted&) = delete;
  ~Unstarted() {
    std::error_code ignored;
    if (!folder.empty()) std::filesystem::remove_all(folder, ignored);
  }
};

struct LoopParts {
  std::function<std::string()> step;           // takes the step behind state.step; gives the progress line's end
  std::function<void()> log;                   // of the step that was taken
  std::function<void(std::int64_t)> evaluate;  // empty: nothing is held out
  std::function<void()> save;
  bool evaluates_at_end = false;  // in the loop; else who calls does
};

// Steps until the recipe's end, its time limit, `stop`, or state.stopped_early.
void run_steps(const Recipe& recipe, TrainingState& state, const StopSignal& stop, const LoopParts& parts);

// `state` becomes that of the newest checkpoint that can be read; damaged ones before it are put aside, and that is
// said. `finished`: whether there is nothing left to do.
std::filesystem::path open_newest_whole(const Recipe& recipe, const RunFolder& folder, TrainingState& state,
                                        bool& finished);

// For people: that `signal` stopped the run after `step` of `steps`, what was saved, and how to go on.
std::string stopped_text(int signal, std::int64_t step, std::int64_t steps, const std::filesystem::path& checkpoint,
                         const std::filesystem::path& run);

// An Error of `body` also says where the run is and what is kept of it.
template <typename Body>
auto telling_what_is_kept(const RunFolder& folder, Body&& body) {
  try {
    return body();
  } catch (const Error& error) {
    const std::vector<CheckpointInfo> kept = folder.checkpoints();
    throw Error(fmt::format("{} The run is in {}; {}", error.what(), folder.path().string(),
                            kept.empty() ? "it has no checkpoint yet."
                                         : "its last checkpoint is kept: " + kept.back().path.string() + "."),
                error.code());
  }
}

}  // namespace welt
