// See hub_shelf.h.
#include "core/hub/hub_shelf.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>
#include <system_error>

#include "core/base/error.h"
#include "core/base/hub_cache.h"
#include "core/hub/git_hash.h"
#include "core/hub/hub_store.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

// Calls use(entry) for all that is in a folder, sorted; nothing where there is none.
template <typename Use>
void each_entry(const fs::path& folder, Use use) {
  std::vector<fs::path> all;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    all.push_back(at->path());
  std::ranges::sort(all);
  for (const fs::path& path : all) use(path);
}

std::vector<CachedFile> files_below(const fs::path& snapshot) {
  std::vector<CachedFile> out;
  std::error_code error;
  for (fs::recursive_directory_iterator at(snapshot, error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    const bool is_link = at->is_symlink(ignored);
    if (!is_link && at->is_directory(ignored)) continue;
    CachedFile file{.path = at->path().lexically_relative(snapshot).generic_string(), .blob = at->path()};
    if (is_link) file.blob = (at->path().parent_path() / fs::read_symlink(at->path(), ignored)).lexically_normal();
    file.is_there = fs::is_regular_file(file.blob, ignored);
    if (file.is_there) file.size = fs::file_size(file.blob, ignored);
    out.push_back(std::move(file));
  }
  std::ranges::sort(out, {}, &CachedFile::path);
  return out;
}

// The names below refs/ of each commit.
std::map<std::string, std::vector<std::string>> names_of_commits(const fs::path& repository) {
  std::map<std::string, std::vector<std::string>> out;
  const fs::path refs = repository / "refs";
  std::error_code error;
  for (fs::recursive_directory_iterator at(refs, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().lexically_relative(refs).generic_string();
    if (const auto commit = hub_commit(repository, name)) out[*commit].push_back(name);
  }
  for (auto& [commit, names] : out) std::ranges::sort(names);
  return out;
}

CachedRepository read_repository(const fs::path& folder, const std::string& kind, const std::string& name) {
  CachedRepository out{.folder = folder, .kind = kind, .name = name};
  auto names = names_of_commits(folder);
  each_entry(folder / "snapshots", [&](const fs::path& snapshot) {
    const std::string commit = snapshot.filename().string();
    out.revisions.push_back({commit, names[commit], files_below(snapshot)});
  });
  each_entry(folder / "blobs", [&](const fs::path& blob) {
    std::error_code error;
    const std::uint64_t size = fs::file_size(blob, error);
    if (blob.extension() == ".incomplete")
      out.partial.push_back(blob);
    else if (!error)
      out.bytes += size;
  });
  return out;
}

void remove_or_fail(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error)
    fail({path.string(), "cannot be removed: " + error.message(), "", "Check the permissions of its folder"},
         ErrorCode::permission_denied);
}

// Out of sight at once, then file by file.
void take_away(const fs::path& path) {
  const fs::path aside = path.parent_path() / fmt::format(".removed-{}-{}", ::getpid(), path.filename().string());
  std::error_code error;
  fs::rename(path, aside, error);
  if (error)
    fail({path.string(), "cannot be removed: " + error.message(), "", "Check the permissions of its folder"},
         ErrorCode::permission_denied);
  remove_or_fail(aside);
}

}  // namespace

std::vector<CachedRepository> cached_repositories() {
  std::vector<CachedRepository> out;
  for (const fs::path& cache : hub_caches())
    each_entry(cache, [&](const fs::path& folder) {
      for (const char* kind : {"datasets", "models"})
        if (const std::string name = cached_name(folder.filename().string(), kind); !name.empty())
          out.push_back(read_repository(folder, kind, name));
    });
  return out;
}

std::vector<CacheFinding> verify_cached(const CachedRepository& repository,
                                        const std::function<void(std::uint64_t bytes)>& checked) {
  std::vector<CacheFinding> out;
  const std::string name = repository.name + (repository.kind == "datasets" ? " --dataset" : "");
  std::map<fs::path, std::string> results;  // of each blob, which several revisions may share
  for (const CachedRevision& revision : repository.revisions) {
    for (const CachedFile& file : revision.files) {
      const fs::path path = repository.folder / "snapshots" / revision.commit / file.path;
      if (!file.is_there) {
        out.push_back({"fail", path, "its blob " + file.blob.string() + " is missing"});
        continue;
      }
      const std::string tag = file.blob.filename().string();
      const HashKind kind = file.blob == path ? HashKind::none : hash_kind(tag);
      if (kind == HashKind::none) {
        out.push_back({"pass", path, "has no hash to check"});
        continue;
      }
      const auto [found, fresh] = results.try_emplace(file.blob);
      if (fresh) {
        found->second = hash_file(file.blob, kind);
        checked(file.size);
      }
      if (found->second != tag)
        out.push_back({"fail", path,
                       fmt::format("hash {}, expected {}: `welt hub rm {}`, then `welt hub get {}`", found->second, tag,
                                   name, name)});
    }
  }
  for (const auto& [commit, names] : names_of_commits(repository.folder))
    if (std::ranges::find(repository.revisions, commit, &CachedRevision::commit) == repository.revisions.end())
      out.push_back(
          {"warn", repository.folder / "refs" / names.front(), fmt::format("names {:.60}, which is not here", commit)});
  for (const fs::path& part : repository.partial)
    out.push_back({"warn", part, "a download that was not finished; it goes on from there"});
  return out;
}

RemovedFiles remove_cached(const CachedRepository& repository, std::string_view commit, bool dry) {
  RemovedFiles out;
  std::set<fs::path> kept, removed;
  for (const CachedRevision& revision : repository.revisions)
    for (const CachedFile& file : revision.files)
      if (file.is_there) (commit.empty() || revision.commit == commit ? removed : kept).insert(file.blob);
  for (const fs::path& blob : removed) {
    if (kept.contains(blob)) continue;
    std::error_code error;
    out.bytes += fs::file_size(blob, error);
    ++out.files;
  }
  if (dry) return out;
  if (commit.empty()) {
    take_away(repository.folder);
    return out;
  }
  for (const auto& [named, names] : names_of_commits(repository.folder))
    if (named == commit)
      for (const std::string& name : names) remove_or_fail(repository.folder / "refs" / name);
  take_away(repository.folder / "snapshots" / commit);
  for (const fs::path& blob : removed)
    if (!kept.contains(blob) && blob.parent_path() == repository.folder / "blobs") remove_or_fail(blob);
  return out;
}

}  // namespace welt
