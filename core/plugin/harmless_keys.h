// Keys of every Hugging Face configuration that change no result, whatever the class.
#pragma once

#include <set>
#include <string_view>

namespace welt {

// Fields of transformers' PretrainedConfig (4.57) that say nothing about a model's outputs.
const std::set<std::string_view>& harmless_keys();

}  // namespace welt
