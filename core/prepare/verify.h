// welt data verify: whether a folder of prepared data is whole, and whether its splits keep apart.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/data/dataset.h"

namespace welt {

struct Finding {
  std::string level;  // OK, FAIL, WARN, INFO
  std::string label;  // "verses/train", a file; empty: the folder
  std::string check;  // metadata, shards, examples, overlap; deep: lines, units, limits
  nlohmann::json numbers = nlohmann::json::object();
  std::string message;
};

struct VerifyOptions {
  std::filesystem::path folder;
  // Reads the lines too: JSON, fields, lengths, units, and what train and validation have in common.
  bool deep = false;
  SplitFunction split = {};  // of deep: cuts words as the preparation did
};

// One finding after the other, in order: metadata; shards and examples of each metadata file, in byte order; overlap of
// each data set. It passes when none is FAIL. Lines are counted, and parsed only by `deep`. Never throws for what is
// wrong with the data.
std::vector<Finding> verify_data(const VerifyOptions& options);
bool passes(const std::vector<Finding>& findings);

}  // namespace welt
