// See part_file.h.
#include "core/hub/part_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "core/base/error.h"

namespace welt {

PartFile::PartFile(const std::filesystem::path& path) : path_(path) {
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (file_ < 0) fail_errno("cannot be opened", errno);
  const off_t end = ::lseek(file_, 0, SEEK_END);
  if (end < 0) {
    const int error = errno;
    ::close(file_);
    fail_errno("has no end", error);
  }
  size_ = static_cast<std::uint64_t>(end);
}

PartFile::~PartFile() { ::close(file_); }

void PartFile::fail_errno(std::string_view action, int error) const {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  fail({path_.string(), fmt::format("{}: {}", action, std::generic_category().message(error)), "",
        full ? "Free some space there, or set HF_HUB_CACHE to a folder on another disk; what is here is kept"
             : "Check the permissions of the folder, or set HF_HUB_CACHE to another"},
       full ? ErrorCode::resource_exhausted : ErrorCode::permission_denied);
}

bool PartFile::write(std::string_view bytes) {
  while (error_ == 0 && !bytes.empty()) {
    const ssize_t written = ::write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      error_ = errno;
      break;
    }
    size_ += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return error_ == 0;
}

void PartFile::check() const {
  if (error_ != 0) fail_errno("cannot be written", error_);
}

void PartFile::cut(std::uint64_t size) {
  if (::ftruncate(file_, static_cast<off_t>(size)) != 0 || ::lseek(file_, static_cast<off_t>(size), SEEK_SET) < 0)
    error_ = errno;
  else
    size_ = size;
}

void PartFile::sync() {
  check();
  if (::fsync(file_) != 0) fail_errno("cannot be written", errno);
}

}  // namespace welt
