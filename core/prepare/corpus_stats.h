// What a corpus is made of: words, bytes, scripts, languages, longest and most frequent words, how distinct words grow
// with the corpus, duplicates, and the padding of rows. For `welt data stats`.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/data/corpus.h"
#include "core/data/dataset.h"
#include "core/data/source.h"
#include "core/prepare/dedup.h"
#include "core/prepare/distinct_counts.h"

namespace welt {

struct CorpusStatsOptions {
  std::size_t top = 20;              // longest and most frequent words that are told
  std::int64_t batch = 32;           // rows of a batch …
  std::int64_t words = 128;          // … of so many words …
  std::int64_t max_bytes = 0;        // … of so many bytes at most (0: no limit) …
  std::string packing = "best_fit";  // … made in this way
  bool near = false;                 // near duplicates too
  // What is kept in memory at most. Up to these the figures are exact; beyond, those of distinct words and duplicates
  // are estimates (distinct_counts.h) and say so, rare words are no longer counted (Manku, Motwani 2002), and near
  // duplicates are looked for among the first ones.
  std::size_t most_hashes = std::size_t{1} << 22, most_words = std::size_t{1} << 20, most_sketches = 500'000;
  std::size_t window = std::size_t{1} << 22;  // words that are packed into rows at a time
};

// Numbers by size: exact below 64, then 16 steps for each doubling.
class SizeCounts {
 public:
  void add(std::uint64_t size);
  std::uint64_t quantile(double share) const;  // 0: nothing was added
  double mean() const { return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_); }
  std::uint64_t largest() const { return largest_; }
  // Number of sizes in [from, to), `from` a power of two (or 0).
  struct Bar {
    std::uint64_t from, to, count;
  };
  std::vector<Bar> bars() const;
  nlohmann::ordered_json to_json() const;

 private:
  std::map<std::uint64_t, std::uint64_t> counts_;  // by the lowest size of the step
  std::uint64_t count_ = 0, sum_ = 0, largest_ = 0;
};

// Memory: the limits above (about 100 MB each for hashes of words, hashes of documents and words, 150 MB for sketches,
// 60 MB for the window) and the longest document, whatever the size of the corpus. [one thread at a time]
class CorpusStats {
 public:
  // `split` cuts a text into words.
  CorpusStats(const CorpusStatsOptions& options, SplitFunction split);
  void add(const SourceDocument& document);
  // All figures; nothing may be added afterwards.
  nlohmann::ordered_json finish();
  std::int64_t documents() const { return documents_; }
  std::int64_t bytes() const { return bytes_; }

 private:
  void count_characters(std::string_view text);
  void count_words(std::string_view text);
  void note_long(std::string_view word);
  void note_growth();
  void close_window();
  void merge_words();
  nlohmann::ordered_json padding() const;
  nlohmann::ordered_json words_json() const;

  CorpusStatsOptions options_;
  SplitFunction split_;
  std::vector<std::uint64_t> ends_;
  std::int64_t documents_ = 0, bytes_ = 0, characters_ = 0, words_ = 0;
  std::vector<std::int64_t> scripts_;                                                    // code points by ICU's number
  std::map<std::string, std::pair<std::int64_t, std::int64_t>, std::less<>> languages_;  // documents, words
  SizeCounts word_bytes_, document_words_;
  std::vector<std::string> longest_;  // by bytes, the longest first
  DistinctCounts words_seen_, texts_seen_;
  NearIndex near_;
  std::int64_t near_duplicates_ = 0, near_kept_ = 0, near_asked_ = 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> growth_;  // words read, distinct ones
  std::int64_t next_point_ = 1;

  Corpus window_;
  std::vector<std::uint64_t> window_counts_;  // of the window's distinct words
  std::unordered_map<std::string, std::uint64_t> counts_;
  std::uint64_t dropped_ = 0;  // a word that is not among counts_ was there so often at most

  std::int64_t rows_ = 0, filled_ = 0, cut_documents_ = 0;
  // Of a document a row, each batch padded to its longest one.
  std::int64_t single_slots_ = 0, single_filled_ = 0, in_batch_ = 0, batch_longest_ = 0, batch_filled_ = 0;
};

}  // namespace welt
