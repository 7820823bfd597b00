// Which split an example goes to, and when a run has enough. The part of preparation that goes by the order of rows.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/prepare/examples.h"
#include "core/prepare/shard_writer.h"

namespace welt {

// Where a run could go on: behind `examples` of the row that comes after `rows` others. Every example in front of it is
// in a shard that is in place.
struct RoutePoint {
  std::int64_t rows = 0, examples = 0;
  int split = -1;  // of the row's document; -1: none yet
  std::array<ShardCounts, 2> counts;
  std::int64_t passed_over = 0;
  std::array<std::int64_t, 2> misses = {};  // documents in a row that did not fit the split
  std::array<bool, 2> is_full = {};
};

class SplitRouter {
 public:
  enum Split { train, validation };
  // `on_point` is called when a shard was put in place and no other is open.
  SplitRouter(const PrepareOptions& options, std::array<ShardWriter*, 2> writers,
              std::function<void(const RoutePoint&)> on_point);

  void resume(const RoutePoint& point);
  // The examples of the next row. False: the run has enough.
  bool take(const std::vector<Example>& examples);
  // A row without examples.
  void pass() { ++rows_; }
  // Puts the open shards in place.
  void finish();

  std::int64_t rows() const { return rows_; }
  std::int64_t passed_over() const { return passed_over_; }
  std::int64_t units() const { return writers_[train]->counts().units + writers_[validation]->counts().units; }

 private:
  bool take_as_reference(const std::vector<Example>& examples);
  bool take_whole(const std::vector<Example>& examples);
  void write(int split, const Example& example, std::int64_t taken);
  void fill(int split);
  std::int64_t room(int split) const { return limits_[split] - writers_[split]->counts().units; }

  const PrepareOptions& options_;
  std::array<ShardWriter*, 2> writers_;
  std::array<std::int64_t, 2> limits_;
  std::function<void(const RoutePoint&)> on_point_;
  std::int64_t rows_ = 0, passed_over_ = 0, skip_ = 0;
  int split_ = -1;
  std::array<std::int64_t, 2> misses_ = {};
  std::array<bool, 2> is_full_ = {};
};

}  // namespace welt
