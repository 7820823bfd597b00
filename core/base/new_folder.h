// A folder that somebody asked for by name, and that is there only when it is complete.
#pragma once

#include <filesystem>
#include <functional>

namespace welt {

// Calls `fill` with an empty temporary folder beside `target`, syncs it and gives it that name. Throws Error, and
// leaves nothing behind, when `target` is there already (an empty folder is taken), cannot be made, or `fill` throws.
void write_new_folder(const std::filesystem::path& target,
                      const std::function<void(const std::filesystem::path& folder)>& fill);

}  // namespace welt
