// See weight_files.h.
#include "core/checkpoint/weight_files.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <span>

#include "core/base/json.h"
#include "core/tensor/tensor_io.h"

namespace welt {
namespace {

using Planned = std::span<const PlannedTensor>;

void write_one(const std::filesystem::path& file, Planned tensors) {
  std::vector<NamedTensor> made;
  std::map<std::string, std::string> metadata{{"format", "pt"}};
  for (const PlannedTensor& tensor : tensors) {
    made.emplace_back(tensor.name, tensor.make());
    for (const std::string& name : tensor.other_names) metadata[name] = tensor.name;
  }
  save_tensors(file, made, metadata);
}

// Runs of tensors that go into a file each.
std::vector<Planned> shards_of(Planned tensors, std::int64_t largest) {
  std::vector<Planned> shards;
  std::size_t first = 0;
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (largest > 0 && i > first && bytes + tensors[i].bytes > largest) {
      shards.push_back(tensors.subspan(first, i - first));
      first = i, bytes = 0;
    }
    bytes += tensors[i].bytes;
  }
  shards.push_back(tensors.subspan(first));
  return shards;
}

}  // namespace

std::int64_t write_weight_files(const std::filesystem::path& folder, const std::vector<PlannedTensor>& tensors,
                                std::int64_t largest) {
  const std::vector<Planned> shards = shards_of(tensors, largest);
  if (shards.size() == 1) {
    write_one(folder / "model.safetensors", tensors);
    return 1;
  }
  nlohmann::json map = nlohmann::json::object();
  std::int64_t total = 0;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const std::string file = fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size());
    write_one(folder / file, shards[i]);
    for (const PlannedTensor& tensor : shards[i]) map[tensor.name] = file, total += tensor.bytes;
  }
  write_json(folder / "model.safetensors.index.json", {{"metadata", {{"total_size", total}}}, {"weight_map", map}});
  return static_cast<std::int64_t>(shards.size());
}

}  // namespace welt
