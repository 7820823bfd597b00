// A folder for the files of one test, which goes with the object.
#pragma once

#include <filesystem>

namespace welt::conformance {

class OwnFolder {
 public:
  OwnFolder();  // throws Error where the system's folder for temporary files takes none
  ~OwnFolder();
  OwnFolder(const OwnFolder&) = delete;
  OwnFolder& operator=(const OwnFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace welt::conformance
