// The component "words": the rules of segmenter.h behind welt.segmenter/1.
#include <welt/text/check.h>
#include <algorithm>
#include <mutex>
#include <string>
#include <welt/sdk/plugin.hpp>
#include <welt/sdk/segmenter.hpp>

#include "choose.h"
#include "segmenter.h"

namespace {

namespace sdk = welt::sdk;
namespace text = welt::text;
namespace words = welt::words;

class Words {
 public:
  static sdk::Descriptor descriptor() {
    return {.id = "words",
            .description = "words by white space and control characters; of scripts without spaces by dictionaries"};
  }
  using Settings = words::Settings;  // the limits come with each call

  explicit Words(const sdk::Config& config) : Words(words::choose_engines(Settings(config))) {}

  sdk::SegmentResult segment(const sdk::SegmentRequest& request) const {
    text::check_well_formed(request.text, request.is_final);
    const words::Limits limits{request.max_bytes, request.max_characters, request.max_lookahead};
    const auto result = splitter_.segment(request.text, request.is_final, limits, request.ends, request.engines);
    if (request.ids != nullptr) std::fill_n(request.ids, result.count, std::int64_t{-1});
    return {result.count, result.consumed};
  }

  bool is_complete(std::string_view word) const { return splitter_.is_complete(word); }
  std::string_view fingerprint() const {
    std::call_once(
        asked_, [&] { fingerprint_ = words::fingerprint_of(splitter_.engines(), splitter_.reference_compatible()); });
    return fingerprint_;
  }
  std::string_view engine_name(std::uint32_t code) const { return words::name_of(code); }

 private:
  explicit Words(words::Choice choice) : splitter_(choice.reference_compatible, std::move(choice.engines)) {}

  words::Splitter splitter_;
  mutable std::once_flag asked_;
  mutable std::string fingerprint_;
};

}  // namespace

WELT_PLUGIN(sdk::PluginInfo(WELT_PLUGIN_ID, WELT_PLUGIN_VERSION, "Words by rules and dictionaries", "MIT"),
            sdk::Segmenter<Words>)
