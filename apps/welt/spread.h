// What the benchmarks tell of repeated measurements.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

namespace welt {

// {"median", "min", "max"} of at least one value.
inline nlohmann::json spread(std::vector<double> values) {
  std::ranges::sort(values);
  return {{"median", values[values.size() / 2]}, {"min", values.front()}, {"max", values.back()}};
}

}  // namespace welt
