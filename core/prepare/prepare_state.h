// What a preparation leaves beside its shards: the metadata of a finished one, and how far an unfinished one has come.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/prepare/prepare.h"
#include "core/prepare/split_router.h"

namespace welt {

class PrepareState {
 public:
  PrepareState(const PrepareOptions& options, std::string prefix, const std::vector<std::filesystem::path>& files);

  // Before anything is written. With --resume: the point to go on from, if an unfinished run left one. Throws Error
  // when files of an earlier run are in the way, or the unfinished one had other options or other files.
  std::optional<RoutePoint> begin();
  void keep(const RoutePoint& point);
  // Writes the metadata, and removes what is of no use any more.
  void finish(const PrepareReport& report);
  ~PrepareState();

 private:
  std::optional<RoutePoint> find_point() const;
  std::filesystem::path file(const std::string& ending) const;
  std::vector<std::filesystem::path> leftovers(const std::string& split, std::int64_t from) const;
  const PrepareOptions& options_;
  std::string prefix_;
  std::filesystem::path folder_;
  nlohmann::json identity_;  // options and files that decide every shard
  bool has_begun_ = false;
};

}  // namespace welt
