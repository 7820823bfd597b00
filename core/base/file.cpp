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

#include <welt/common/file_kind.h>
#include <welt/common/sha256.h>
#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/new_folder.h"

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
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }
  int release() { return std::exchange(value_, -1); }

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
void read_pieces(InputFile& file, Use use) {
  std::string buffer(std::size_t{1} << 18, '\0');
  while (const std::size_t size = file.read(buffer.data(), buffer.size())) use(std::string_view(buffer.data(), size));
}

void sync_path(const fs::path& path, int flags) {
  const Descriptor file(path, flags);
  // EINVAL: a file system without fsync for this kind of file (some network and user-space ones).
  if (::fsync(file.get()) != 0 && errno != EINVAL) fail_errno(path, "cannot be written to the disk", errno);
}

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

}  // namespace

InputFile::InputFile(std::string name, int file) : name_(std::move(name)), file_(file) {
  struct stat status {};
  const bool known = ::fstat(file_, &status) == 0;
  if (const int error = known ? EISDIR : errno; !known || S_ISDIR(status.st_mode)) {
    if (file_ >= 0) ::close(file_);
    fail_errno(name_, "cannot be read", error);
  }
  // A file of /proc says that it has no bytes.
  sized_ = S_ISREG(status.st_mode) && status.st_size > 0;
  size_ = static_cast<std::uint64_t>(status.st_size);
  if (const off_t at = sized_ ? ::lseek(file_, 0, SEEK_CUR) : 0; at > 0) taken_ = static_cast<std::uint64_t>(at);
}

InputFile::InputFile(const fs::path& path) : InputFile(path.string(), Descriptor(path, O_RDONLY).release()) {}

InputFile InputFile::standard_input() { return {"standard input", ::dup(STDIN_FILENO)}; }

InputFile::InputFile(InputFile&& other) noexcept
    : name_(std::move(other.name_)),
      file_(std::exchange(other.file_, -1)),
      sized_(other.sized_),
      size_(other.size_),
      taken_(other.taken_) {}

InputFile::~InputFile() {
  if (file_ >= 0) ::close(file_);
}

std::size_t InputFile::size_left() const {
  constexpr std::uint64_t most = std::uint64_t{1} << 30;
  return sized_ ? static_cast<std::size_t>(std::min(most, size_ - std::min(size_, taken_))) : 0;
}

std::size_t InputFile::read(char* into, std::size_t room) {
  if (sized_) room = static_cast<std::size_t>(std::min<std::uint64_t>(room, size_ - std::min(size_, taken_)));
  ssize_t size = 0;
  do {
    size = room == 0 ? 0 : ::read(file_, into, room);
  } while (size < 0 && errno == EINTR);
  if (size < 0) fail_errno(name_, "cannot be read", errno);
  if (size == 0 && room > 0 && sized_)
    fail({name_, fmt::format("it was cut to {} bytes while it was read; it had {}", taken_, size_), "",
          "Start again when the file is whole"},
         ErrorCode::data_loss);
  taken_ += static_cast<std::uint64_t>(size);
  return static_cast<std::size_t>(size);
}

std::string read_file(const fs::path& path) {
  InputFile file(path);
  std::string content;
  content.reserve(file.size_left());
  read_pieces(file, [&](std::string_view piece) { content += piece; });
  return content;
}

void refuse_other_kind(std::string_view head, std::string_view name, std::string_view expected) {
  const FileKind* kind = file_kind(head.substr(0, file_head));
  if (kind == nullptr) return;
  fail({std::string(name), fmt::format("is {}", kind->name), std::string(expected), std::string(kind->mend)},
       ErrorCode::data_loss);
}

void refuse_unreachable(const fs::path& path) {
  struct stat status {};
  const bool denied = ::stat(path.c_str(), &status) != 0 && errno == EACCES;
  if (denied) fail_errno(path, "cannot be looked at", EACCES);
  const bool is_pattern = path.native().find_first_of("*?[") != std::string::npos;
  if (is_pattern && ::access(folder_of(path).c_str(), R_OK) != 0 && errno == EACCES)
    fail_errno(folder_of(path), "cannot be looked through", EACCES);
}

void write_file(const fs::path& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content.data(), content.size());
  file.commit();
}

void publish_folder(const fs::path& folder, const fs::path& target) {
  const fs::path from = without_end_slash(folder), to = without_end_slash(target);
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
  InputFile file(path);
  Sha256 hash;
  read_pieces(file, [&](std::string_view piece) { hash.add(piece); });
  return hash.finish();
}

std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.finish();
}

}  // namespace welt
