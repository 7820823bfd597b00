// What two checkpoints, or Hugging Face folders, have apart: configurations, names, shapes, values.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace welt {

struct DifferentKey {
  std::string file, key;  // "config.json", "/latent_transformer/hidden_size"
  nlohmann::json a, b;    // null: it is not there
};

struct DifferentTensor {
  std::string name;
  std::string problem;  // "": the values can be compared; else why not: shapes, types that are not read
  std::string a_dtype, b_dtype;
  double a_norm = 0, norm = 0;  // of a, and of b − a, in float64 (Euclidean)
  double largest = 0;           // |b − a|; infinity where one value alone is NaN or infinite
  bool equal() const { return problem.empty() && largest == 0; }
};

struct CheckpointDiff {
  std::filesystem::path a, b;  // the checkpoints' folders
  std::vector<DifferentKey> keys;
  std::vector<std::string> only_a, only_b;
  std::vector<DifferentTensor> tensors;  // all that both have, by name
  bool equal() const;
};

// Values of different types are compared as they are, in float64. Files stay mapped; a few million values are
// in memory at a time.
CheckpointDiff diff_checkpoints(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace welt
