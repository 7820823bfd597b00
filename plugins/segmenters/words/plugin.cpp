// The component "words": the rules of segmenter.h behind welt.segmenter/1.
#include <algorithm>
#include <string>
#include <welt/sdk/plugin.hpp>
#include <welt/sdk/segmenter.hpp>

#include "segmenter.h"
#include "utf8.h"

namespace {

namespace sdk = welt::sdk;

class Words {
 public:
  static sdk::Descriptor descriptor() {
    return {.id = "words",
            .description = "words by white space, control characters and grapheme clusters; no dictionary"};
  }
  static sdk::Schema schema() { return {}; }  // the limits come with each call

  explicit Words(const sdk::Config&) {}

  sdk::SegmentResult segment(const sdk::SegmentRequest& request) const {
    bool cut_off = false;
    const std::size_t fault = welt::words::find_ill_formed(request.text, cut_off);
    if (fault != welt::words::well_formed && (request.is_final || !cut_off)) {
      throw sdk::invalid("the text is not UTF-8: byte " + std::to_string(fault) +
                         (cut_off ? " starts a character that the end of the text cuts off" : " fits no character") +
                         "; expected well-formed UTF-8");
    }
    const welt::words::Limits limits{request.max_bytes, request.max_characters, request.max_lookahead};
    const auto result = welt::words::segment(request.text, request.is_final, limits, request.ends);
    if (request.ids != nullptr) std::fill_n(request.ids, result.count, std::int64_t{-1});
    if (request.engines != nullptr) std::fill_n(request.engines, result.count, std::uint32_t{1});
    return {result.count, result.consumed};
  }

  bool is_complete(std::string_view word) const { return welt::words::is_complete(word); }
};

}  // namespace

WELT_PLUGIN(sdk::PluginInfo("words", "0.1.0", "Rule-based words", "MIT"), sdk::Segmenter<Words>)
