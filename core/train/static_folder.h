// What the tasks that write a static embedding share: where its tokenizer is, and the folder that they leave.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/recipe/recipe.h"
#include "core/tensor/tensor_io.h"

namespace welt {

// The tokenizer.json that the key names (a file, or the folder of one); where it says nothing, that of `folder`. Throws
// Error naming the key and the path.
std::filesystem::path tokenizer_of(const Recipe& recipe, std::string_view key, const std::filesystem::path& folder);

// <run_dir>/<name>. Throws Error when there is something already.
std::filesystem::path new_static_folder(const Recipe& recipe);

// model.safetensors, tokenizer.json, the recipe and, unless it is null, config.json: all of it or nothing.
void write_static_folder(const Recipe& recipe, const std::filesystem::path& target, const NamedTensor& table,
                         const std::string& tokenizer, const nlohmann::json& config);

}  // namespace welt
