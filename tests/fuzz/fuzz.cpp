// See fuzz.h.
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/utf8.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  welt::set_log_level(welt::LogLevel::error);
  return 0;
}

namespace welt::fuzz {
namespace fs = std::filesystem;
namespace {

enum class Answer { none, taken, refused };
Answer first_answer = Answer::none;

bool note(Answer answer) {
  if (first_answer == Answer::none) first_answer = answer;
  return answer == Answer::taken;
}

}  // namespace

void require(bool holds, std::string_view property) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: broken: %.*s\n", static_cast<int>(property.size()), property.data());
  std::abort();
}

bool answers(const std::function<void()>& body) {
  try {
    body();
    return note(Answer::taken);
  } catch (const Error& error) {
    const std::string_view message = error.what();
    require(!message.empty(), "an error says what is wrong");
    require(find_invalid_utf8(message) == utf8_ok, "an error's message is UTF-8");
    return note(Answer::refused);
  }
}

bool was_refused() { return std::exchange(first_answer, Answer::none) == Answer::refused; }

std::uint64_t Input::number(std::uint64_t below) {
  std::uint64_t value = 0;
  for (std::uint64_t left = below - 1; left > 0 && !rest_.empty(); left >>= 8) {
    value = value << 8 | static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
  }
  return value % below;
}

bool Input::text(std::string_view& out) {
  if (rest_.empty()) return false;
  out = rest_.substr(0, rest_.find('\0'));
  rest_.remove_prefix(std::min(rest_.size(), out.size() + 1));
  return true;
}

std::string_view Input::bytes(std::size_t size) {
  const std::string_view out = rest_.substr(0, size);
  rest_.remove_prefix(out.size());
  return out;
}

MemoryFile::MemoryFile() : file_(::memfd_create("welt-fuzz", MFD_CLOEXEC)) {
  if (file_ < 0) throw std::runtime_error("no file in memory (memfd_create)");
  path_ = "/proc/self/fd/" + std::to_string(file_);
}

MemoryFile::~MemoryFile() { ::close(file_); }

void MemoryFile::put(std::string_view bytes) {
  const bool done = ::ftruncate(file_, static_cast<off_t>(bytes.size())) == 0 &&
                    ::pwrite(file_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
  if (!done) throw std::runtime_error("a file in memory could not be written");
}

MemoryFolder::MemoryFolder() {
  std::string name = (fs::temp_directory_path() / "welt-fuzz-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder: " + name);
  path_ = name;
}

MemoryFolder::~MemoryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void MemoryFolder::link(std::string_view name, const MemoryFile& file) const {
  fs::create_directories((path_ / name).parent_path());
  fs::create_symlink(file.path(), path_ / name);
}

}  // namespace welt::fuzz
