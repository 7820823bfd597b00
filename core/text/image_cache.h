// Images of words that were drawn lately, kept up to a number of bytes. Batches of training share one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/text/renderer.h"

namespace welt {

// The least recently used image goes first. Images are shared: one that is dropped lives on as long as somebody holds
// it. [concurrent] The lock is held for a look-up or an insertion, never while a word is drawn; two threads that miss
// the same word at once both draw it and get the same image.
class ImageCache {
 public:
  // `byte_budget` counts pixels, words and book-keeping; 0 keeps nothing. The renderer must outlive the cache.
  ImageCache(const Renderer& renderer, std::size_t byte_budget) : renderer_(renderer), budget_(byte_budget) {}
  ImageCache(const ImageCache&) = delete;
  ImageCache& operator=(const ImageCache&) = delete;

  // The image of `word`, never null. Throws what Renderer::render() throws; nothing is kept then.
  std::shared_ptr<const GreyImage> get(std::string_view word);

  struct Statistics {
    std::uint64_t hits, misses;
    std::size_t images, bytes;  // kept now
  };
  Statistics statistics() const;

 private:
  struct Entry {
    std::string word;
    std::shared_ptr<const GreyImage> image;
    std::size_t bytes;
  };

  std::shared_ptr<const GreyImage> find(std::string_view word);
  std::shared_ptr<const GreyImage> keep(std::string_view word, std::shared_ptr<const GreyImage> image);

  const Renderer& renderer_;
  const std::size_t budget_;
  mutable std::mutex mutex_;                                                // guards all that follows
  std::list<Entry> entries_;                                                // the most recently used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> index_;  // keys point into the entries
  std::size_t bytes_ = 0;
  std::uint64_t hits_ = 0, misses_ = 0;
};

}  // namespace welt
