// A folder that a preparation has left (ours, or the Python tool's): its metadata files, and the shards of each. Used
// by `welt data verify`, which reports what is wrong, and by training, which refuses it.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/data/prepared_metadata.h"

namespace welt {

inline constexpr std::string_view shard_ending = ".jsonl.gz";

// One metadata file, and the shards that are its own.
struct PreparedPart {
  std::string prefix, split;
  nlohmann::json metadata;                    // "split", "num_shards" and "num_examples" are there
  std::vector<std::filesystem::path> shards;  // in byte order
  std::string start() const { return prefix + "-" + split + "-"; }
  std::string label() const { return prefix + "/" + split; }
};

struct PreparedFolder {
  std::vector<PreparedPart> parts;                          // in byte order of the metadata files
  std::size_t metadata_files = 0;                           // those that are damaged too
  std::vector<std::pair<std::string, std::string>> faults;  // of a metadata file: its name, what is wrong
  std::vector<std::string> strays;                          // shards that belong to no metadata file
  std::string unreadable;                                   // why the folder cannot be listed; "": it can
};

// Every shard belongs to the part with the longest name that it begins with. Hidden files are passed over. Throws
// nothing for what is wrong with the folder.
PreparedFolder find_prepared(const std::filesystem::path& folder);

// The shards that a training reads, all data sets together, in byte order of their names, as the Python loader has
// them.
struct PreparedShards {
  std::vector<std::filesystem::path> train, validation;
};

// Throws Error for a folder without metadata, whose metadata are damaged or of another format, or whose shards are not
// as many as they say: a preparation that was not finished, or a copy of a part of it. `where`: what names the folder.
PreparedShards prepared_shards(const std::filesystem::path& folder, std::string_view where);

}  // namespace welt
