// An index of texts on the disk, searched: which texts are nearest to a query. Made by index_writer.h.
//
// The search is exact in float16, block by block, over all texts; of more than `exact_texts` only over the candidates
// that share the most signs with the query. What is found is then compared in float32, by its text.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/similarity/index_format.h"
#include "core/similarity/static_embedding.h"

namespace welt::similarity {

// Of the vectors of a few sentences: two embeddings with the same one give the same vectors.
std::string fingerprint(const StaticEmbedding& embedding);

struct SearchOptions {
  std::size_t count = 3;
  bool exact = false;  // no choice of candidates
  int threads = 0;     // 0: all cores
};

struct IndexHit {
  std::size_t place;  // from 0, as the texts were added
  float score;
};

// Immutable, any thread. What is added afterwards is not seen.
class TextIndex {
 public:
  static constexpr std::size_t exact_texts = 131'072;

  // Throws Error: no index (not_found), a file of it is none (data_loss).
  static TextIndex open(const std::filesystem::path& folder);

  const IndexFacts& facts() const { return manifest_.facts; }
  std::size_t texts() const { return starts_.back(); }
  std::size_t segments() const { return segments_.size(); }
  std::string_view text(std::size_t place) const;
  // Throws Error (failed_precondition) for another embedding than the index was made with.
  void check(const StaticEmbedding& embedding) const;

  // The rows nearest to a vector of length 1, the best first, of equal ones the earlier. Scores are those of the
  // vectors in float16. Throws Error where a row holds what is no number.
  std::vector<IndexHit> nearest(std::span<const float> query, const SearchOptions& options) const;
  // The texts nearest to a text, with the scores of ranking.h.
  std::vector<IndexHit> search(const StaticEmbedding& embedding, std::string_view query,
                               const SearchOptions& options) const;

 private:
  std::vector<std::size_t> candidates(std::span<const float> query, const SearchOptions& options) const;
  const Segment& segment_of(std::size_t place) const;

  Manifest manifest_;
  std::vector<Segment> segments_;
  std::vector<std::size_t> starts_{0};  // place of the first text of each segment, and behind the last
};

}  // namespace welt::similarity
