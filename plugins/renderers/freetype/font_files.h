// Finds the font files that the settings name and maps them: paths, bytes and hashes, nothing of what is in them.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "manifest.h"
#include "settings.h"

namespace welt::freetype {

// A read-only mapping of a whole file, shared by all threads. The file must not be cut off while it is mapped.
class MappedFont {
 public:
  // Throws Failure naming the path and the reason.
  explicit MappedFont(const std::string& path);
  ~MappedFont();
  MappedFont(const MappedFont&) = delete;
  MappedFont& operator=(const MappedFont&) = delete;
  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

struct FontFile {
  std::string name;  // the file's name without folders
  std::string path;
  unsigned face;  // in a collection
  FontGroup group;
  std::string sha256;  // of the whole file, 64 hex digits
  std::unique_ptr<MappedFont> mapping;
};

// In fallback order, each file once; the two fonts of signs, if they are there, last: lines, then fillings (not looked
// for when "fonts" names other fonts than the manifest's, unless "sign_fonts" is set). Of the manifest, what is not
// there is left out with a warning in the log that names its scripts and the Debian package, and a file with another
// hash is warned of; a file or folder that the configuration names must be there. Throws Failure when that is not so,
// or when there is no font but those of signs, naming every folder tried.
std::vector<FontFile> find_fonts(const Settings& settings);

}  // namespace welt::freetype
