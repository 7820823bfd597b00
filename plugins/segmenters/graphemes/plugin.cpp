// The component "graphemes": each grapheme cluster of a text is a word.
#include <welt/text/check.h>
#include <welt/text/grapheme.h>
#include <algorithm>
#include <string_view>
#include <welt/sdk/plugin.hpp>
#include <welt/sdk/segmenter.hpp>

namespace {

namespace sdk = welt::sdk;
namespace text = welt::text;

constexpr std::size_t default_lookahead = 4096;

class Graphemes {
 public:
  static sdk::Descriptor descriptor() {
    return {.id = "graphemes", .description = "every grapheme cluster a word: a baseline"};
  }
  static sdk::Schema schema() { return {}; }

  explicit Graphemes(const sdk::Config&) {}

  sdk::SegmentResult segment(const sdk::SegmentRequest& request) const {
    text::check_well_formed(request.text, request.is_final);
    const std::string_view text = request.is_final ? request.text : text::without_cut_off_sequence(request.text);
    const auto lookahead =
        request.max_lookahead > 0 ? static_cast<std::size_t>(request.max_lookahead) : default_lookahead;
    sdk::SegmentResult result{0, 0};
    while (result.consumed < text.size()) {
      std::size_t end = text::cluster_end(text, result.consumed);
      if (end == text.size() && !request.is_final) {
        if (end - result.consumed <= lookahead) break;
        end = text::character_before(text, end);
      }
      const sdk::SegmentResult before = result;
      if (!put(request, text, end, result)) return before.count > 0 ? before : result;
    }
    return result;
  }

  std::string_view engine_name(std::uint32_t) const { return "default"; }

  bool is_complete(std::string_view word) const {
    bool cut_off = false;
    if (word.empty() || text::find_ill_formed(word, cut_off) != text::well_formed) return false;
    const char32_t last = text::decode_before(word, word.size());
    return text::cluster_end(word, 0) == word.size() && text::border_between(last, 0x300) == text::Border::yes &&
           text::border_between(last, '\n') == text::Border::yes;
  }

 private:
  // One cluster, in pieces of at most max_characters. False: there was no room for all of them.
  static bool put(const sdk::SegmentRequest& request, std::string_view text, std::size_t end,
                  sdk::SegmentResult& result) {
    std::int64_t characters = 0;
    for (std::size_t at = result.consumed; at < end;) {
      if (result.count == request.ends.size()) return false;
      text::decode(text, at);
      if (++characters != request.max_characters && at < end) continue;
      if (request.ids != nullptr) request.ids[result.count] = -1;
      if (request.engines != nullptr) request.engines[result.count] = 1;
      request.ends[result.count++] = result.consumed = at;
      characters = 0;
    }
    return true;
  }
};

}  // namespace

WELT_PLUGIN(sdk::PluginInfo("graphemes", "0.1.0", "Grapheme clusters as words", "MIT"), sdk::Segmenter<Graphemes>)
