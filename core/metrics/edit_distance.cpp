// See edit_distance.h.
#include "core/metrics/edit_distance.h"

#include <algorithm>
#include <utility>

#include "core/base/error.h"

namespace welt {
namespace {

constexpr std::int64_t block_rows = 64, first_band = 128;
constexpr std::int64_t most_steps = std::int64_t{1} << 32;
constexpr std::uint32_t most_symbols = 1u << 24;

// A difference of neighbours: −1, 0 or 1.
constexpr std::uint8_t plus = 1, minus = 2;
constexpr std::int64_t value_of(std::uint8_t difference) { return (difference & plus) - (difference >> 1); }

void check_steps(std::int64_t blocks, std::int64_t columns, std::int64_t height, std::int64_t width) {
  if (columns <= most_steps / blocks) return;
  fail({.where = "edit distance",
        .found = fmt::format("{} and {} symbols that differ much", height, width),
        .expected = fmt::format("at most {} cells to compare", most_steps * block_rows),
        .mend = "Give the texts in parts"},
       ErrorCode::resource_exhausted);
}

}  // namespace

// The cells of up to 64 rows in the given columns. Left of them every row is one more than the row above.
void EditDistance::block(Sequence rows, Sequence columns, std::uint8_t* border) {
  for (std::size_t row = 0; row < rows.size(); ++row) masks_[rows[row]] |= std::uint64_t{1} << row;
  const auto last_row = static_cast<int>(rows.size() - 1);
  std::uint64_t rises = ~std::uint64_t{0}, falls = 0;  // vertical differences of the column before
  for (const std::uint32_t symbol : columns) {
    const std::uint64_t above_rises = *border & plus, above_falls = *border >> 1;
    const std::uint64_t equal = masks_[symbol];
    const std::uint64_t vertical = equal | falls;
    const std::uint64_t from_above = equal | above_falls;
    const std::uint64_t diagonal = (((from_above & rises) + rises) ^ rises) | from_above;
    std::uint64_t gains = falls | ~(diagonal | rises), losses = rises & diagonal;  // horizontal differences
    *border++ = static_cast<std::uint8_t>((gains >> last_row & 1) | (losses >> last_row & 1) << 1);
    gains = gains << 1 | above_rises;
    losses = losses << 1 | above_falls;
    rises = losses | ~(vertical | gains);
    falls = gains & vertical;
  }
  for (const std::uint32_t symbol : rows) masks_[symbol] = 0;
}

// The distance over paths that stay within `band` cells of the diagonal: exact when it is at most `band`, else too
// large. Cells left of the band and above it are taken as if every step towards them had cost one, which no path beats
// by leaving the band.
std::int64_t EditDistance::within(Sequence rows, Sequence columns, std::int64_t band) {
  const auto height = static_cast<std::int64_t>(rows.size()), width = static_cast<std::int64_t>(columns.size());
  borders_.assign(columns.size(), plus);
  std::int64_t corner = 0, first = 0;  // the cell above the block's first row, left of column `first`
  for (std::int64_t top = 0; top < height; top += block_rows) {
    const std::int64_t size = std::min(block_rows, height - top);
    const std::int64_t begin = std::clamp(top - band, std::int64_t{0}, width), end = std::min(width, top + size + band);
    for (; first < begin; ++first) corner += value_of(borders_[static_cast<std::size_t>(first)]);
    const auto from = static_cast<std::size_t>(first);
    block(rows.subspan(static_cast<std::size_t>(top), static_cast<std::size_t>(size)),
          columns.subspan(from, static_cast<std::size_t>(end) - from), borders_.data() + from);
    corner += size;
  }
  for (; first < width; ++first) corner += value_of(borders_[static_cast<std::size_t>(first)]);
  return corner;
}

// No less than the symbols that one side has more of than the other.
std::int64_t EditDistance::least(Sequence a, Sequence b) {
  counts_.resize(masks_.size(), 0);
  std::int64_t more_a = 0, more_b = 0;
  for (const std::uint32_t symbol : a) ++counts_[symbol];
  for (const std::uint32_t symbol : b) more_b += counts_[symbol]-- > 0 ? 0 : 1;
  for (const std::uint32_t symbol : a) more_a += std::max(std::exchange(counts_[symbol], 0), 0);
  for (const std::uint32_t symbol : b) counts_[symbol] = 0;
  return std::max(more_a, more_b);
}

std::int64_t EditDistance::operator()(Sequence a, Sequence b) {
  while (!a.empty() && !b.empty() && a.front() == b.front()) a = a.subspan(1), b = b.subspan(1);
  while (!a.empty() && !b.empty() && a.back() == b.back()) a = a.first(a.size() - 1), b = b.first(b.size() - 1);
  if (a.size() > b.size()) std::swap(a, b);
  const auto height = static_cast<std::int64_t>(a.size()), width = static_cast<std::int64_t>(b.size());
  if (height == 0) return width;
  const std::uint32_t largest = std::max(*std::ranges::max_element(a), *std::ranges::max_element(b));
  if (largest >= most_symbols) {
    fail({"edit distance", fmt::format("the symbol {}", largest), fmt::format("symbols below {}", most_symbols)},
         ErrorCode::internal);
  }
  if (masks_.size() <= largest) masks_.resize(std::size_t{largest} + 1, 0);
  const std::int64_t blocks = (height + block_rows - 1) / block_rows;
  const bool small = first_band >= height / 4;
  for (std::int64_t band = small ? height : std::max(first_band, least(a, b)); band < height / 4; band *= 4) {
    check_steps(blocks, 2 * band + block_rows, height, width);
    const std::int64_t distance = within(a, b, band);
    if (distance <= band) return distance;
  }
  check_steps(blocks, width, height, width);
  return within(a, b, width);
}

}  // namespace welt
