// What cuts a run of one script into words with a dictionary: jieba, MeCab, newmm (engines/) or ICU.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace welt::words {

class Engine {
 public:
  virtual ~Engine() = default;

  // Appends the end offset of each word of `span` (one script's run, well-formed UTF-8), ascending, the last of them
  // span.size(). [concurrent]
  virtual void cut(std::string_view span, std::vector<std::uint32_t>& ends) const = 0;

  // Engine, version, first 12 hex digits of the data's SHA-256.
  virtual std::string identity() const = 0;
};

}  // namespace welt::words
