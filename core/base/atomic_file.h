// A file written in pieces that appears under its name only when it is complete and on the disk. Used by write_file and
// write_safetensors; for anything else these two are enough.
#pragma once

#include <cstddef>
#include <filesystem>

namespace welt {

// Writes go to a temporary name in the same folder; commit() fsyncs, renames and fsyncs the folder. Without commit()
// (an error on the way, an exception) the temporary file is removed and what was there before is untouched. A kill at
// any instant leaves either the old or the new file, and at worst a ".welt-….tmp" beside it.
// An existing target that is no regular file (/dev/stdout, a pipe) is written directly. [one thread at a time]
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, std::size_t size);  // throws Error naming the path and errno
  void commit();

 private:
  [[noreturn]] void fail_write(const char* action, int error);
  std::filesystem::path path_, target_, temporary_;  // temporary_ empty: written directly
  int file_ = -1;
};

}  // namespace welt
