// The variables of a plugin file that outlive a call: to see whether a call changes one.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace welt::conformance {

// What of an opened file can be written to, and what stood in it when this was made.
class Statics {
 public:
  // Throws Error when the file is not open.
  explicit Statics(const std::filesystem::path& file);
  // The first variable that holds something else now, as "the static variable calls"; empty: none does.
  std::string changed() const;

 private:
  struct Area {
    const std::byte* memory;
    std::vector<std::byte> before;
  };
  std::filesystem::path file_;
  std::size_t base_ = 0;  // of the file's addresses
  std::vector<Area> areas_;
};

}  // namespace welt::conformance
