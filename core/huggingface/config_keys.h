// Keys of a config.json that no component reads: which of them change no result, and which always do.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "core/plugin/registry.h"

namespace welt {

// Throws Error for a key of `config` that the component's schema does not know and that changes results wherever it is
// asked for (packed weights, pruned heads, …). Of the others it does not know, it says in one line that what they ask
// for is not done, those in a table that is a key itself and whose members the schema has (rope_parameters) too; but
// for those that every Hugging Face configuration has (names, generation settings, ids of special tokens), and null,
// false and empty values.
void check_unknown_keys(const ComponentType& type, const nlohmann::json& config, std::string_view where);

}  // namespace welt
