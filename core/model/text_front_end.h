// The text side of a model: what cuts text into words and what draws them. Opened once and shared by all that reads
// text for the model: data sets, generation, embedding.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/welt_model.h"
#include "core/text/segmenter.h"
#include "core/text/word_drawer.h"

namespace welt {

// [concurrent]
class TextFrontEnd {
 public:
  // Keeps up to `image_cache_bytes` of drawn words. The fingerprints of segmenter and renderer become the model's; a
  // warning says where it was trained with others. Throws Error when images do not fit the image encoder.
  explicit TextFrontEnd(WeltModel& model, std::size_t image_cache_bytes = std::size_t{64} << 20);

  const Component& segmenter_component() const { return component_; }
  const Segmenter& segmenter() const { return segmenter_; }
  const std::shared_ptr<WordDrawer>& drawer() const { return drawer_; }  // null: the model reads no images
  std::size_t max_bytes() const { return max_bytes_; }                   // of a word
  Units units() const { return units_; }

  // BOS and the words of `text`, as training cuts them: longer ones are cut to max_bytes(). Throws Error, starting with
  // `where`, for text that is not UTF-8.
  std::vector<std::string> words(std::string_view text, std::string_view where) const;

 private:
  Component component_;
  Segmenter segmenter_;
  std::shared_ptr<WordDrawer> drawer_;
  std::size_t max_bytes_;
  Units units_;
};

}  // namespace welt
