// Keys of a config.json that no component reads: which of them change no result.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "core/plugin/registry.h"

namespace welt {

// Says in one line which keys of `config` the component's schema does not know, so that what they ask for is not done;
// but for those that every Hugging Face configuration has (names, generation settings, ids of special tokens), and
// null, false and empty values.
void tell_unknown_keys(const ComponentType& type, const nlohmann::json& config, std::string_view where);

}  // namespace welt
