// welt.json: what a checkpoint says that its config.json has no place for. The Python WeLT writes none.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

namespace welt {

inline constexpr int welt_json_format = 1;

// Of a checkpoint's folder; nothing: there is no such file, as in the Python WeLT's. Throws Error where a later welt
// wrote it, where a key is missing that it always has, and where the file is missing beside the state of a training,
// which the Python WeLT does not write so.
std::optional<nlohmann::json> read_welt_json(const std::filesystem::path& folder);

}  // namespace welt
