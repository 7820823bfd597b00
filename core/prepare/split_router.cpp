// See split_router.h.
#include "core/prepare/split_router.h"

#include <utility>

namespace welt {
namespace {

// So many documents in a row that fit no split: what is left of it would take long to fill.
constexpr std::int64_t most_misses = 1000;

}  // namespace

SplitRouter::SplitRouter(const PrepareOptions& options, std::array<ShardWriter*, 2> writers,
                         std::function<void(const RoutePoint&)> on_point)
    : options_(options),
      writers_(writers),
      limits_{options.train_split_units, options.validation_split_units},
      on_point_(std::move(on_point)),
      is_full_{limits_[train] == 0, limits_[validation] == 0} {}

void SplitRouter::resume(const RoutePoint& point) {
  rows_ = point.rows;
  skip_ = point.examples;
  split_ = point.split;
  misses_ = point.misses;
  passed_over_ = point.passed_over;
  is_full_ = point.is_full;
  for (int split : {train, validation}) writers_[split]->resume(point.counts[split]);
}

bool SplitRouter::take(const std::vector<Example>& examples) {
  const bool more = options_.reference_compatible ? take_as_reference(examples) : take_whole(examples);
  ++rows_;
  skip_ = 0;
  split_ = -1;
  return more;
}

void SplitRouter::write(int split, const Example& example, std::int64_t taken) {
  bool closed = writers_[split]->write(example.line, example.units);
  if (room(split) <= 0) {
    fill(split);
    closed = true;
  }
  if (!closed || writers_[train]->is_open() || writers_[validation]->is_open()) return;
  on_point_({rows_,
             taken,
             split_,
             {writers_[train]->counts(), writers_[validation]->counts()},
             passed_over_,
             misses_,
             is_full_});
}

// The split gets nothing more, and its last shard need not wait for the end of the run.
void SplitRouter::fill(int split) {
  is_full_[split] = true;
  writers_[split]->close();
}

bool SplitRouter::take_as_reference(const std::vector<Example>& examples) {
  const std::int64_t limit = limits_[train] + limits_[validation];
  for (std::int64_t i = skip_; i < std::ssize(examples); ++i) {
    const Example& example = examples[static_cast<std::size_t>(i)];
    if (units() + example.units > limit) return false;
    write(room(validation) > 0 ? validation : train, example, i + 1);
  }
  return true;
}

bool SplitRouter::take_whole(const std::vector<Example>& examples) {
  if (!examples.empty() && split_ < 0) {
    for (const int split : {validation, train}) {
      if (is_full_[split] || split_ >= 0) continue;
      if (examples[0].units <= room(split))
        split_ = split, misses_[split] = 0;
      else if (++misses_[split] >= most_misses)
        fill(split);
    }
  }
  for (std::int64_t i = skip_; i < std::ssize(examples); ++i) {
    const Example& example = examples[static_cast<std::size_t>(i)];
    if (split_ >= 0 && example.units <= room(split_))
      write(split_, example, i + 1);
    else
      ++passed_over_;
  }
  return !is_full_[train] || !is_full_[validation];
}

void SplitRouter::finish() {
  for (const int split : {validation, train}) writers_[split]->close();
}

}  // namespace welt
