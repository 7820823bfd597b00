// See schedule.h.
#include "core/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/recipe/choices.h"

namespace welt {
namespace {

using Options = ScheduleOptions;
using std::numbers::pi;

double between(const Options& options, double share) {
  return std::max(0.0, share * (1 - options.final_ratio) + options.final_ratio);
}

// How much of the way from the warm-up's end to the last step is behind.
double done(const Options& options, double step) {
  const auto warmup = static_cast<double>(options.warmup_steps);
  const double way = (step - warmup) / std::max(1.0, static_cast<double>(options.steps) - warmup);
  return options.beyond ? way : std::min(1.0, way);
}

double cosine_of(double cycles, double way) { return 0.5 * (1 + std::cos(pi * cycles * 2 * way)); }

double constant(const Options&, double) { return 1; }

double linear(const Options& options, double step) {
  return 1 - (1 - options.final_ratio) * std::min(1.0, done(options, step));
}

double cosine(const Options& options, double step) {
  return between(options, cosine_of(options.cycles, done(options, step)));
}

double restarts(const Options& options, double step) {
  const double way = done(options, step);
  return way >= 1 ? options.final_ratio
                  : between(options, 0.5 * (1 + std::cos(pi * std::fmod(options.cycles * way, 1))));
}

double polynomial(const Options& options, double step) {
  const double left = std::max(0.0, 1 - done(options, step));
  return between(options, std::pow(left, options.power));
}

double inverse_sqrt(const Options& options, double step) {
  const auto warmup = static_cast<double>(options.warmup_steps);
  const double scale = options.timescale > 0 ? static_cast<double>(options.timescale) : warmup > 0 ? warmup : 10000.0;
  return 1 / std::sqrt((step + scale - warmup) / scale);
}

double wsd(const Options& options, double step) {
  const auto warmup = static_cast<double>(options.warmup_steps), decay = static_cast<double>(options.decay_steps);
  const double stable = options.stable_steps >= 0 ? static_cast<double>(options.stable_steps)
                                                  : static_cast<double>(options.steps) - warmup - decay;
  if (step < warmup + stable) return 1;
  if (step >= warmup + stable + decay) return options.final_ratio;
  const double way = (step - warmup - stable) / std::max(1.0, decay);
  if (options.decay_shape == "linear") return between(options, 1 - way);
  if (options.decay_shape == "1-sqrt") return between(options, 1 - std::sqrt(way));
  return between(options, cosine_of(options.cycles, way));
}

double warmup_share(const Options& options, double step) {
  const double way = step / static_cast<double>(options.warmup_steps);
  if (options.name != "wsd") return way;
  const std::string& shape = options.warmup_shape;
  return between(options, shape == "cosine"   ? 0.5 * (1 - std::cos(pi * way))
                          : shape == "1-sqrt" ? 1 - std::sqrt(1 - way)
                                              : way);
}

// As the MatMul-free language models were trained (Zhu et al. 2024, arXiv:2406.02528).
double cosine_halved(const Options& options, double step) {
  return cosine(options, step) * (done(options, step) < 0.5 ? 1 : 0.5);
}

}  // namespace

const std::vector<Schedule>& schedules() {
  static const std::vector<Schedule> all{
      {"constant", "the highest rate", /*has_end=*/false, constant},
      {"linear", "a line down to train.final_ratio", /*has_end=*/true, linear},
      {"cosine", "half a cosine down to train.final_ratio", /*has_end=*/true, cosine},
      {"cosine_halved", "the same, and from the middle on half of it", /*has_end=*/true, cosine_halved},
      {"restarts", "train.cycles half cosines, each from the top", /*has_end=*/true, restarts},
      {"polynomial", "a power of the share that is left, down to train.final_ratio", /*has_end=*/true, polynomial},
      {"inverse_sqrt", "falls with the root of the steps", /*has_end=*/false, inverse_sqrt},
      {"wsd", "the highest rate, then train.decay_steps down to train.final_ratio", /*has_end=*/true, wsd}};
  return all;
}

const Schedule& find_schedule(std::string_view name) { return find_choice(schedules(), name, "train.schedule"); }

double schedule_share(const Options& options, double step) {
  if (step < static_cast<double>(options.warmup_steps)) return warmup_share(options, step);
  return find_schedule(options.name).share(options, step);
}

double learning_rate(const Options& options, std::int64_t step) {
  return options.peak * schedule_share(options, static_cast<double>(options.from_zero ? step - 1 : step));
}

std::int64_t warmup_of(std::int64_t warmup_steps, double ratio, std::int64_t steps) {
  return warmup_steps > 0 ? warmup_steps : static_cast<std::int64_t>(std::ceil(static_cast<double>(steps) * ratio));
}

void add_schedule_keys(std::vector<RecipeKey>& keys) {
  const auto shape = [](const char* name, const char* fallback, const char* help) {
    return choice_key(name, fallback, help, {"linear", "cosine", "1-sqrt"});
  };
  keys.push_back({"train.learning_rate", "number", 6e-4, "Highest learning rate", 0, recipe_no_limit});
  keys.push_back(table_key("train.schedule", "cosine", "The learning rate after the warm-up", schedules()));
  keys.push_back(
      {"train.warmup_steps", "integer", 50, "Steps in which the learning rate rises from 0", 0, recipe_no_limit});
  keys.push_back({"train.warmup_ratio", "number", 0.0,
                  "The same as a share of all steps, rounded up; above 0 it counts in place of train.warmup_steps", 0,
                  1});
  keys.push_back({"train.final_ratio", "number", 0.1, "Learning rate at the end, as a share of the highest", 0, 1});
  keys.push_back({"train.cycles", "integer", 1, "Half cosines of the schedule restarts", 1, 1e6});
  keys.push_back({"train.power", "number", 1.0, "Power of the schedule polynomial", 0, 100});
  keys.push_back({"train.decay_steps", "integer", 0,
                  "Steps in which the schedule wsd falls at the end; 0: a tenth of all", 0, recipe_no_limit});
  keys.push_back(shape("train.decay_shape", "cosine", "How wsd falls"));
  keys.push_back(shape("train.warmup_shape", "linear", "How wsd rises"));
  keys.push_back({"train.timescale", "integer", 0,
                  "Steps of inverse_sqrt's unit of time; 0: those of the warm-up, or 10000 without one", 0,
                  recipe_no_limit});
}

ScheduleOptions schedule_options(const Recipe& recipe) {
  const double ratio = recipe.number("train.warmup_ratio");
  const std::int64_t steps = recipe.integer("train.steps"), decay = recipe.integer("train.decay_steps");
  const std::string name = recipe.string("train.schedule");
  const std::int64_t warmup = warmup_of(ratio > 0 ? 0 : recipe.integer("train.warmup_steps"), ratio, steps);
  if (name == "wsd" && decay > 0 && steps > 0 && warmup + decay > steps)
    fail({recipe.where("train.decay_steps") + ": train.decay_steps",
          fmt::format("{} behind a warm-up of {} of {} steps", decay, warmup, steps),
          fmt::format("at most {}", std::max<std::int64_t>(steps - warmup, 0)),
          "Lower train.decay_steps or the warm-up, or raise train.steps"});
  return {.name = name,
          .peak = recipe.number("train.learning_rate"),
          .final_ratio = recipe.number("train.final_ratio"),
          .warmup_steps = warmup,
          .steps = steps,
          .cycles = name == "restarts" ? static_cast<double>(recipe.integer("train.cycles")) : 0.5,
          .power = recipe.number("train.power"),
          .decay_steps = decay > 0 ? decay : (steps + 9) / 10,
          .warmup_shape = recipe.string("train.warmup_shape"),
          .decay_shape = recipe.string("train.decay_shape"),
          .timescale = recipe.integer("train.timescale"),
          .from_zero = recipe.boolean("compat.schedule_from_zero")};
}

}  // namespace welt
