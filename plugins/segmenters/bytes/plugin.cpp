// The component "bytes": words of as many whole characters as fit into a fixed number of bytes.
#include <welt/text/check.h>
#include <algorithm>
#include <limits>
#include <string_view>
#include <welt/sdk/plugin.hpp>
#include <welt/sdk/segmenter.hpp>

namespace {

namespace sdk = welt::sdk;
namespace text = welt::text;

class Bytes {
 public:
  static sdk::Descriptor descriptor() {
    return {.id = "bytes", .description = "words of a fixed number of bytes, cut between characters: a baseline"};
  }
  struct Settings : sdk::Fields {
    using Fields::Fields;
    std::int64_t size = integer("size", 1, "Bytes of a word; a longer character is a word alone").range(1, 1024);
  };

  explicit Bytes(const sdk::Config& config) : size_(Settings(config).size) {}

  sdk::SegmentResult segment(const sdk::SegmentRequest& request) const {
    text::check_well_formed(request.text, request.is_final);
    const std::string_view text = request.is_final ? request.text : text::without_cut_off_sequence(request.text);
    const auto most_bytes =
        static_cast<std::size_t>(request.max_bytes > 0 ? std::min(size_, request.max_bytes) : size_);
    const std::int64_t most_characters =
        request.max_characters > 0 ? request.max_characters : std::numeric_limits<std::int64_t>::max();
    sdk::SegmentResult result{0, 0};
    while (result.count < request.ends.size() && result.consumed < text.size()) {
      std::size_t end = result.consumed, after = end;
      std::int64_t characters = 0;
      while (after < text.size() && characters < most_characters) {
        text::decode(text, after);
        if (characters > 0 && after - result.consumed > most_bytes) break;
        end = after;
        ++characters;
      }
      const bool is_full = end - result.consumed >= most_bytes || characters == most_characters || end < after;
      if (!is_full && !request.is_final) break;
      if (request.ids != nullptr) request.ids[result.count] = -1;
      if (request.engines != nullptr) request.engines[result.count] = 1;
      request.ends[result.count++] = result.consumed = end;
    }
    return result;
  }

  std::string_view engine_name(std::uint32_t) const { return "default"; }

  bool is_complete(std::string_view word) const {
    bool cut_off = false;
    return static_cast<std::int64_t>(word.size()) >= size_ && text::find_ill_formed(word, cut_off) == text::well_formed;
  }

 private:
  std::int64_t size_;
};

}  // namespace

WELT_PLUGIN(sdk::PluginInfo("bytes", "0.1.0", "Words of a fixed number of bytes", "MIT"), sdk::Segmenter<Bytes>)
