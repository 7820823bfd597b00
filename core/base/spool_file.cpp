// See spool_file.h.
#include "core/base/spool_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/error.h"

namespace welt {

SpoolFile::SpoolFile(const std::filesystem::path& target) : target_(target) {
  const std::filesystem::path folder = target.has_parent_path() ? target.parent_path() : ".";
  std::string name = (folder / ".welt-XXXXXX").string();
  file_ = ::mkostemp(name.data(), O_CLOEXEC);
  if (file_ < 0) fail_now("no file can be made in its folder", errno);
  ::unlink(name.c_str());
}

SpoolFile::~SpoolFile() {
  if (mapped_ != nullptr) ::munmap(mapped_, size_);
  ::close(file_);
}

void SpoolFile::fail_now(const char* action, int error) const {
  const bool full = error == ENOSPC || error == EDQUOT;
  fail({target_.string(), fmt::format("{}: {}", action, std::generic_category().message(error)), "",
        full ? "Free some space there, or choose a folder on another file system"
             : "Choose a folder that is there and can be written"},
       full ? ErrorCode::resource_exhausted : ErrorCode::unavailable);
}

void SpoolFile::append(const void* data, std::size_t size) {
  const char* next = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = ::write(file_, next, std::min(size, std::size_t{1} << 30));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail_now("what goes into it cannot be written", written < 0 ? errno : EIO);
    next += written;
    size -= static_cast<std::size_t>(written);
    size_ += static_cast<std::size_t>(written);
  }
}

std::span<const std::byte> SpoolFile::map() {
  if (mapped_ == nullptr && size_ > 0) {  // mmap refuses length 0
    void* mapped = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file_, 0);
    if (mapped == MAP_FAILED) fail_now("what goes into it cannot be mapped", errno);
    mapped_ = mapped;
  }
  return {static_cast<const std::byte*>(mapped_), size_};
}

void SpoolFile::copy_to(AtomicFile& out) const {
  std::vector<std::byte> piece(std::min(size_, std::size_t{1} << 20));
  for (std::size_t at = 0; at < size_;) {
    const ssize_t got = ::pread(file_, piece.data(), piece.size(), static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) fail_now("what goes into it cannot be read back", got < 0 ? errno : EIO);
    out.write(piece.data(), static_cast<std::size_t>(got));
    at += static_cast<std::size_t>(got);
  }
}

}  // namespace welt
