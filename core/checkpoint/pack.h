// The folder that a person uploads to a hub: the export (export.h), what it came of, and the hash of every file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/checkpoint/export.h"

namespace welt {

struct PackReport {
  ExportReport exported;
  std::int64_t files = 0;
  std::uint64_t bytes = 0;
};

// As export_model(), or export_part() where `part` is not empty; then README.md tells the hashes of recipe and training
// text, .gitattributes which files are large ones, and SHA256SUMS (for `sha256sum -c`) the hash of each file.
PackReport pack_model(const std::filesystem::path& run_or_checkpoint, const std::string& part,
                      const std::filesystem::path& target, std::int64_t largest_file);

}  // namespace welt
