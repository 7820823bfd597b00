// The option --without of verbs that use a finished model, and reading text from a file or standard input.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "core/model/welt_spec.h"

namespace welt {

void add_encoder_switch(CLI::App& verb, std::vector<std::string>& without);
SpecChanges switched_off(const std::vector<std::string>& without);

// The whole text of a file, or of standard input for "-".
std::string read_text_or_stdin(const std::string& file);

}  // namespace welt
