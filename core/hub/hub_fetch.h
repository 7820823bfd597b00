// Files of a hub's repository in the cache: what of them is missing is downloaded. Used by `from = "org/name"`, by data
// sets and by `welt hub get`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/hub/hub_client.h"

namespace welt {

struct HubFetched {
  std::filesystem::path folder;  // the snapshot
  std::string commit;
  std::int64_t files = 0, downloaded = 0;  // that were wanted; of them those that were not there
  std::uint64_t bytes = 0;                 // of those
};

// Downloads those of `listing.files` that `wanted` says; then refs/REVISION names the commit. With a line of progress
// for each on a terminal. In `cache`, or cache_for() the commit. Throws Error; what is complete by then stays.
HubFetched hub_fetch(HubClient& client, const HubId& id, const HubListing& listing,
                     const std::function<bool(std::string_view path)>& wanted, const std::filesystem::path& cache = {});

// Whether a path fits one of the patterns: * ? [ ] as the hub's tools have them, where * goes over folders too and a
// pattern that ends in / means all below.
bool fits_hub_pattern(const std::string& path, const std::vector<std::string>& patterns);

// The folders of the snapshot of `id` in the caches, in their order. They need not be whole.
std::vector<std::filesystem::path> cached_snapshots(const HubId& id);

// The cache to fill: the first that has begun the snapshot of a commit and can be written, else "": the first of all.
std::filesystem::path cache_for(const HubId& id, const std::string& commit);

}  // namespace welt
