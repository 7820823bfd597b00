// See hub_store.h.
#include "core/hub/hub_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <system_error>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/hub_cache.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail_place(const fs::path& path, std::string_view action, const std::error_code& error) {
  fail({path.string(), fmt::format("{}: {}", action, error.message()), "a folder that can be written",
        "Check its permissions, or set HF_HUB_CACHE to another"},
       ErrorCode::permission_denied);
}

void make_folders(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) fail_place(path, "cannot be made", error);
}

std::error_code last_error() { return {errno, std::generic_category()}; }

// Held by one process at a time. Another may remove the file when it lets go, so the name is looked at again.
class FileLock {
 public:
  explicit FileLock(const fs::path& path) {
    while (true) {
      file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
      if (file_ < 0) fail_place(path, "cannot be opened", last_error());
      while (::flock(file_, LOCK_EX) != 0)
        if (errno != EINTR) {
          const std::error_code error = last_error();
          ::close(file_);
          fail_place(path, "cannot be locked", error);
        }
      struct stat own {
      }, named{};
      if (::fstat(file_, &own) == 0 && ::stat(path.c_str(), &named) == 0 && own.st_ino == named.st_ino) return;
      ::close(file_);
    }
  }
  ~FileLock() { ::close(file_); }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int file_;
};

// Gives `path` to a link to `target` at once, whatever was there.
void put_link(const fs::path& target, const fs::path& path) {
  std::error_code error;
  if (fs::read_symlink(path, error) == target) return;
  fs::path temporary = path;
  temporary += fmt::format(".{}.tmp", ::getpid());
  fs::remove(temporary, error);
  fs::create_symlink(target, temporary, error);
  if (error) fail_place(path, "no link can be made", error);
  fs::rename(temporary, path, error);
  if (error) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    fail_place(path, "cannot be made", error);
  }
}

}  // namespace

HubStore::HubStore(const HubId& id, fs::path cache) : cache_(std::move(cache)) {
  if (cache_.empty()) {
    const std::vector<fs::path> caches = hub_caches();
    if (caches.empty())
      fail({"downloading", "no folder to keep it in: HOME is not set", "HF_HUB_CACHE=/path"},
           ErrorCode::failed_precondition);
    cache_ = caches.front();
  }
  repository_ = hub_repository(cache_, id.kind, id.name);
}

bool HubStore::has(const std::string& commit, const HubFile& file) const {
  std::error_code error;
  const fs::path path = snapshot(commit) / file.path;
  return fs::is_regular_file(path, error) && (!file.size || fs::file_size(path, error) == *file.size);
}

void HubStore::put(const std::string& commit, const HubFile& file,
                   const std::function<void(const fs::path&)>& fill) const {
  const fs::path blob = repository_ / "blobs" / file.tag, path = snapshot(commit) / file.path;
  const fs::path locks = cache_ / ".locks" / repository_.filename();
  for (const fs::path& folder : {blob.parent_path(), path.parent_path(), locks}) make_folders(folder);
  const FileLock lock(locks / (file.tag + ".lock"));
  std::error_code error;
  const bool is_there = fs::is_regular_file(blob, error) && (!file.size || fs::file_size(blob, error) == *file.size);
  if (!is_there) {
    fs::path part = blob;
    part += ".incomplete";
    fill(part);
    fs::rename(part, blob, error);
    if (error) fail_place(blob, "cannot get its name", error);
  }
  put_link(blob.lexically_relative(path.parent_path()), path);
}

void HubStore::set_ref(const std::string& revision, const std::string& commit) const {
  if (revision == commit) return;
  const fs::path path = repository_ / "refs" / revision;
  make_folders(path.parent_path());
  std::error_code error;
  if (!fs::is_regular_file(path, error) || read_file(path) != commit) write_file(path, commit);
}

std::string cached_name(const std::string& folder, std::string_view kind) {
  const std::string start = std::string(kind) + "--";
  if (!folder.starts_with(start)) return {};
  std::string name = folder.substr(start.size());
  if (const std::size_t at = name.find("--"); at != std::string::npos)
    name = fmt::format("{}/{}", name.substr(0, at), name.substr(at + 2));
  return is_hub_name(name) ? name : std::string();
}

std::vector<std::string> cached_names(std::string_view kind) {
  std::set<std::string> out;
  for (const fs::path& cache : hub_caches()) {
    std::error_code error;
    for (fs::directory_iterator at(cache, error), end; !error && at != end; at.increment(error))
      if (std::string name = cached_name(at->path().filename().string(), kind); !name.empty())
        out.insert(std::move(name));
  }
  return {out.begin(), out.end()};
}

}  // namespace welt
