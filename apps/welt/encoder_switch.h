// The option --without of verbs that use a finished model.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "core/model/welt_spec.h"

namespace welt {

void add_encoder_switch(CLI::App& verb, std::vector<std::string>& without);
SpecChanges switched_off(const std::vector<std::string>& without);

}  // namespace welt
