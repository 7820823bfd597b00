// What cuts the runs of scripts that are written without spaces: one dictionary or rule for one script.
//
// Called by splitter.cpp with one run at a time; made once per component, in its constructor.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace welt::words {

class Engine {
 public:
  virtual ~Engine() = default;

  // Appends the end offset of each word of span (one script's run, well-formed UTF-8), ascending, the last =
  // span.size(). [concurrent]
  virtual void cut(std::string_view span, std::vector<std::uint32_t>& ends) const = 0;

  virtual std::string identity() const = 0;  // "jieba 0.42.1 dict <sha256 first 12>"
};

// ICU's dictionary for a language ("zh", "ja", "th", "lo", "km", "my"). Throws sdk::Failure when ICU has none.
std::unique_ptr<Engine> make_icu(std::string_view language);

}  // namespace welt::words
