// See reference_schedule.h.
#include "core/parity/reference_schedule.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/json_fields.h"
#include "core/train/schedule.h"

namespace welt {
namespace {

using Json = nlohmann::json;
using Share = std::function<double(std::int64_t step)>;  // of the rate, after so many steps

constexpr std::int64_t most_steps = 10'000'000, most_told = 1'000'000;

[[noreturn]] void refuse(const std::string& name, const Json& value, std::string_view expected) {
  fail({fmt::format("the field \"{}\"", name), fmt::format("{:.80}", json_text(value)), std::string(expected), {}});
}

double number(const Json& object, const char* name, double fallback) {
  const Json* value = value_in(object, name);
  if (!value) return fallback;
  if (!value->is_number() || !std::isfinite(value->get<double>())) refuse(name, *value, "a number");
  return *value;
}

std::int64_t integer(const Json& object, const char* name, std::int64_t fallback) {
  const Json* value = value_in(object, name);
  if (!value) return fallback;
  if (!is_integer_in(*value, 0, most_steps)) refuse(name, *value, fmt::format("an integer from 0 to {}", most_steps));
  return *value;
}

std::string text(const Json& object, const char* name, const std::string& fallback,
                 const std::vector<std::string>& choices) {
  const Json* value = value_in(object, name);
  if (!value) return fallback;
  if (!value->is_string() || std::ranges::find(choices, value->get<std::string>()) == choices.end())
    refuse(name, *value, fmt::format("one of {}", fmt::join(choices, ", ")));
  return *value;
}

struct Request {
  std::string name;
  double rate;
  std::int64_t steps, warmup;
  Json kwargs;
};

// The function takes these keyword arguments and no others.
void require_known(const Request& request, const std::vector<std::string>& known) {
  for (const auto& [key, value] : request.kwargs.items()) {
    if (std::ranges::find(known, key) != known.end()) continue;
    const std::string near = nearest(key, known);
    fail({fmt::format("kwargs of {}", request.name), fmt::format("\"{}\"", key),
          known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", ")),
          near.empty() ? "" : fmt::format("Did you mean \"{}\"?", near)});
  }
}

ScheduleOptions options_of(const Request& request, std::string name) {
  return {.name = std::move(name),
          .peak = 1,
          .final_ratio = 0,
          .warmup_steps = request.warmup,
          .steps = request.steps,
          .beyond = true};
}

Share share_of(ScheduleOptions options) {
  return
      [options = std::move(options)](std::int64_t step) { return schedule_share(options, static_cast<double>(step)); };
}

// min_lr or min_lr_rate, one of them.
double floor_of(const Request& request) {
  const bool rate = value_in(request.kwargs, "min_lr"), share = value_in(request.kwargs, "min_lr_rate");
  if (rate == share)
    fail({fmt::format("kwargs of {}", request.name),
          rate ? "min_lr and min_lr_rate" : "neither min_lr nor min_lr_rate",
          "one of them",
          {}});
  return rate ? number(request.kwargs, "min_lr", 0) / request.rate : number(request.kwargs, "min_lr_rate", 0);
}

Share polynomial(const Request& request) {
  require_known(request, {"lr_end", "power"});
  const double end = number(request.kwargs, "lr_end", 1e-7);
  if (!(request.rate > end)) refuse("lr", request.rate, fmt::format("more than lr_end, {}", end));
  ScheduleOptions options = options_of(request, "polynomial");
  options.final_ratio = end / request.rate;
  options.power = number(request.kwargs, "power", 1);
  return share_of(std::move(options));
}

Share floored_cosine(const Request& request) {
  require_known(request, {"min_lr", "min_lr_rate", "num_cycles"});
  ScheduleOptions options = options_of(request, "cosine");
  options.final_ratio = floor_of(request);
  options.cycles = number(request.kwargs, "num_cycles", 0.5);
  return share_of(std::move(options));
}

// Its warm-up ends, and its cosine begins, a step earlier than those of the others.
Share warmed_floored_cosine(const Request& request) {
  require_known(request, {"min_lr", "min_lr_rate", "num_cycles", "warmup_lr_rate"});
  ScheduleOptions options = options_of(request, "cosine");
  options.final_ratio = floor_of(request);
  options.cycles = number(request.kwargs, "num_cycles", 0.5);
  const bool from_given = value_in(request.kwargs, "warmup_lr_rate");
  const double from = number(request.kwargs, "warmup_lr_rate", 0);
  return [options, from_given, from](std::int64_t step) {
    const auto at = static_cast<double>(step), warmup = static_cast<double>(options.warmup_steps);
    if (at >= warmup) return schedule_share(options, at + 1);
    return from_given ? from + (1 - from) * at / std::max(1.0, warmup - 1) : (at + 1) / std::max(1.0, warmup);
  };
}

Share stable_decay(const Request& request) {
  require_known(request,
                {"num_decay_steps", "num_stable_steps", "warmup_type", "decay_type", "min_lr_ratio", "num_cycles"});
  if (!value_in(request.kwargs, "num_decay_steps"))
    fail({fmt::format("kwargs of {}", request.name), "no num_decay_steps", "how many steps the decay takes", {}});
  const std::vector<std::string> shapes{"linear", "cosine", "1-sqrt"};
  ScheduleOptions options = options_of(request, "wsd");
  options.final_ratio = number(request.kwargs, "min_lr_ratio", 0);
  options.cycles = number(request.kwargs, "num_cycles", 0.5);
  options.decay_steps = integer(request.kwargs, "num_decay_steps", 0);
  if (value_in(request.kwargs, "num_stable_steps"))
    options.stable_steps = integer(request.kwargs, "num_stable_steps", 0);
  options.warmup_shape = text(request.kwargs, "warmup_type", "linear", shapes);
  options.decay_shape = text(request.kwargs, "decay_type", "cosine", shapes);
  return share_of(std::move(options));
}

Share cosine(const Request& request) {
  require_known(request, {"num_cycles"});
  ScheduleOptions options = options_of(request, "cosine");
  options.cycles = number(request.kwargs, "num_cycles", 0.5);
  return share_of(std::move(options));
}

Share restarts(const Request& request) {
  require_known(request, {"num_cycles"});
  ScheduleOptions options = options_of(request, "restarts");
  options.cycles = number(request.kwargs, "num_cycles", 1);
  return share_of(std::move(options));
}

Share linear(const Request& request) {
  require_known(request, {});
  return share_of(options_of(request, "linear"));
}

// Of these the reference ignores any argument.
Share constant(const Request&) {
  return [](std::int64_t) { return 1.0; };
}
Share warmed_constant(const Request& request) { return share_of(options_of(request, "constant")); }
Share inverse_sqrt(const Request& request) { return share_of(options_of(request, "inverse_sqrt")); }

struct Named {
  const char* name;
  Share (*make)(const Request&);
};
constexpr Named named[] = {{"constant", constant},
                           {"constant_with_warmup", warmed_constant},
                           {"linear", linear},
                           {"cosine", cosine},
                           {"cosine_with_restarts", restarts},
                           {"polynomial", polynomial},
                           {"inverse_sqrt", inverse_sqrt},
                           {"cosine_with_min_lr", floored_cosine},
                           {"cosine_warmup_with_min_lr", warmed_floored_cosine},
                           {"warmup_stable_decay", stable_decay}};
constexpr const char* plateau_name = "reduce_lr_on_plateau";

// torch's ReduceLROnPlateau: the rates of updates 1 … run of one group, each followed by its metric.
std::vector<double> plateau(const Request& request, double rate, const std::vector<double>& metrics, std::size_t run) {
  require_known(request, {"mode", "factor", "patience", "threshold", "threshold_mode", "cooldown", "min_lr", "eps"});
  const Json& args = request.kwargs;
  const bool least = text(args, "mode", "min", {"min", "max"}) == "min";
  const bool relative = text(args, "threshold_mode", "rel", {"rel", "abs"}) == "rel";
  const double factor = number(args, "factor", 0.1), threshold = number(args, "threshold", 1e-4),
               floor = number(args, "min_lr", 0), epsilon = number(args, "eps", 1e-8);
  if (factor >= 1) refuse("factor", factor, "less than 1");
  const std::int64_t patience = integer(args, "patience", 10), cooldown = integer(args, "cooldown", 0);
  double best = least ? std::numeric_limits<double>::infinity() : -std::numeric_limits<double>::infinity();
  std::int64_t bad = 0, cooling = 0;
  std::vector<double> rates;
  for (std::size_t k = 0; k < run; ++k) {
    rates.push_back(rate);
    const double metric = metrics[k];
    const double bound = relative ? (least ? best * (1 - threshold) : best * (1 + threshold))
                                  : (least ? best - threshold : best + threshold);
    const bool better = least ? metric < bound : metric > bound;
    if (better) best = metric;
    bad = better ? 0 : bad + 1;
    if (cooling > 0) {
      --cooling;
      bad = 0;
    }
    if (bad <= patience) continue;
    const double lower = std::max(rate * factor, floor);
    if (rate - lower > epsilon) rate = lower;
    cooling = cooldown;
    bad = 0;
  }
  return rates;
}

std::vector<double> metrics_of(const Json& request, std::int64_t run) {
  const Json* values = value_in(request, "metrics");
  const bool fits = values && values->is_array() && std::ssize(*values) >= run &&
                    std::ranges::all_of(*values, [](const Json& value) { return value.is_number(); });
  if (!fits) refuse("metrics", values ? *values : Json(), fmt::format("{} numbers, one after each update", run));
  return values->get<std::vector<double>>();
}

std::vector<std::int64_t> wanted_steps(const Json& request, std::int64_t run) {
  std::vector<std::int64_t> steps;
  const auto add = [&](const Json& value) {
    if (!value.is_number_integer() || value.get<std::int64_t>() < 1 || value.get<std::int64_t>() > run)
      refuse("keep", value, fmt::format("steps, 1 to {}", run));
    steps.push_back(value);
  };
  if (const Json* kept = value_in(request, "lr_of_step"); kept && kept->is_object()) {
    for (const auto& [key, value] : kept->items())
      add(!key.empty() && key.size() < 9 && std::ranges::all_of(key, [](char c) { return c >= '0' && c <= '9'; })
              ? Json(std::stoll(key))
              : Json(key));
  } else if (const Json* listed = value_in(request, "keep"); listed && listed->is_array()) {
    for (const Json& value : *listed) add(value);
  } else {
    if (run > most_told) refuse("keep", Json(), fmt::format("the steps to be told: {} are too many", run));
    for (std::int64_t k = 1; k <= run; ++k) steps.push_back(k);
  }
  return steps;
}

std::vector<double> rates_of(const Json& request, double rate) {
  const Json* groups = value_in(request, "group_lr");
  if (!groups) return {rate};
  const bool fits = groups->is_array() && !groups->empty() &&
                    std::ranges::all_of(*groups, [](const Json& value) { return value.is_number(); });
  if (!fits) refuse("group_lr", *groups, "a list of numbers, not empty");
  return groups->get<std::vector<double>>();
}

Request read(const Json& given) {
  Request request;
  const Json* name = value_in(given, "name");
  if (!name || !name->is_string()) refuse("name", name ? *name : Json(), "a schedule's name");
  request.name = *name;
  if (!value_in(given, "lr")) refuse("lr", Json(), "a number");
  if (!value_in(given, "steps")) refuse("steps", Json(), "an integer");
  request.rate = number(given, "lr", 0);
  request.steps = integer(given, "steps", 0);
  const double ratio = number(given, "warmup_ratio", 0);
  if (ratio < 0 || ratio > 1) refuse("warmup_ratio", ratio, "0 to 1");
  request.warmup = warmup_of(integer(given, "warmup_steps", 0), ratio, request.steps);
  const Json* kwargs = value_in(given, "kwargs");
  if (kwargs && !kwargs->is_object()) refuse("kwargs", *kwargs, "an object");
  request.kwargs = kwargs ? *kwargs : Json::object();
  return request;
}

Share find_share(const Request& request) {
  std::vector<std::string> names{plateau_name};
  for (const Named& one : named) {
    if (request.name == one.name) return one.make(request);
    names.emplace_back(one.name);
  }
  const std::string near = nearest(request.name, names);
  fail({"the field \"name\"", fmt::format("\"{:.60}\"", request.name), fmt::format("one of {}", fmt::join(names, ", ")),
        near.empty() ? "" : fmt::format("Did you mean \"{}\"?", near)});
}

}  // namespace

Json reference_rates(const Json& given) {
  const Request request = read(given);
  const std::int64_t run = integer(given, "run", request.steps);
  const std::vector<double> rates = rates_of(given, request.rate);
  const std::vector<std::int64_t> steps = wanted_steps(given, run);
  const bool grouped = value_in(given, "group_lr");
  std::vector<std::vector<double>> plateaus;
  Share share;
  if (request.name == plateau_name) {
    const std::vector<double> metrics = metrics_of(given, run);
    for (const double rate : rates) plateaus.push_back(plateau(request, rate, metrics, static_cast<std::size_t>(run)));
  } else {
    share = find_share(request);
  }
  Json of_step = Json::object();
  for (const std::int64_t k : steps) {
    Json values = Json::array();
    for (std::size_t group = 0; group < rates.size(); ++group)
      values.push_back(share ? rates[group] * share(k - 1) : plateaus[group][static_cast<std::size_t>(k - 1)]);
    of_step[std::to_string(k)] = grouped ? values : values.front();
  }
  return {{"warmup", request.warmup}, {"lr_of_step", of_step}};
}

}  // namespace welt
