// The options of `welt generate` that a recipe's table [generate] has, too.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/generate/generator.h"

namespace welt {

// What of them the command line says, by key.
using GivenSettings = std::shared_ptr<std::map<std::string, nlohmann::json>>;
GivenSettings add_generate_settings(CLI::App& verb);

struct RunSettings {
  GenerateOptions options;
  std::string weights = "fp32";  // generate.weights
};
// As the recipe of the run says that the checkpoint belongs to (if there is one), then options as the command line
// does.
RunSettings merged_generate_settings(const std::string& run_or_checkpoint, const GivenSettings& given);

// Of the reference's requests, which say all of it themselves: throws Error naming an option that was given.
void refuse_settings(const GivenSettings& given);

}  // namespace welt
