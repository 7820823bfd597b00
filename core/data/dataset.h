// From text files to batches: the one header that training and evaluation need of core/data.
//
//   DatasetOptions options;
//   options.files = {"data/quickstart/train.txt"};
//   auto data = Dataset::open(options, segmenter);
//   BatchLoader loader = data->train_loader();           // endless; prepares batches on its own thread
//   auto [batch, after] = loader.next();                 // `after` goes into the checkpoint: resume is exact
//
// Memory: the words of the whole corpus stay in memory as 4 bytes a word plus each distinct word once (about 1 byte for
// each byte of text; a document of its own in one huge file needs 3 more, for itself and its word borders, while it is
// read). Files are read once. A text of more words than `window_words` is several windows of whole documents, which are
// packed and shuffled one after the other; of words that are kept in a file (word_cache.h) only one window of each
// source is in memory. Measured: 50 to 100 MB/s to open, 40 million words/s in batches. Everything here is
// deterministic: files, seed and options decide every batch, whatever the number of threads.
#pragma once

#include "core/data/batch.h"
#include "core/data/source.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace welt {

class Component;
class WordDrawer;

// How the Python reference differs; each default (false) is the rule of ours.
struct DataCompat {
  bool blocks_cross_documents = false;  // SO…SI are paired over the whole row instead of inside a document
  bool pad_words = false;           // row ends are filled with the word NUL, each a document that learns the empty word
  bool cut_words_end_text = false;  // a document's word before a cut learns the empty word instead of nothing
  bool nul_is_padding = false;      // NUL inside a word is masked, and no target
};

enum class DataSplit { all, train, validation };

// One of several texts that are trained on together.
struct DatasetSource {
  SourceOptions text;  // its name starts messages: "data.sources: news"
  std::string label;   // in reports
  double weight = 0;   // of all words of an epoch, in proportion to the other sources'; 0: by its size
  double repeat = 1;   // times that an epoch has it, also 0.5; without a weight
};

// The text, and what is made of it.
struct DatasetOptions : SourceOptions {
  std::vector<DatasetSource> sources = {};  // in place of the text above, whose name still starts messages
  double temperature = 1;                   // shares in proportion to words^(1/temperature): above 1 more even
  // Whether words are kept in a file (word_cache_place.h): "off", "on", "auto", or a folder; and what says which words
  // the segmenter makes, without which they are not.
  std::string cache = "off", words_identity = {};
  std::int64_t window_words = std::int64_t{1} << 25;  // a window ends with the document that reaches as many; 0: one
  std::int64_t batch = 32;                            // B: rows of a batch
  std::int64_t words = 128;                           // W: words of a row
  std::int64_t max_bytes = 0;                         // longest word: limit of segmenter, encoder and decoder; 0: none
  std::string packing = "best_fit";  // best_fit: documents stay whole if they fit a row | greedy: rows are
                                     // filled in document order, whatever does not fit is cut
  bool shuffle = true;               // rows, anew in each epoch
  std::uint64_t seed = 42;           // of the shuffle
  std::int64_t prefetch = 4;         // batches prepared ahead of the step
  double validation_fraction = 0;    // share of documents that belongs to the split `validation`
  DataSplit split = DataSplit::all;
  Units units = Units();  // that the model spells words in
  DataCompat compat = {};
};

std::vector<std::string> data_on_invalid();  // error, replace, skip
std::vector<std::string> data_packings();    // best_fit, greedy

struct SourceStatistics {
  std::string label;
  std::int64_t documents = 0, words = 0, bytes = 0, rows = 0;
  std::int64_t rows_per_epoch = 0;
  double share = 0;  // of the words of an epoch
};

struct DatasetStatistics {
  std::int64_t files = 0, documents = 0;
  std::int64_t words = 0;           // without the BOS word of each document
  std::int64_t distinct_words = 0;  // of several windows or sources the sum over all
  std::int64_t bytes = 0;           // UTF-8 bytes of the documents
  std::int64_t rows = 0;
  std::int64_t empty_slots = 0;      // slots of the rows without a word
  std::int64_t skipped = 0;          // documents left out because of invalid text
  std::int64_t replaced = 0;         // documents in which invalid text was replaced
  std::int64_t truncated_words = 0;  // words cut to max_bytes (a grapheme cluster longer than the limit)
  std::int64_t prefix_blocks = 0;    // SO…SI, of which each word sees all others
  std::int64_t rows_per_epoch = 0;   // with the weights and repeats of a mixture; else `rows`
  std::int64_t windows = 0;
  std::vector<SourceStatistics> sources = {};  // at least one
};

// The sources of a mixture with their documents, words, rows and shares, a line each.
std::string mixture_table(const DatasetStatistics& statistics);

// Where the endless stream of rows stands: `index` rows of the order of `epoch` are used up.
struct IteratorState {
  std::uint64_t epoch = 0, index = 0;
  nlohmann::json to_json() const;
  static IteratorState from_json(const nlohmann::json& json);  // throws Error
  bool operator==(const IteratorState&) const = default;
};

struct LoadedBatch {
  std::shared_ptr<const Batch> batch;
  IteratorState after;  // the state from which the next batch is made
};

class Dataset;

// Prepares batches on its own thread, at most `prefetch` ahead. The stream has no end: a batch always has B rows and
// may begin in one epoch and end in the next. An error on the thread is thrown by the next() that would have had its
// batch. One consumer at a time; the destructor stops and joins.
class BatchLoader {
 public:
  BatchLoader(std::shared_ptr<const Dataset> dataset, IteratorState state);
  BatchLoader(BatchLoader&&) noexcept;
  BatchLoader& operator=(BatchLoader&&) noexcept;
  ~BatchLoader();
  LoadedBatch next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Cuts `text` into words: writes the end offset of each, ascending. [concurrent]
using SplitFunction = std::function<void(std::string_view text, std::vector<std::uint64_t>& ends)>;

class Dataset : public std::enable_shared_from_this<Dataset> {
 public:
  // Reads, checks and segments all files. Throws Error naming file, byte or line. `segmenter` is used during the call;
  // with a drawer, batches carry the images of their input words.
  static std::shared_ptr<const Dataset> open(const DatasetOptions& options, const Component& segmenter,
                                             std::shared_ptr<WordDrawer> drawer = nullptr);
  static std::shared_ptr<const Dataset> open(const DatasetOptions& options, const SplitFunction& split,
                                             std::shared_ptr<WordDrawer> drawer = nullptr);
  ~Dataset();

  const DatasetOptions& options() const;
  const DatasetStatistics& statistics() const;
  std::int64_t rows() const { return statistics().rows; }

  // The text of a document as it is trained on (without BOS; words cut to the limit).
  std::string document_text(std::int64_t document) const;

  BatchLoader train_loader(IteratorState state = {}) const;

  // The batch that a loader at `state` gives next; moves `state` behind it. [any thread]
  Batch make_batch(IteratorState& state) const;

  // Every word of every document exactly once as a label, in order: where a document is cut, the next row starts with
  // the `context` last words of the one before, without labels for what was already predicted (0 < context < W).
  // `max_rows` rows at most (0: all), B to a batch; the last may be smaller.
  std::vector<Batch> evaluation_batches(std::int64_t max_rows = 0, std::int64_t context = 1) const;

 private:
  struct State;
  explicit Dataset(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace welt
