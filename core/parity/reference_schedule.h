// Learning rates as transformers' get_scheduler and the Python WeLT's trainer have them, from their own options.
#pragma once

#include <nlohmann/json.hpp>

namespace welt {

// {"name", "lr", "steps", "warmup_steps", "warmup_ratio", "kwargs", "group_lr", "run", "metrics", "keep", "lr_of_step"}
// →
// {"warmup", "lr_of_step": {"1": rate, …}}, the rate of an update k, a list where there are groups. Steps: the keys of
// lr_of_step, else keep, else 1 … run (or steps). Other keys are ignored. Throws Error where the reference fails, too.
nlohmann::json reference_rates(const nlohmann::json& request);

}  // namespace welt
