// What the fuzz harnesses share: reading an input piece by piece, files in memory, and the properties they insist on.
//
// A harness is libFuzzer's LLVMFuzzerTestOneInput, in a file of its own below core/ (links welt_core) or model/ (links
// LibTorch too). Without clang it is driven by driver.cpp, in the tests; with it (preset `fuzz`) by libFuzzer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
// Called once before: what the code under test logs about its inputs is not shown.
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv);

namespace welt::fuzz {

// Ends the process with `property` on standard error unless it holds: the input at work is a find.
void require(bool holds, std::string_view property);

// Runs `body`. An Error is an answer (false) if its message is text that a person can be shown; anything else that is
// thrown passes through and is a find.
bool answers(const std::function<void()>& body);

// Whether the first answer since the last call of this was an Error. The driver asks after each seed, most of which
// must be taken: a corpus that no parser takes leads nowhere.
bool was_refused();

// Takes an input apart. The bytes lie in a block of exactly their size, so that a sanitizer sees what is read beside
// it. A number that is past the end is 0.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}
  // 0 … below - 1
  std::uint64_t number(std::uint64_t below);
  // Up to the next NUL byte, which is skipped; false: nothing is left.
  bool text(std::string_view& out);
  // Up to `size` bytes.
  std::string_view bytes(std::size_t size);
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

// A file in memory for what reads from a path: rewriting one on a disk may wait for the disk each time.
class MemoryFile {
 public:
  MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile();
  void put(std::string_view bytes);
  const std::filesystem::path& path() const { return path_; }

 private:
  int file_;
  std::filesystem::path path_;
};

// A folder of its own with links to files in memory, for readers that look at names. Removed with the object.
class MemoryFolder {
 public:
  MemoryFolder();
  MemoryFolder(const MemoryFolder&) = delete;
  MemoryFolder& operator=(const MemoryFolder&) = delete;
  ~MemoryFolder();
  const std::filesystem::path& path() const { return path_; }
  // The file `name` (with folders) in it, which is `file`.
  void link(std::string_view name, const MemoryFile& file) const;

 private:
  std::filesystem::path path_;
};

}  // namespace welt::fuzz
