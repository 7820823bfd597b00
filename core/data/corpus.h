// The words of a data set in memory: each distinct word once, the text as a list of their numbers, and where documents
// and prefix blocks lie. Filled once, then read by any number of threads.
#pragma once

#include "core/data/batch.h"
#include "core/data/blocks.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace welt {

// Distinct words, numbered in the order they were first seen. Number 0 is the empty word, 1
// the word NUL.
class WordStore {
 public:
  WordStore();
  std::uint32_t intern(std::string_view word);
  std::span<const std::uint8_t> word(std::uint32_t id) const { return table_.word(id); }
  std::int64_t size() const { return table_.size(); }
  const WordTable& table() const { return table_; }

 private:
  void grow();
  WordTable table_;
  std::vector<std::uint32_t> slots_;  // open addressing; id + 1, 0: free
};

struct Corpus {
  static constexpr std::uint32_t empty_word = 0, nul_word = 1;

  WordStore store;
  std::vector<std::uint32_t> words;            // BOS and words of document 0, of document 1, …
  std::vector<std::uint64_t> documents = {0};  // [documents+1] offsets into words
  std::vector<Block> blocks;                   // ascending; none crosses documents
  BlockFaults faults;
  std::int64_t bytes = 0;  // of the documents as read
  std::int64_t truncated_words = 0;

  // Appends a document given by its words, which are cut to max_bytes (0: no limit) between code points. `with_bos`
  // puts the word BOS in front.
  void add(std::string_view text, const std::vector<std::uint64_t>& ends, std::int64_t max_bytes, bool with_bos = true);

  std::int64_t size() const { return static_cast<std::int64_t>(documents.size()) - 1; }
};

// What rows and batches are made of: a Corpus that is read, wherever its words lie. They outlive the view.
struct CorpusView {
  std::span<const std::uint8_t> bytes;       // of the distinct words
  std::span<const std::int64_t> offsets;     // [distinct+1] into bytes
  std::span<const std::uint32_t> words;      // as in Corpus, and so are the next two
  std::span<const std::uint64_t> documents;  // [documents+1]
  std::span<const Block> blocks;

  CorpusView() = default;
  CorpusView(const Corpus& corpus)  // NOLINT(google-explicit-constructor): a corpus is one
      : bytes(corpus.store.table().bytes),
        offsets(corpus.store.table().offsets),
        words(corpus.words),
        documents(corpus.documents),
        blocks(corpus.blocks) {}
  std::span<const std::uint8_t> word(std::uint32_t id) const {
    return bytes.subspan(static_cast<std::size_t>(offsets[id]),
                         static_cast<std::size_t>(offsets[id + 1] - offsets[id]));
  }
  std::int64_t distinct() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
  std::int64_t size() const { return static_cast<std::int64_t>(documents.size()) - 1; }
};

// A stretch of a text's documents, with words of its own, and what keeps them there.
struct WordWindow {
  CorpusView text;
  std::shared_ptr<const void> keeper;
};

}  // namespace welt
