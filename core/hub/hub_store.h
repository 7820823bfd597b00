// What is downloaded, where the Hugging Face hub's own tools keep it, beside which it works: models--ORG--NAME with
// blobs/TAG, snapshots/COMMIT/PATH (a link to the blob) and refs/REVISION; a blob that is being filled is
// blobs/TAG.incomplete, and whoever fills it holds .locks/models--ORG--NAME/TAG.lock. [any thread, any process]
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/hub/hub_client.h"

namespace welt {

class HubStore {
 public:
  // In `cache`, or the first of hub_caches(). Throws Error where there is none.
  explicit HubStore(const HubId& id, std::filesystem::path cache = {});

  std::filesystem::path snapshot(const std::string& commit) const { return repository_ / "snapshots" / commit; }
  bool has(const std::string& commit, const HubFile& file) const;
  // Links the file's blob into the snapshot; where the blob is not there, fill(part) makes it first.
  void put(const std::string& commit, const HubFile& file,
           const std::function<void(const std::filesystem::path& part)>& fill) const;
  // Lets refs/REVISION name the commit; a revision that is the commit itself needs no such file.
  void set_ref(const std::string& revision, const std::string& commit) const;

 private:
  std::filesystem::path cache_, repository_;
};

// The names of the repositories of a kind in all caches, sorted.
std::vector<std::string> cached_names(std::string_view kind);

// "org/name" of "models--org--name"; "" where the folder is of another kind.
std::string cached_name(const std::string& folder, std::string_view kind);

}  // namespace welt
