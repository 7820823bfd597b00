// Two files of tensors laid side by side, in the order of computation: where do two runs begin to differ? What
// `welt component compare` prints. [any thread]
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace welt {

// One name that both files have.
struct ComparedTensor {
  std::string name;
  std::string problem;        // "": same shape, both numbers; else what makes the values incomparable
  double largest = 0;         // |a| of a's largest value
  double difference = 0;      // largest |a − b|; infinity where one is NaN or infinite and the other is not the same
  std::vector<long> at = {};  // where that is
  bool differs = false;
};

struct RunComparison {
  std::vector<ComparedTensor> tensors;  // in the order of the first file: traces stand before outputs there
  std::vector<std::string> only_a, only_b;
  const ComparedTensor* first() const;  // the first that differs; null: none does
  bool equal() const { return first() == nullptr && only_a.empty() && only_b.empty(); }
};

// A tensor differs where |a − b| > tolerance · largest |a|, where its shapes do, or where one value alone is not
// finite. Types may differ: values are compared in float64. Inputs (in/, w/, valid) are not compared. Throws Error
// for a file that is not one, or when the two have no name in common.
RunComparison compare_runs(const std::filesystem::path& a, const std::filesystem::path& b, double tolerance);

}  // namespace welt
