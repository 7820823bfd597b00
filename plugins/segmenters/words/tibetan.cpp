// See tibetan.h.
#include "tibetan.h"

#include <welt/text/utf8.h>

namespace welt::words {
namespace {

class Tibetan final : public Engine {
 public:
  void cut(std::string_view span, std::vector<std::uint32_t>& ends) const override {
    std::size_t at = 0;
    while (at < span.size()) {
      std::size_t end = at;
      const bool marks = is_tibetan_mark(text::decode(span, end));
      for (std::size_t after = end; after < span.size(); end = after) {
        const char32_t c = text::decode(span, after);
        if (is_tibetan_mark(c) == marks) continue;
        if (is_tsheg(c)) end = after;  // behind letters: the syllable takes it along
        break;
      }
      ends.push_back(static_cast<std::uint32_t>(at = end));
    }
  }
  std::string identity() const override { return "syllables"; }
};

}  // namespace

std::unique_ptr<Engine> make_tibetan() { return std::make_unique<Tibetan>(); }

}  // namespace welt::words
