// See image_cache.h.
#include "core/text/image_cache.h"

#include <utility>

namespace welt {
namespace {

// What an entry costs beside its pixels and its word: list node, index node, control block, vector.
constexpr std::size_t book_keeping = 224;

}  // namespace

std::shared_ptr<const GreyImage> ImageCache::get(std::string_view word) {
  if (auto image = find(word)) return image;
  return keep(word, std::make_shared<const GreyImage>(renderer_.render(word)));
}

std::shared_ptr<const GreyImage> ImageCache::find(std::string_view word) {
  const std::lock_guard lock(mutex_);
  const auto found = index_.find(word);
  if (found == index_.end()) {
    ++misses_;
    return nullptr;
  }
  ++hits_;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->image;
}

std::shared_ptr<const GreyImage> ImageCache::keep(std::string_view word, std::shared_ptr<const GreyImage> image) {
  const std::size_t bytes = image->pixels.size() + word.size() + book_keeping;
  if (bytes > budget_) return image;
  std::list<Entry> made, dropped;  // memory is taken and given back outside the lock
  made.push_back({std::string(word), image, bytes});
  const std::lock_guard lock(mutex_);
  if (const auto found = index_.find(word); found != index_.end()) return found->second->image;  // another thread's
  index_.emplace(made.front().word, made.begin());
  entries_.splice(entries_.begin(), made);
  bytes_ += bytes;
  while (bytes_ > budget_) {
    const auto last = std::prev(entries_.end());
    index_.erase(last->word);
    bytes_ -= last->bytes;
    dropped.splice(dropped.end(), entries_, last);
  }
  return image;
}

ImageCache::Statistics ImageCache::statistics() const {
  const std::lock_guard lock(mutex_);
  return {hits_, misses_, entries_.size(), bytes_};
}

}  // namespace welt
