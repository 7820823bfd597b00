// The words of a text in a file, so that a second run does no text work and any text fits: windows of documents, mapped
// one at a time. Written once under a temporary name, on the disk before it has its own; several writers of one file do
// no harm, for all write the same. Which file is whose: word_cache_place.h.
//
// The file: 16 bytes of magic; windows, each at a multiple of 64 bytes (document offsets, word offsets, blocks, words,
// bytes of the distinct words); an index in JSON; 24 bytes with the index's size and check sum. Little-endian.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/data/corpus.h"
#include "core/data/source.h"

namespace welt {

// What was counted while a source was read.
struct WordFigures {
  SourceCounts source;
  std::int64_t documents = 0, words = 0, bytes = 0;  // words: without BOS
  std::int64_t distinct = 0, truncated = 0, blocks = 0;
  BlockFaults faults;
  void add(const Corpus& window);
};

class WordCacheWriter {
 public:
  // Removes what killed writers have left in the folder an hour ago or earlier. Throws Error.
  WordCacheWriter(const std::filesystem::path& file, std::string key);
  void add(const Corpus& window);
  void commit(const WordFigures& figures);
  bool failed() const { return failed_; }  // what was thrown was thrown by this

 private:
  void write(const void* data, std::size_t size);
  AtomicFile file_;
  std::string key_;
  bool failed_ = false;
  std::uint64_t at_ = 0, sum_ = 0;  // bytes written; check sum of the window at work
  nlohmann::json windows_ = nlohmann::json::array();
};

// [concurrent]
class WordCache {
 public:
  // Throws Error: not_found; failed_precondition for another key; data_loss for a file that is damaged.
  static std::shared_ptr<const WordCache> open(const std::filesystem::path& file, const std::string& key);
  ~WordCache();
  WordCache(const WordCache&) = delete;
  WordCache& operator=(const WordCache&) = delete;

  std::size_t size() const { return windows_.size(); }
  const WordFigures& figures() const { return figures_; }
  // Mapped as long as the keeper lives, and checked: every number in it points inside. Throws Error (data_loss).
  WordWindow window(std::size_t number) const;

 private:
  struct Place {
    std::uint64_t offset = 0, documents = 0, distinct = 0, blocks = 0, words = 0, bytes = 0, sum = 0;
    std::uint64_t size() const;
  };
  explicit WordCache(std::string name) : name_(std::move(name)) {}
  void read_index(const std::string& key);
  void read_index(const nlohmann::json& index, std::uint64_t end, const std::string& key);
  [[noreturn]] void damaged(const std::string& what) const;
  std::string read(std::uint64_t offset, std::size_t size) const;

  std::string name_;
  int file_ = -1;
  std::vector<Place> windows_;
  WordFigures figures_;
};

}  // namespace welt
