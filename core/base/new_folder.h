// A folder that somebody asked for by name, and that is there only when it is complete.
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

namespace welt {

// What the name of a folder begins with while it is written: a kill may leave one behind, which the next try removes.
inline constexpr std::string_view new_folder_prefix = ".writing-";

// "runs/a/" as "runs/a": so that parent_path() is what is above it.
std::filesystem::path without_end_slash(const std::filesystem::path& path);

// Calls `fill` with an empty temporary folder beside `target`, syncs it and gives it that name; folders above it are
// made. Throws Error, and leaves nothing but those behind, when `target` is there already (an empty folder is taken),
// cannot be made, or `fill` throws. One at a time for one target.
void write_new_folder(const std::filesystem::path& target,
                      const std::function<void(const std::filesystem::path& folder)>& fill);

}  // namespace welt
