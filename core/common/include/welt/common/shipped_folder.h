// Where a folder lies that set-up makes or an installation brings along, seen from a program.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace welt {

// `beside`: a file in bin/ or lib/. In build/bin or build/tests/bin, above which lies the link build/<name>; then an
// installation's. Whether there is anything is not looked at.
inline std::vector<std::filesystem::path> shipped_folders(const std::filesystem::path& beside, std::string_view name) {
  const std::filesystem::path prefix = beside.parent_path().parent_path();
  return {prefix / name, prefix.parent_path() / name, prefix / "share/welt" / name};
}

}  // namespace welt
