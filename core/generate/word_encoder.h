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

#include "core/model/text_front_end.h"
#include "core/model/welt_model.h"

namespace welt {

class WordEncoder {
 public:
  // Keeps up to `cache_words` vectors. The model must outlive it; it is used in evaluation mode.
  WordEncoder(WeltModel& model, std::shared_ptr<const TextFrontEnd> text, std::size_t cache_words = 1 << 16);

  const TextFrontEnd& text() const { return *text_; }

  // [words, D], without graph. A word of more than max_bytes bytes is read by its beginning.
  at::Tensor encode(std::span<const std::string> words);

 private:
  void encode_missing(const std::vector<std::string>& missing);

  struct Entry {
    std::string word;
    at::Tensor vector;  // [D]
  };
  WeltModel& model_;
  std::shared_ptr<const TextFrontEnd> text_;
  std::size_t cache_words_;
  std::list<Entry> entries_;  // most recently used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> index_;
};

}  // namespace welt
