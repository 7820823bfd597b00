// See new_folder.h.
#include "core/base/new_folder.h"

#include <unistd.h>

#include <system_error>

#include "core/base/error.h"
#include "core/base/file.h"

namespace welt {

namespace fs = std::filesystem;

void write_new_folder(const fs::path& target, const std::function<void(const fs::path&)>& fill) {
  const fs::path whole = fs::absolute(target).lexically_normal();
  const fs::path named = whole.has_filename() ? whole : whole.parent_path();  // "out/" is "out"
  std::error_code status;
  if (fs::exists(named, status) && !fs::is_empty(named, status))
    fail({.where = target.string(),
          .found = "there is something of that name already",
          .expected = "the name of a new folder",
          .mend = "Choose another name, or remove it first"},
         ErrorCode::already_exists);
  const fs::path temporary = named.parent_path() / fmt::format(".writing-{}-{}", named.filename().string(), ::getpid());
  std::error_code ignored;
  fs::remove_all(temporary, ignored);
  fs::create_directories(temporary, status);
  if (status)
    fail({.where = target.string(), .found = "the folder cannot be made: " + status.message()},
         ErrorCode::permission_denied);
  try {
    fill(temporary);
    fs::remove(named, ignored);  // an empty folder
    publish_folder(temporary, named);
  } catch (...) {
    fs::remove_all(temporary, ignored);
    throw;
  }
}

}  // namespace welt
