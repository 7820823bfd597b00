// See hub_fetch.h.
#include "core/hub/hub_fetch.h"

#include <fnmatch.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/hub_cache.h"
#include "core/base/log.h"
#include "core/base/progress.h"
#include "core/hub/hub_store.h"

namespace welt {

namespace fs = std::filesystem;

HubFetched hub_fetch(HubClient& client, const HubId& id, const HubListing& listing,
                     const std::function<bool(std::string_view path)>& wanted, const fs::path& cache) {
  constexpr std::uint64_t megabyte = 1000000;
  const HubStore store(id, cache.empty() ? cache_for(id, listing.commit) : cache);
  HubFetched out{.folder = store.snapshot(listing.commit), .commit = listing.commit};
  for (const HubFile& listed : listing.files) {
    if (!wanted(listed.path)) continue;
    ++out.files;
    if (store.has(listing.commit, listed)) continue;
    const HubFile file = client.look(id, listing.commit, listed);
    store.put(listing.commit, file, [&](const fs::path& part) {
      Progress progress(file.path + " (MB)", static_cast<std::int64_t>(file.size.value_or(0) / megabyte));
      std::uint64_t there = 0;
      client.download(id, listing.commit, file, part, [&](std::uint64_t bytes) {
        there = bytes;
        progress.update(static_cast<std::int64_t>(bytes / megabyte));
      });
      ++out.downloaded;
      out.bytes += there;
    });
  }
  store.set_ref(id.revision, listing.commit);
  if (out.downloaded > 0)
    log_info("hub", "{}: {} files, {:.1f} MB downloaded to {}", id.text(), out.downloaded,
             static_cast<double>(out.bytes) / megabyte, out.folder.string());
  return out;
}

bool fits_hub_pattern(const std::string& path, const std::vector<std::string>& patterns) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) {
    const std::string whole = pattern.ends_with('/') ? pattern + "*" : pattern;
    return ::fnmatch(whole.c_str(), path.c_str(), 0) == 0;
  });
}

std::vector<fs::path> cached_snapshots(const HubId& id) {
  std::vector<fs::path> out;
  for (const fs::path& cache : hub_caches()) {
    const fs::path repository = hub_repository(cache, id.kind, id.name);
    const std::string commit = hub_commit(repository, id.revision).value_or(id.revision);
    std::error_code ignored;
    if (is_plain_name(commit) && fs::is_directory(repository / "snapshots" / commit, ignored))
      out.push_back(repository / "snapshots" / commit);
  }
  return out;
}

fs::path cache_for(const HubId& id, const std::string& commit) {
  for (const fs::path& snapshot : cached_snapshots({.kind = id.kind, .name = id.name, .revision = commit})) {
    const fs::path repository = snapshot.parent_path().parent_path();
    if (::access(snapshot.c_str(), W_OK) == 0 && ::access(repository.c_str(), W_OK) == 0)
      return repository.parent_path();
  }
  return {};
}

}  // namespace welt
