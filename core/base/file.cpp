// See file.h and atomic_file.h. POSIX calls, each result looked at.
#include "core/base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include <welt/common/sha256.h>
#include "core/base/atomic_file.h"
#include "core/base/error.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

std::string reason(int error) { return std::generic_category().message(error); }

ErrorCode code_of(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return ErrorCode::not_found;
    case EEXIST:
    case ENOTEMPTY:
      return ErrorCode::already_exists;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::permission_denied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
      return ErrorCode::resource_exhausted;
    default:
      return ErrorCode::unavailable;
  }
}

std::string mend_of(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return "Check the spelling of the path and the working directory";
    case EACCES:
    case EPERM:
      return "Check the permissions of the file and of its folders";
    case EROFS:
      return "Choose a folder on a file system that can be written";
    case ENOSPC:
    case EDQUOT:
      return "Free some space there, or choose a folder on another file system";
    case EFBIG:
      return "Raise the limit on file sizes (ulimit -f), or choose another file system";
    case EISDIR:
      return "Name a file, not a folder";
    default:
      return "";
  }
}

[[noreturn]] void fail_errno(const fs::path& path, std::string_view action, int error) {
  fail({path.string(), fmt::format("{}: {}", action, reason(error)), "", mend_of(error)}, code_of(error));
}

class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags) : value_(::open(path.c_str(), flags | O_CLOEXEC)) {
    if (value_ < 0) fail_errno(path, "cannot be opened", errno);
  }
  ~Descriptor() { ::close(value_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }

 private:
  int value_;
};

struct stat status_of(const Descriptor& file, const fs::path& path) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) fail_errno(path, "cannot be looked at", errno);
  if (S_ISDIR(status.st_mode)) fail_errno(path, "cannot be read", EISDIR);
  return status;
}

// Calls `use(bytes)` for each piece until the end of the file.
template <typename Use>
void read_pieces(const Descriptor& file, const fs::path& path, Use use) {
  std::string buffer(std::size_t{1} << 18, '\0');
  for (;;) {
    const ssize_t size = ::read(file.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) fail_errno(path, "cannot be read", errno);
    if (size == 0) return;
    use(std::string_view(buffer.data(), static_cast<std::size_t>(size)));
  }
}

void sync_path(const fs::path& path, int flags) {
  const Descriptor file(path, flags);
  // EINVAL: a file system without fsync for this kind of file (some network and user-space ones).
  if (::fsync(file.get()) != 0 && errno != EINVAL) fail_errno(path, "cannot be written to the disk", errno);
}

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

}  // namespace

std::string read_file(const fs::path& path) {
  const Descriptor file(path, O_RDONLY);
  const struct stat status = status_of(file, path);
  std::string content;
  if (S_ISREG(status.st_mode)) content.reserve(static_cast<std::size_t>(status.st_size));
  read_pieces(file, path, [&](std::string_view piece) { content += piece; });
  return content;
}

void write_file(const fs::path& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content.data(), content.size());
  file.commit();
}

void publish_folder(const fs::path& folder, const fs::path& target) {
  const fs::path from = folder.has_filename() ? folder : folder.parent_path();
  const fs::path to = target.has_filename() ? target : target.parent_path();
  std::error_code error;
  for (fs::recursive_directory_iterator entry(from, error), end; !error && entry != end; entry.increment(error)) {
    const fs::file_status status = entry->symlink_status(error);
    if (error) break;
    if (fs::is_regular_file(status)) sync_path(entry->path(), O_RDONLY | O_NOFOLLOW);
    if (fs::is_directory(status)) sync_path(entry->path(), O_RDONLY | O_DIRECTORY);
  }
  if (error) fail_errno(from, "cannot be walked through", error.value());
  sync_path(from, O_RDONLY | O_DIRECTORY);
  int failed = ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0 ? 0 : errno;
  if (failed == EINVAL || failed == ENOSYS) {  // a file system that cannot say "do not replace"
    if (fs::exists(fs::symlink_status(to, error)))
      failed = EEXIST;
    else
      failed = ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
  }
  if (failed == EEXIST)
    fail({to.string(), "is there already", "a new name", "Remove it, or choose another name"},
         ErrorCode::already_exists);
  if (failed != 0) fail_errno(from, fmt::format("cannot be renamed to {}", to.string()), failed);
  sync_path(folder_of(to), O_RDONLY | O_DIRECTORY);
}

std::shared_ptr<const MappedFile> MappedFile::open(const fs::path& path) {
  const Descriptor file(path, O_RDONLY);
  const struct stat status = status_of(file, path);
  if (!S_ISREG(status.st_mode))
    fail({path.string(), "is no regular file and cannot be mapped", "a file on a disk", "Copy its content to a file"});
  const auto size = static_cast<std::size_t>(status.st_size);
  const std::byte* data = nullptr;
  if (size > 0) {  // mmap refuses length 0
    void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (mapped == MAP_FAILED) fail_errno(path, "cannot be mapped", errno);
    data = static_cast<const std::byte*>(mapped);
  }
  return std::shared_ptr<const MappedFile>(new MappedFile(data, size));  // the constructor is private
}

MappedFile::~MappedFile() {
  if (size_ > 0) ::munmap(const_cast<std::byte*>(data_), size_);
}

AtomicFile::AtomicFile(const fs::path& path) : path_(path), target_(path) {
  std::error_code ignored;
  if (fs::is_symlink(fs::symlink_status(path, ignored))) {  // write what it points to, keep the link
    target_ = fs::weakly_canonical(path, ignored);
    if (ignored) target_ = path;
  }
  const fs::file_status status = fs::status(target_, ignored);
  if (fs::is_directory(status) || !target_.has_filename()) fail_errno(path_, "cannot be written", EISDIR);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    file_ = ::open(target_.c_str(), O_WRONLY | O_CLOEXEC);
    if (file_ < 0) fail_errno(path_, "cannot be opened for writing", errno);
    return;
  }
  // A short name of its own: a target's name may already be as long as names may be.
  static std::atomic<unsigned> counter{0};
  do {
    temporary_ = folder_of(target_) / fmt::format(".welt-{}-{}.tmp", ::getpid(), counter++);
    file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (file_ < 0 && errno == EEXIST);
  if (file_ < 0)
    fail_errno(path_, fmt::format("no file can be made in its folder {}", folder_of(target_).string()), errno);
}

AtomicFile::~AtomicFile() {
  if (file_ >= 0) ::close(file_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::fail_write(const char* action, int error) {
  std::string mend = mend_of(error);
  if (!temporary_.empty()) mend += std::string(mend.empty() ? "" : ". ") + "What was there before is unchanged";
  fail({path_.string(), fmt::format("{}: {}", action, reason(error)), "", mend}, code_of(error));
}

void AtomicFile::write(const void* data, std::size_t size) {
  const char* next = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = ::write(file_, next, std::min(size, std::size_t{1} << 30));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail_write("cannot be written", written < 0 ? errno : EIO);
    next += written;
    size -= static_cast<std::size_t>(written);
  }
}

void AtomicFile::commit() {
  if (!temporary_.empty() && ::fsync(file_) != 0 && errno != EINVAL) fail_write("cannot be written to the disk", errno);
  if (::close(std::exchange(file_, -1)) != 0) fail_write("cannot be closed", errno);
  if (temporary_.empty()) return;
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail_write("cannot be put in place", errno);
  temporary_.clear();
  sync_path(folder_of(target_), O_RDONLY | O_DIRECTORY);
}

std::string sha256_file(const fs::path& path) {
  const Descriptor file(path, O_RDONLY);
  status_of(file, path);
  Sha256 hash;
  read_pieces(file, path, [&](std::string_view piece) { hash.add(piece); });
  return hash.finish();
}

std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.finish();
}

}  // namespace welt
