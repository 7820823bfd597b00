// A corpus as batches that predict every word of it exactly once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "core/data/corpus.h"
#include "core/data/dataset.h"

namespace welt {

// In order: where a document is cut, the next row starts with the `context` last words of the one before, without
// labels for what was already predicted (0 < context < W). `max_rows` rows at most, evenly over the text (0: all), B to
// a batch; the last may be smaller. Of the options words, batch, units and compat count. A drawer (or null) gives
// batches their images.
std::vector<Batch> evaluation_batches(const CorpusView& corpus, const DatasetOptions& options, WordDrawer* drawer,
                                      std::int64_t max_rows = 0, std::int64_t context = 1);

// The same of a text in windows; no batch has rows of two.
using OpenWindow = std::function<WordWindow(std::size_t window)>;
std::vector<Batch> evaluation_batches(std::size_t windows, const OpenWindow& open, const DatasetOptions& options,
                                      WordDrawer* drawer, std::int64_t max_rows = 0, std::int64_t context = 1);

}  // namespace welt
