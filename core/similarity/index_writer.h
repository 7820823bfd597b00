// Making an index of texts, and adding to one. Text is searched by text_index.h.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "core/similarity/index_format.h"
#include "core/similarity/matrix.h"

namespace welt::similarity {

// All that is added between two commits is there, or nothing: a kill at any instant, or an error, leaves the index that
// was there before. One writer at a time: a second one is refused, and readers are never in its way.
// [one thread at a time]
class IndexWriter {
 public:
  // A new index. Throws Error when `folder` holds one, or anything else (what a killed writer left there is removed).
  IndexWriter(const std::filesystem::path& folder, const IndexFacts& facts);
  // One that is there.
  explicit IndexWriter(const std::filesystem::path& folder);
  ~IndexWriter();
  IndexWriter(const IndexWriter&) = delete;
  IndexWriter& operator=(const IndexWriter&) = delete;

  const IndexFacts& facts() const { return manifest_.facts; }
  std::size_t texts() const;  // with those that are not committed
  // Texts in UTF-8 and their vectors, each of length 1 or 0.
  void add(std::span<const std::string> texts, const Matrix& rows);
  void commit();

 private:
  void lock();
  void take_last_segment();
  void write_pending();
  void remove_strays() const;

  std::filesystem::path folder_;
  int locked_ = -1;    // the folder
  Manifest manifest_;  // as it will be
  SegmentRows pending_;
  bool has_last_ = false;  // the last segment of the manifest is in `pending_`, if there was room
};

}  // namespace welt::similarity
