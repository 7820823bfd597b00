// See training_loop.h.
#include "core/train/training_loop.h"

#include <csignal>

#include "core/base/log.h"
#include "core/base/progress.h"
#include "core/base/shell.h"
#include "core/base/stopwatch.h"
#include "core/train/resume.h"

namespace welt {

void run_steps(const Recipe& recipe, TrainingState& state, const StopSignal& stop, const LoopParts& parts) {
  const std::int64_t steps = recipe.integer("train.steps"), log_every = recipe.integer("train.log_every"),
                     eval_every = recipe.integer("train.eval_every"),
                     checkpoint_every = recipe.integer("train.checkpoint_every");
  Progress progress("train", steps);
  const auto start = Clock::now();
  const double seconds_before = state.seconds;
  progress.update(state.step);
  while (!is_done(recipe, state) && !stop.received()) {
    const std::string extra = parts.step();
    state.seconds = seconds_before + seconds_since(start);
    const std::int64_t k = state.step;
    if (k % log_every == 0 || k == steps) parts.log();
    progress.update(k, extra);
    if (eval_every > 0 && k % eval_every == 0 && parts.evaluate && (k < steps || parts.evaluates_at_end))
      parts.evaluate(k);
    if (checkpoint_every > 0 && k % checkpoint_every == 0 && k < steps) parts.save();
  }
}

std::filesystem::path open_newest_whole(const Recipe& recipe, const RunFolder& folder, TrainingState& state,
                                        bool& finished) {
  ResumePoint point = find_resume_point(recipe, folder.path());
  for (const ResumePoint::Damaged& damaged : point.damaged)
    log_warning("train", "{} It is now {}; going on from {}", damaged.error,
                folder.put_aside(damaged.checkpoint).string(), point.checkpoint.string());
  state = std::move(point.state);
  finished = point.finished;
  return point.checkpoint;
}

std::string stopped_text(int signal, std::int64_t step, std::int64_t steps, const std::filesystem::path& checkpoint,
                         const std::filesystem::path& run) {
  const char* name = signal == SIGINT ? "SIGINT" : signal == SIGHUP ? "SIGHUP" : "SIGTERM";
  return fmt::format("Stopped by {} after step {} of {}; saved {}\nContinue: welt run {} --resume\n", name, step, steps,
                     checkpoint.string(), shell_word((run / "recipe.toml").string()));
}

}  // namespace welt
