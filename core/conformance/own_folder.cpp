// See own_folder.h.
#include "core/conformance/own_folder.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "core/base/error.h"

namespace welt::conformance {

OwnFolder::OwnFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "welt-check-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr)
    fail({.where = name,
          .found = fmt::format("the folder cannot be made ({})", std::strerror(errno)),
          .expected = {},
          .mend = "Free space, or set TMPDIR to a folder that may be written to"});
  path_ = name;
}

OwnFolder::~OwnFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace welt::conformance
