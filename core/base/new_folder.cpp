// See new_folder.h.
#include "core/base/new_folder.h"

#include <string>
#include <system_error>

#include "core/base/error.h"
#include "core/base/file.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail_making(const fs::path& target, const std::string& why) {
  fail({.where = target.string(),
        .found = "the folder cannot be made: " + why,
        .mend = "Choose another name, or free space"},
       ErrorCode::permission_denied);
}

// A file, a link or a folder with something in it; an empty folder may be taken.
bool is_taken(const fs::path& path) {
  std::error_code status;
  const fs::file_status found = fs::symlink_status(path, status);
  return fs::exists(found) && !(fs::is_directory(found) && fs::is_empty(path, status));
}

}  // namespace

fs::path without_end_slash(const fs::path& path) { return path.has_filename() ? path : path.parent_path(); }

void write_new_folder(const fs::path& target, const std::function<void(const fs::path&)>& fill) {
  if (target.empty()) fail({.where = "the new folder", .found = "no name", .expected = "a path"});
  std::error_code status, ignored;
  const fs::path named = without_end_slash(fs::absolute(target, status).lexically_normal());
  if (status) fail_making(target, status.message());
  if (is_taken(named))
    fail({.where = target.string(),
          .found = "there is something of that name already",
          .expected = "the name of a new folder",
          .mend = "Choose another name, or remove it first"},
         ErrorCode::already_exists);
  const fs::path temporary = named.parent_path() / (std::string(new_folder_prefix) + named.filename().string());
  fs::remove_all(temporary, ignored);
  fs::create_directories(temporary, status);
  if (status) fail_making(target, status.message());
  try {
    fill(temporary);
    fs::remove(named, ignored);  // an empty folder
    publish_folder(temporary, named);
  } catch (const fs::filesystem_error& error) {
    fs::remove_all(temporary, ignored);
    fail({.where = error.path1().string(),
          .found = error.code().message(),
          .mend = "Nothing was written to " + target.string()},
         ErrorCode::permission_denied);
  } catch (...) {
    fs::remove_all(temporary, ignored);
    throw;
  }
}

}  // namespace welt
