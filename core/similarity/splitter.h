// A text into chunks where its subject changes: pieces of a few lines, their similarity to their neighbours, cuts where
// it is least.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/similarity/static_embedding.h"

namespace welt::similarity {

struct SplitOptions {
  std::int64_t target_size = 1536;                         // characters of a chunk
  std::int64_t intermediate_size = 96, cleanup_size = 24;  // of the pieces that are compared; the smallest
  int window_size = 3;                                     // pieces whose similarities are averaged
  int savgol_window = 3, poly_order = 2;                   // the filter: local_minima()
  int threads = 0;
};

// WordLlama's split(), chunk for chunk: target_size is no hard limit, line ends become "\n" and sentences are stripped.
struct ReferenceSplit {
  std::vector<std::string> pieces, chunks;
  std::vector<float> averages;             // of each piece
  std::vector<std::int64_t> minima_index;  // pieces
  std::vector<float> minima_value;
};
ReferenceSplit reference_split(const StaticEmbedding& embedding, std::string_view text, const SplitOptions& options);

// Chunks that joined give the text back, byte for byte, none longer than target_size characters. Ends of the chunks in
// the text, the last its size; none for an empty text. Cut at the same kind of places, else between pieces, lines,
// sentences, words, clusters (a cluster that is longer than a chunk is cut between characters).
std::vector<std::size_t> split_ends(const StaticEmbedding& embedding, std::string_view text,
                                    const SplitOptions& options);

// Both throw Error for sizes that do not fit each other, windows and orders.

}  // namespace welt::similarity
