// Vectors of words as a finished model reads them, with a cache: a word that was read before is not encoded again.
// Used by generation and `welt embed`. [one thread]
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/model/welt_model.h"
#include "core/text/segmenter.h"

namespace welt {

class WordEncoder {
 public:
  // Keeps up to `cache_words` vectors. The model must outlive it; it is used in evaluation mode.
  explicit WordEncoder(WeltModel& model, std::size_t cache_words = 1 << 16);
  ~WordEncoder();

  // BOS and the words of `text`, as training cuts them: longer ones are cut to the model's max_bytes. Throws Error,
  // starting with `where`, for text that is not UTF-8.
  std::vector<std::string> words(std::string_view text, std::string_view where) const;
  const Segmenter& segmenter() const { return segmenter_; }

  // [words, D], without graph. A word of more than max_bytes bytes is read by its beginning.
  at::Tensor encode(std::span<const std::string> words);

 private:
  void encode_missing(const std::vector<std::string>& missing);

  struct Entry {
    std::string word;
    at::Tensor vector;  // [D]
  };
  WeltModel& model_;
  Component segmenter_component_;
  Segmenter segmenter_;
  std::shared_ptr<WordDrawer> drawer_;
  std::size_t cache_words_;
  std::list<Entry> entries_;  // most recently used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> index_;
};

}  // namespace welt
