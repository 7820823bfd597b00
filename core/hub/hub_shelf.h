// What is in the caches of the hub: listed, checked against the hashes that are the blobs' names, and removed. Of no
// network. Used by `welt hub`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace welt {

struct CachedFile {
  std::string path;            // below the snapshot
  std::filesystem::path blob;  // what the link names, or the file itself where it is none
  std::uint64_t size = 0;
  bool is_there = true;
};

struct CachedRevision {
  std::string commit;
  std::vector<std::string> names;  // the branches and tags that name it
  std::vector<CachedFile> files;   // sorted by path
};

struct CachedRepository {
  std::filesystem::path folder;
  std::string kind, name;
  std::vector<CachedRevision> revisions = {};
  std::vector<std::filesystem::path> partial = {};  // blobs that a download has begun
  std::uint64_t bytes = 0;                          // of all blobs
};

// Of all caches; by cache, kind, name.
std::vector<CachedRepository> cached_repositories();

struct CacheFinding {
  std::string level;  // "fail", "warn", "pass" (of what has no hash to check)
  std::filesystem::path path;
  std::string message;
};
// Reads every blob: links that lead nowhere, files whose hash is another than their blob's name, downloads that were
// not finished, branches that name no snapshot. `checked(bytes)` is called on the way.
std::vector<CacheFinding> verify_cached(const CachedRepository& repository,
                                        const std::function<void(std::uint64_t bytes)>& checked);

struct RemovedFiles {
  std::int64_t files = 0;
  std::uint64_t bytes = 0;
};
// Removes a revision and the blobs that no other needs, or the whole repository (`commit` empty). Whoever looks at the
// same instant finds all of it or nothing; what a download is filling stays. `dry`: only counts.
RemovedFiles remove_cached(const CachedRepository& repository, std::string_view commit, bool dry);

}  // namespace welt
