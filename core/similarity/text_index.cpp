// See text_index.h.
#include "core/similarity/text_index.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/similarity/kernels.h"
#include "core/similarity/parallel.h"
#include "core/similarity/ranking.h"

namespace welt::similarity {
namespace {

constexpr std::size_t grain = 2048;  // rows a thread takes at a time
constexpr std::size_t least_candidates = 4096;
constexpr std::size_t candidate_share = 32;  // one in so many
// A score of vectors in float16 is nearer than this to that of the float32 ones; more rows than these are not compared
// again.
constexpr float half_slack = 1e-3F;
constexpr std::size_t most_again = 1000;

bool better(const IndexHit& a, const IndexHit& b) { return a.score != b.score ? a.score > b.score : a.place < b.place; }

}  // namespace

std::string fingerprint(const StaticEmbedding& embedding) {
  const std::string_view texts[] = {"The quick brown fox jumps over the lazy dog.", "0123456789 +-*/ ()[]{}",
                                    "caf\xC3\xA9 na\xC3\xAFve \xE4\xB8\xAD\xE6\x96\x87"};
  const Matrix rows = embedding.embed(texts, 1);
  return sha256({reinterpret_cast<const char*>(rows.values.data()), rows.values.size() * sizeof(float)});
}

TextIndex TextIndex::open(const std::filesystem::path& folder) {
  constexpr int tries = 5;
  for (int left = tries;; --left) {
    TextIndex out;
    out.manifest_ = read_manifest(folder);
    try {
      for (const SegmentFile& file : out.manifest_.segments) {
        out.segments_.push_back(open_segment(folder, file, out.facts().dim));
        out.starts_.push_back(out.starts_.back() + file.texts);
      }
      return out;
    } catch (const Error& error) {
      // A writer may have put a new segment in the place of one since the manifest was read.
      if (left == 1 || error.code() != ErrorCode::not_found) throw;
      if (read_manifest(folder).segments == out.manifest_.segments) throw;
    }
  }
}

const Segment& TextIndex::segment_of(std::size_t place) const {
  const auto behind = std::ranges::upper_bound(starts_, place);
  return segments_[static_cast<std::size_t>(behind - starts_.begin()) - 1];
}

std::string_view TextIndex::text(std::size_t place) const {
  const Segment& segment = segment_of(place);
  return segment.text(place - starts_[static_cast<std::size_t>(&segment - segments_.data())]);
}

void TextIndex::check(const StaticEmbedding& embedding) const {
  if (embedding.dim() == facts().dim && fingerprint(embedding) == facts().fingerprint) return;
  fail({.where = "the index of texts",
        .found = fmt::format("an embedding of {} dimensions that gives other vectors than its own", embedding.dim()),
        .expected = fmt::format("the one it was made with ({}, {} dimensions)",
                                facts().model.empty() ? "the default" : facts().model, facts().dim),
        .mend = "Name it with --model, or build the index again"},
       ErrorCode::failed_precondition);
}

// Places of the rows to compare, ascending.
std::vector<std::size_t> TextIndex::candidates(std::span<const float> query, const SearchOptions& options) const {
  std::vector<std::size_t> out(texts());
  std::iota(out.begin(), out.end(), std::size_t{0});
  const std::size_t wanted =
      std::max({least_candidates, 8 * std::min(options.count, texts()), texts() / candidate_share});
  if (options.exact || texts() <= exact_texts || wanted >= texts()) return out;

  std::vector<std::uint64_t> signs(sign_words(query.size()));
  write_signs(query.data(), query.size(), signs.data());
  std::vector<std::uint16_t> distances(texts());
  for (std::size_t s = 0; s < segments_.size(); ++s) {
    for_parts(segments_[s].texts, grain, options.threads, [&](std::size_t begin, std::size_t end, std::size_t) {
      for (std::size_t i = begin; i < end; ++i) {
        const std::uint64_t* row = segments_[s].signs + i * signs.size();
        distances[starts_[s] + i] = static_cast<std::uint16_t>(
            std::min<std::uint32_t>(kernels().hamming(signs.data(), row, signs.size()), 0xFFFF));
      }
    });
  }
  std::vector<std::size_t> counts(0x10000);
  for (const std::uint16_t distance : distances) ++counts[distance];
  std::size_t limit = 0;
  for (std::size_t sum = counts[0]; sum < wanted; sum += counts[limit]) ++limit;
  std::erase_if(out, [&](std::size_t place) { return distances[place] > limit; });
  return out;
}

std::vector<IndexHit> TextIndex::nearest(std::span<const float> query, const SearchOptions& options) const {
  const std::vector<std::size_t> places = candidates(query, options);
  std::vector<IndexHit> out(places.size());
  for_parts(places.size(), grain, options.threads, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t i = begin; i < end; ++i) {
      const Segment& segment = segment_of(places[i]);
      const std::size_t row = places[i] - starts_[static_cast<std::size_t>(&segment - segments_.data())];
      const float score = kernels().dot_f16(query.data(), segment.vectors + row * segment.dim, segment.dim);
      if (!std::isfinite(score)) {
        fail({segment.path.string(), fmt::format("row {}, which is no vector of numbers", row), "numbers",
              "Build the index again"},
             ErrorCode::data_loss);
      }
      out[i] = {places[i], score};
    }
  });
  const std::size_t count = std::min(options.count, out.size());
  std::partial_sort(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(count), out.end(), better);
  out.resize(count);
  return out;
}

std::vector<IndexHit> TextIndex::search(const StaticEmbedding& embedding, std::string_view query,
                                        const SearchOptions& options) const {
  check(embedding);
  const std::vector<float> vector = embedding.embed(query);
  Matrix wanted(1, vector.size());
  wanted.values = vector;
  normalize(wanted);
  SearchOptions wider = options;
  wider.count = std::min(texts(), options.count + most_again);
  std::vector<IndexHit> out = nearest(wanted.values, wider);
  if (options.count == 0 || out.empty()) return {};
  const float least = out[std::min(options.count, out.size()) - 1].score - half_slack;
  std::erase_if(out, [&](const IndexHit& hit) { return hit.score < least; });
  std::vector<std::string_view> found;
  for (const IndexHit& hit : out) found.push_back(text(hit.place));
  const std::vector<float> exact = scores(vector, embedding.embed(found, options.threads));
  for (std::size_t i = 0; i < out.size(); ++i) out[i].score = exact[i];
  std::ranges::sort(out, better);
  out.resize(std::min(out.size(), options.count));
  return out;
}

}  // namespace welt::similarity
