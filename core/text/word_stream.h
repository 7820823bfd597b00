// The words of a text that arrives in pieces, in bounded memory: a file of any size.
//
//   WordStream words(segmenter, [](std::string_view word) { … });
//   while (read(piece)) words.feed(piece);
//   words.finish();
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/segmenter.h"

namespace welt {

// Holds 20 MB at most, whatever the text. The words are those of Segmenter::split, however the text is cut into
// pieces, but where a word without limits is longer than 1 MB. Not thread-safe.
class WordStream {
 public:
  static constexpr std::size_t longest_word = std::size_t{1} << 20;  // bytes

  // `segmenter` must outlive the object; `take` gets each word, valid during the call.
  WordStream(const Segmenter& segmenter, std::function<void(std::string_view word)> take)
      : segmenter_(segmenter), take_(std::move(take)) {}

  // Pieces may end inside a character. Throws Error (data_loss) naming the byte of the whole text that is not UTF-8.
  void feed(std::string_view piece);
  // The end of the text: the words held back.
  void finish();

 private:
  void check(bool is_final);
  void cut(bool is_final);

  const Segmenter& segmenter_;
  std::function<void(std::string_view)> take_;
  std::string held_;
  std::uint64_t before_ = 0;                   // bytes of the text in front of held_
  std::size_t checked_ = 0;                    // bytes of held_ known to be UTF-8
  std::size_t window_ = std::size_t{1} << 16;  // bytes to wait for
  std::vector<std::uint64_t> ends_;
};

}  // namespace welt
