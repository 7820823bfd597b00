// What turns gradients into a step of the weights. A new optimizer is a file with its class, its keys and a row in the
// table of optimizer.cpp.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/model/welt_model.h"
#include "core/recipe/recipe.h"

namespace welt {

// [one thread]
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  // Changes every parameter that has a gradient; one without is not touched, not even by weight decay. Gradients stay
  // (core/train/gradients.h scales them before and drops them after).
  virtual void step(double learning_rate) = 0;
  // What a checkpoint keeps: "<parameter>.<what>", and where it lies.
  virtual std::vector<std::pair<std::string, at::Tensor*>> state() = 0;

  // The state in one file; load reports everything that does not fit at once.
  void save(const std::filesystem::path& file);
  void load(const std::filesystem::path& file);
};

using OptimizerFactory = std::function<std::unique_ptr<Optimizer>(const std::vector<ModelParameter>&)>;

struct OptimizerKind {
  std::string_view name;
  std::string_view help;  // a few words
  void (*add_keys)(std::vector<RecipeKey>& keys);
  OptimizerFactory (*read)(const Recipe& recipe);  // its keys' values
};

const std::vector<OptimizerKind>& optimizers();
void add_optimizer_keys(std::vector<RecipeKey>& keys);
OptimizerFactory optimizer_of(const Recipe& recipe);

}  // namespace welt
