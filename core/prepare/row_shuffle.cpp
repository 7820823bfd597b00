// See row_shuffle.h.
#include "core/prepare/row_shuffle.h"

#include <algorithm>
#include <utility>

namespace welt {

RowShuffle::RowShuffle(std::vector<std::filesystem::path> files, std::uint64_t seed, std::size_t buffer)
    : random_(seed), buffer_size_(buffer) {
  constexpr std::size_t most_groups = 10;
  Pcg64(seed).shuffle(files);
  const std::size_t count = std::min(files.size(), most_groups);
  groups_.resize(count);
  std::size_t at = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t size = files.size() / count + (i < files.size() % count ? 1 : 0);
    for (std::size_t j = 0; j < size; ++j) groups_[i].files.push_back(std::move(files[at++]));
  }
}

// The next row of the group whose turn it is; groups without any more are left out.
bool RowShuffle::read(RawRow& row) {
  while (!groups_.empty()) {
    if (turn_ >= groups_.size()) turn_ = 0;
    Group& group = groups_[turn_];
    for (;;) {
      if (!group.reader) {
        if (group.files.empty()) break;
        group.reader = RowReader::open(group.files.front());
        group.files.pop_front();
      }
      if (group.reader->next(row)) {
        ++turn_;
        return true;
      }
      group.reader.reset();
    }
    groups_.erase(groups_.begin() + static_cast<std::ptrdiff_t>(turn_));
  }
  return false;
}

// A thousand numbers are drawn at a time, as numpy's integers() would be asked: their order in the stream matters.
std::size_t RowShuffle::pick() {
  constexpr std::size_t at_once = 1000;
  if (picks_.empty()) {
    for (std::size_t i = 0; i < at_once; ++i) picks_.push_back(random_.below(static_cast<std::uint32_t>(buffer_size_)));
    std::reverse(picks_.begin(), picks_.end());
  }
  const std::size_t place = picks_.back();
  picks_.pop_back();
  return place;
}

bool RowShuffle::next(RawRow& row) {
  RawRow read_row;
  while (!drains_) {
    if (!read(read_row)) {
      random_.shuffle(buffer_);
      drains_ = true;
    } else if (buffer_.size() < buffer_size_) {
      buffer_.push_back(std::move(read_row));
      read_row = {};
    } else {
      row = std::exchange(buffer_[pick()], std::move(read_row));
      return true;
    }
  }
  if (drained_ == buffer_.size()) return false;
  row = std::move(buffer_[drained_++]);
  return true;
}

}  // namespace welt
