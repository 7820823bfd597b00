// See near_duplicates.h. A band is a hash of a few bits. Its rows are sorted by their hash; in each bucket a later row
// is compared with the earlier ones, first by a sketch of 256 bits, then by the product.
#include "core/similarity/near_duplicates.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <random>
#include <span>
#include <string_view>
#include <utility>

#include "core/base/error.h"
#include "core/similarity/duplicates.h"
#include "core/similarity/kernels.h"
#include "core/similarity/packed_rows.h"
#include "core/similarity/parallel.h"
#include "core/similarity/ranking.h"

namespace welt::similarity {
namespace {

constexpr std::size_t least_bits = 6, most_bits = 24, most_bands = 1024;
constexpr std::size_t sketch_words = 4, sketch_bits = 64 * sketch_words;
constexpr std::size_t grain = 1536;
constexpr std::uint32_t seed = 20'020'519;
// Nanoseconds on a machine of 2020, to weigh one thing against another.
constexpr double pair_cost = 2, all_pairs_cost = 3, panel_cost = 80, sort_cost = 30;

// Normal directions as panels of sixteen.
Matrix directions(std::size_t count, std::size_t dim, std::mt19937& random) {
  std::normal_distribution<float> normal;
  Matrix out(count, dim);
  for (float& value : out.values) value = normal(random);
  return out;
}

// bits(row, words) takes the signs of a row's products with `planes`, 64 a word.
template <typename Take>
void project(const Matrix& rows, const Matrix& planes, int threads, Take&& take) {
  const PackedRows packed(planes, 0, planes.rows, rows.dim);
  const std::size_t words = (planes.rows + 63) / 64;
  for_parts(rows.rows, grain, threads, [&](std::size_t begin, std::size_t end, std::size_t) {
    std::vector<std::uint64_t> bits(tile_rows * words);
    float tile[tile_rows * tile_columns];
    for (std::size_t i = begin; i < end; i += tile_rows) {
      const std::size_t count = std::min(tile_rows, end - i);
      std::ranges::fill(bits, 0);
      for (std::size_t panel = 0; panel < packed.panels(); ++panel) {
        kernels().tile(rows.row(i), rows.dim, count, packed.panel(panel), rows.dim, tile);
        for (std::size_t r = 0; r < count; ++r)
          for (std::size_t c = 0; c < tile_columns; ++c)
            bits[r * words + panel / 4] |= std::uint64_t{tile[r * tile_columns + c] > 0} << (panel % 4 * 16 + c);
      }
      for (std::size_t r = 0; r < count; ++r) take(i + r, bits.data() + r * words);
    }
  });
}

std::vector<std::uint32_t> keys_of(const Matrix& rows, std::size_t bits, std::mt19937& random, int threads) {
  std::vector<std::uint32_t> out(rows.rows);
  const std::uint32_t mask = (std::uint32_t{1} << bits) - 1;
  project(rows, directions(bits, rows.dim, random), threads,
          [&](std::size_t row, const std::uint64_t* found) { out[row] = static_cast<std::uint32_t>(found[0]) & mask; });
  return out;
}

struct Plan {
  std::size_t bits = 0, bands = 0;
  double cost = std::numeric_limits<double>::infinity();
};

// As many bits as make it cheapest, by the pairs that share the first bits of a hash in these rows.
Plan plan_of(const Matrix& rows, const NearOptions& options, std::mt19937& random) {
  const double shares = 1 - std::acos(std::clamp(options.threshold, -1.0, 1.0)) / std::numbers::pi;
  std::vector<std::uint32_t> keys = keys_of(rows, most_bits, random, options.threads);
  // By the lowest bit first, so that rows that share the first bits stand together.
  for (std::uint32_t& key : keys) {
    std::uint32_t turned = 0;
    for (std::size_t bit = 0; bit < most_bits; ++bit) turned |= (key >> bit & 1) << (most_bits - 1 - bit);
    key = turned;
  }
  std::ranges::sort(keys);
  Plan best;
  for (std::size_t bits = least_bits; bits <= most_bits; ++bits) {
    double pairs = 0;
    for (std::size_t begin = 0, end = 0; begin < keys.size(); begin = end) {
      while (end < keys.size() && keys[end] >> (most_bits - bits) == keys[begin] >> (most_bits - bits)) ++end;
      pairs += 0.5 * static_cast<double>(end - begin) * static_cast<double>(end - begin - 1);
    }
    const double found = std::pow(shares, static_cast<double>(bits));
    const double bands = found >= 1 ? 1 : std::ceil(std::log1p(-options.recall) / std::log1p(-found));
    if (!(bands <= static_cast<double>(most_bands))) break;
    const auto panels = static_cast<double>((bits + tile_columns - 1) / tile_columns);
    const double cost =
        bands * (pairs * pair_cost + static_cast<double>(rows.rows) * (panels * panel_cost + sort_cost));
    if (cost < best.cost) best = {bits, static_cast<std::size_t>(bands), cost};
  }
  return best;
}

// Of rows that are the same number for number only the first is looked at.
struct Repeats {
  std::vector<std::size_t> firsts;                           // ascending
  std::vector<std::pair<std::size_t, std::size_t>> repeats;  // a row, and the first that equals it
};

Repeats repeats_of(const Matrix& rows) {
  const auto bytes = [&](std::size_t i) {
    return std::string_view(reinterpret_cast<const char*>(rows.row(i)), rows.dim * sizeof(float));
  };
  std::vector<std::pair<std::size_t, std::size_t>> hashes;
  for (std::size_t i = 0; i < rows.rows; ++i) hashes.emplace_back(std::hash<std::string_view>()(bytes(i)), i);
  std::ranges::sort(hashes);
  Repeats out;
  for (std::size_t begin = 0, end = 0; begin < hashes.size(); begin = end) {
    const std::size_t own = out.firsts.size();  // those of this hash begin here
    for (; end < hashes.size() && hashes[end].first == hashes[begin].first; ++end) {
      const std::size_t row = hashes[end].second;
      const auto same = std::find_if(out.firsts.begin() + static_cast<std::ptrdiff_t>(own), out.firsts.end(),
                                     [&](std::size_t first) { return bytes(first) == bytes(row); });
      if (same == out.firsts.end())
        out.firsts.push_back(row);
      else
        out.repeats.emplace_back(row, *same);
    }
  }
  std::ranges::sort(out.firsts);
  return out;
}

class Search {
 public:
  Search(const Matrix& rows, const NearOptions& options, std::mt19937& random)
      : rows_(rows), options_(options), sketches_(rows.rows, sketch_words), dropped_(rows.rows) {
    project(rows, directions(sketch_bits, rows.dim, random), options.threads,
            [&](std::size_t row, const std::uint64_t* bits) { std::copy_n(bits, sketch_words, sketches_.row(row)); });
    const double differs = std::acos(std::clamp(options.threshold, -1.0, 1.0)) / std::numbers::pi;
    // Five deviations above the mean of a pair at the threshold: one in millions is lost here.
    const double mean = differs * sketch_bits, deviation = std::sqrt(mean * (1 - differs));
    limit_ = static_cast<std::uint32_t>(mean + 5 * deviation + 1);
  }

  void band(std::size_t bits, std::mt19937& random) {
    const std::vector<std::uint32_t> keys = keys_of(rows_, bits, random, options_.threads);
    // Counting sort: rows of a bucket stay in their order.
    std::vector<std::size_t> starts((std::size_t{1} << bits) + 1);
    for (const std::uint32_t key : keys) ++starts[key + 1];
    for (std::size_t i = 1; i < starts.size(); ++i) starts[i] += starts[i - 1];
    std::vector<std::size_t> next(starts.begin(), starts.end() - 1);
    std::vector<std::uint32_t> order(keys.size());
    for (std::size_t row = 0; row < keys.size(); ++row) order[next[keys[row]]++] = static_cast<std::uint32_t>(row);
    for_parts(starts.size() - 1, 16, options_.threads, [&](std::size_t begin, std::size_t end, std::size_t) {
      BitMatrix near(0, sketch_words);
      for (std::size_t key = begin; key < end; ++key)
        bucket({order.data() + starts[key], starts[key + 1] - starts[key]}, near.values);
    });
  }

  std::vector<std::size_t> dropped() const {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < dropped_.size(); ++i)
      if (dropped_[i]) out.push_back(i);
    return out;
  }

 private:
  // `near`: room for the bucket's sketches beside each other.
  void bucket(std::span<const std::uint32_t> members, std::vector<std::uint64_t>& near) {
    const Kernels& fast = kernels();
    near.resize(members.size() * sketch_words);
    for (std::size_t i = 0; i < members.size(); ++i)
      std::copy_n(sketches_.row(members[i]), sketch_words, near.data() + i * sketch_words);
    for (std::size_t later = 1; later < members.size(); ++later) {
      const std::uint32_t row = members[later];
      if (dropped_[row].load(std::memory_order_relaxed)) continue;
      const std::uint64_t* sketch = near.data() + later * sketch_words;
      for (std::size_t i = 0;; ++i) {
        i = fast.next_within(sketch, near.data(), i, later, sketch_words, limit_);
        if (i == later) break;
        if (fast.dot(rows_.row(members[i]), rows_.row(row), rows_.dim) <= static_cast<float>(options_.threshold))
          continue;
        dropped_[row].store(true, std::memory_order_relaxed);
        break;
      }
    }
  }

  const Matrix& rows_;
  const NearOptions& options_;
  BitMatrix sketches_;
  std::uint32_t limit_ = 0;
  std::vector<std::atomic<bool>> dropped_;
};

std::vector<std::size_t> of_different(Matrix rows, const NearOptions& options) {
  std::mt19937 random(seed);
  const auto count = static_cast<double>(rows.rows);
  constexpr std::size_t few = 4096;
  const bool may_pay = rows.rows > few && rows.rows <= std::numeric_limits<std::uint32_t>::max();
  const Plan plan = may_pay ? plan_of(rows, options, random) : Plan{};
  if (!(plan.cost < 0.5 * count * count * all_pairs_cost)) {
    return duplicates(std::move(rows), {.threshold = options.threshold, .threads = options.threads});
  }
  normalize(rows);
  Search search(rows, options, random);
  for (std::size_t i = 0; i < plan.bands; ++i) {
    search.band(plan.bits, random);
    if (options.progress) options.progress(i + 1, plan.bands);
  }
  return search.dropped();
}

}  // namespace

std::vector<std::size_t> near_duplicates(Matrix rows, const NearOptions& options) {
  if (!(options.recall > 0 && options.recall < 1)) {
    fail({.where = "the recall of near duplicates",
          .found = fmt::format("{}", options.recall),
          .expected = "a number between 0 and 1; without --near all pairs are compared"});
  }
  if (!std::isfinite(options.threshold)) {
    fail({.where = "the threshold of duplicates",
          .found = fmt::format("{}", options.threshold),
          .expected = "a number"});
  }
  if (!(options.threshold > 0)) {  // nearly all rows repeat
    return duplicates(std::move(rows), {.threshold = options.threshold, .threads = options.threads});
  }
  const Repeats repeats = repeats_of(rows);
  std::vector<std::size_t> out;
  for (const auto& [row, first] : repeats.repeats) {
    const std::span<const float> vector(rows.row(first), rows.dim);
    if (cosine(vector, vector) > static_cast<float>(options.threshold)) out.push_back(row);
  }
  for (std::size_t i = 0; i < repeats.firsts.size(); ++i)
    if (repeats.firsts[i] != i) std::copy_n(rows.row(repeats.firsts[i]), rows.dim, rows.row(i));
  rows.rows = repeats.firsts.size();
  rows.values.resize(rows.rows * rows.dim);
  for (const std::size_t place : of_different(std::move(rows), options)) out.push_back(repeats.firsts[place]);
  std::ranges::sort(out);
  return out;
}

}  // namespace welt::similarity
