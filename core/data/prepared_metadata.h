// The files of metadata that a preparation leaves beside its shards: how they are named, and how a reader of rows tells
// them from rows. core/prepare/prepared_folder.h reads what is in them.
#pragma once

#include <filesystem>
#include <string_view>

namespace welt {

inline constexpr std::string_view metadata_ending = "-metadata.json", prepared_format = "welt-preprocessed-v1";

// Whether the file is named as one and is one: an object whose "format" is prepared_format. Whatever else is wrong with
// a file, unreadable ones included, is left to whoever reads its rows.
bool is_prepared_metadata(const std::filesystem::path& path);

}  // namespace welt
