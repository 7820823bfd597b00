// See row_order.h.
#include "core/data/row_order.h"

#include <algorithm>
#include <numeric>

#include "core/base/philox.h"

namespace welt {
namespace {

// Coordinates that keep the uses of Philox apart.
constexpr std::uint64_t shuffle_stream = 0x73687566666C65, source_stream = 0x736F75726365;
constexpr std::uint64_t of_rows = 0, of_window = 1, of_windows = 2;

std::vector<std::uint32_t> numbers(std::uint64_t count) {
  std::vector<std::uint32_t> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0u);
  return all;
}

void shuffle(std::vector<std::uint32_t>& list, std::uint64_t key, std::uint64_t use) {
  for (std::uint64_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[philox_below(philox64(key, use, i), i)]);
}

}  // namespace

std::uint64_t RowsOfSource::rows() const { return std::accumulate(windows.begin(), windows.end(), std::uint64_t{0}); }

RowOrder::RowOrder(std::vector<RowsOfSource> sources, std::uint64_t seed, bool shuffle)
    : sources_(std::move(sources)),
      seed_(seed),
      shuffle_(shuffle),
      taken_(sources_.size(), 0),
      passes_(sources_.size()) {
  for (const RowsOfSource& source : sources_) total_ += source.per_epoch;
}

RowOrder::Place RowOrder::at(std::uint64_t epoch, std::uint64_t index) const {
  const std::lock_guard lock(mutex_);
  seek(index);
  const std::size_t source = next_source();
  const std::uint64_t position = epoch * sources_[source].per_epoch + taken_[source];
  ++taken_[source];
  ++index_;
  return place(source, position);
}

// The one that is furthest behind its share, the first of equals.
std::size_t RowOrder::next_source() const {
  if (sources_.size() == 1) return 0;
  __extension__ using Wide = __int128;
  std::size_t best = 0;
  Wide most = 0;
  bool found = false;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (taken_[i] == sources_[i].per_epoch) continue;
    const Wide behind = static_cast<Wide>(sources_[i].per_epoch) * (index_ + 1) - static_cast<Wide>(taken_[i]) * total_;
    if (found && behind <= most) continue;
    found = true;
    most = behind;
    best = i;
  }
  return best;
}

void RowOrder::seek(std::uint64_t index) const {
  if (sources_.size() == 1) {
    taken_[0] = index_ = index;
    return;
  }
  if (index < index_) {
    index_ = 0;
    std::ranges::fill(taken_, 0);
  }
  for (; index_ < index; ++index_) ++taken_[next_source()];
}

std::uint64_t RowOrder::key(std::size_t source, std::uint64_t pass) const {
  const std::uint64_t seed = source == 0 ? seed_ : philox64(seed_, source_stream, source);
  return philox64(seed, shuffle_stream, pass);
}

void RowOrder::begin_pass(std::size_t source, std::uint64_t number) const {
  Pass& pass = passes_[source];
  const RowsOfSource& from = sources_[source];
  pass = {.known = true, .number = number, .windows = numbers(from.windows.size()), .begins = {0}};
  if (shuffle_) shuffle(pass.windows, key(source, number), of_windows);
  for (const std::uint32_t window : pass.windows) pass.begins.push_back(pass.begins.back() + from.windows[window]);
  enter(source, 0);
}

void RowOrder::enter(std::size_t source, std::size_t window) const {
  Pass& pass = passes_[source];
  const std::uint32_t which = pass.windows[window];
  pass.window = window;
  pass.rows = numbers(sources_[source].windows[which]);
  if (!shuffle_) return;
  const std::uint64_t of_pass = key(source, pass.number);
  shuffle(pass.rows, which == 0 ? of_pass : philox64(of_pass, of_window, which), of_rows);
}

RowOrder::Place RowOrder::place(std::size_t source, std::uint64_t position) const {
  const std::uint64_t rows = sources_[source].rows(), number = position / rows, in_pass = position % rows;
  Pass& pass = passes_[source];
  if (!pass.known || pass.number != number) begin_pass(source, number);
  const auto behind = std::ranges::upper_bound(pass.begins, in_pass);
  const auto window = static_cast<std::size_t>(behind - pass.begins.begin()) - 1;
  if (window != pass.window) enter(source, window);
  return {source, pass.windows[window], pass.rows[in_pass - pass.begins[window]]};
}

}  // namespace welt
