// A segmenter component as the host uses it: whole texts in, word borders out, whatever the plugin.
#pragma once

#include <welt/abi/segmenter.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace welt {

class Component;

// Keeps a reference to the component. [concurrent]
class Segmenter {
 public:
  // Limits as in welt_segment_limits; 0: none. Throws Error when the component is no segmenter, or both limits are
  // given.
  explicit Segmenter(const Component& component, std::int64_t max_bytes = 0, std::int64_t max_characters = 0);

  // The end offset of each word of the whole `text`, and, unless null, which rule or dictionary of the plugin made it.
  // The words are checked to cover the text. Long text goes to the plugin in windows, so the cost stays linear. Throws
  // Error with the plugin's message; byte offsets in it are relative to a window, so check UTF-8 before
  // (find_invalid_utf8).
  void split(std::string_view text, std::vector<std::uint64_t>& ends,
             std::vector<std::uint32_t>* engines = nullptr) const;

  // The words of the beginning of a text that goes on, unless is_final. Returns the bytes used up: the rest is to come
  // again in front of more text. At most max_lookahead bytes are held back. For WordStream (word_stream.h).
  std::size_t split_beginning(std::string_view text, bool is_final, std::int64_t max_lookahead,
                              std::vector<std::uint64_t>& ends) const;

  std::vector<std::string> words(std::string_view text) const;

  // Nothing can be added to `word`: generation goes on to the next one.
  bool is_complete(std::string_view word) const;

  // The vocabulary ids of a whole text, words of several tokens with all of them; false: words have no ids here, and
  // `ids` is empty. Throws Error for text that is not UTF-8, and with the plugin's message.
  bool encode(std::string_view text, std::vector<std::int64_t>& ids) const;

  // The dictionaries and rules that words depend on; "": nothing but the plugin.
  std::string fingerprint() const;
  // The name of a number of `engines`; without one: the number, or "default" where the plugin does not say.
  std::string engine_name(std::uint32_t engine) const;

 private:
  std::uint64_t call(std::string_view window, bool is_final, const welt_segment_limits& limits, std::uint64_t* ends,
                     std::uint32_t* engines, std::uint64_t& count) const;

  const Component* component_;
  const welt_segmenter_v1* table_;
  welt_segment_limits limits_;
};

}  // namespace welt
