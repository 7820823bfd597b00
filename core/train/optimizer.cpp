// See optimizer.h.
#include "core/train/optimizer.h"

#include <fmt/ranges.h>

#include "core/base/error.h"
#include "core/recipe/choices.h"
#include "core/tensor/finite.h"
#include "core/tensor/tensor_io.h"
#include "core/train/adamw.h"

namespace welt {

const std::vector<OptimizerKind>& optimizers() {
  static const std::vector<OptimizerKind> all{{"adamw", "Adam with decoupled weight decay", add_adamw_keys, adamw_of}};
  return all;
}

void add_optimizer_keys(std::vector<RecipeKey>& keys) {
  keys.push_back(table_key("train.optimizer", "adamw", "What turns gradients into steps", optimizers()));
  for (const OptimizerKind& kind : optimizers()) kind.add_keys(keys);
}

OptimizerFactory optimizer_of(const Recipe& recipe) {
  return find_choice(optimizers(), recipe.string("train.optimizer"), "train.optimizer").read(recipe);
}

void Optimizer::save(const std::filesystem::path& file) {
  std::vector<NamedTensor> tensors;
  for (const auto& [name, tensor] : state()) tensors.emplace_back(name, *tensor);
  save_tensors(file, tensors);
}

void Optimizer::load(const std::filesystem::path& path) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  std::vector<std::string> problems;
  for (const auto& [name, into] : state()) {
    const SafetensorsEntry* entry = file.find(name);
    if (!entry)
      problems.push_back(name + ": missing");
    else if (at::IntArrayRef(entry->shape) != into->sizes())
      problems.push_back(fmt::format("{}: shape {} in the file, {} in the model", name, shape_text(entry->shape),
                                     shape_text(into->sizes())));
    else if (const auto dtype = safetensors_dtype(into->scalar_type()); entry->dtype != dtype)
      problems.push_back(fmt::format("{}: type {} in the file, expected {}", name, entry->dtype, dtype));
    else if (const at::Tensor values = copied_tensor(file, *entry); !all_finite(values))
      problems.push_back(name + ": values that are not finite");
    else
      *into = values.to(into->device());
  }
  if (!problems.empty())
    fail({path.string(),
          fmt::format("the optimizer's state does not fit the model:\n  {}", fmt::join(problems, "\n  ")),
          {},
          "Resume with the recipe that wrote it, or remove this checkpoint to go on from the one before"});
}

}  // namespace welt
