// The segmenter "my_plugin" as the host sees it: the rule of model.h behind welt.segmenter/1.
#include <cstdint>
#include <string>
#include <string_view>
#include <welt/sdk/segmenter.hpp>

#include "model.h"

namespace {

namespace sdk = welt::sdk;
namespace model = my_plugin_model;

// Both methods are called from several threads at once. [concurrent-eval]
class Words {
 public:
  static sdk::Descriptor descriptor() { return {.id = "my_plugin", .description = "a word ends behind a separator"}; }
  struct Settings : sdk::Fields {  // each member is a configuration key, with its default and a line of help
    using Fields::Fields;
    std::string separators = text("separators", " \t\n\r", "ASCII characters that end a word");
  };

  explicit Words(const sdk::Config& config) : rule_(Settings(config).separators) {}

  sdk::SegmentResult segment(const sdk::SegmentRequest& request) const {
    const std::string_view text = request.text;
    const std::uint64_t wrong = model::find_wrong_byte(text, request.is_final);
    if (wrong < text.size()) {
      throw sdk::invalid("the text is not UTF-8: byte " + std::to_string(wrong) +
                         " fits no character; expected well-formed UTF-8");
    }
    const model::Limits limits{
        static_cast<std::uint64_t>(request.max_bytes), static_cast<std::uint64_t>(request.max_characters),
        request.max_lookahead > 0 ? static_cast<std::uint64_t>(request.max_lookahead) : model::default_lookahead};
    sdk::SegmentResult result{.count = 0, .consumed = 0};
    while (result.consumed < text.size() && result.count < request.ends.size()) {
      const std::uint64_t end = rule_.word_end(text, result.consumed, request.is_final, limits);
      if (end == result.consumed) break;  // held back until more text comes
      if (request.ids != nullptr) request.ids[result.count] = -1;
      if (request.engines != nullptr) request.engines[result.count] = 1;
      request.ends[result.count++] = result.consumed = end;
    }
    return result;
  }

  bool is_complete(std::string_view word) const { return rule_.is_whole(word); }

 private:
  model::Rule rule_;
};

}  // namespace

WELT_PLUGIN(sdk::PluginInfo(WELT_PLUGIN_ID, WELT_PLUGIN_VERSION, "Words that end behind separators", "MIT"),
            sdk::Segmenter<Words>)
