// The folder of a model that a recipe names: one on this machine, or a snapshot in the hub's cache, into which what is
// missing is downloaded. Its small files come first; its weights only when they are asked for. Used by hf_source.cpp.
#pragma once

#include <filesystem>
#include <string_view>

namespace welt {

// `from`: a folder, or "org/name" or "org/name@revision" of the hub. What is in a cache is taken as it is, without a
// question to the hub. Throws Error with every path tried, and with what the hub answered.
std::filesystem::path find_model_folder(std::string_view from);

// Downloads the weights that a snapshot in a cache lacks: model.safetensors, or the index and the shards that it
// names. Any other folder is left as it is.
void complete_weights(const std::filesystem::path& folder);

}  // namespace welt
