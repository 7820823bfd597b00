// The component "bpe": words of a tokenizer.json (welt/tokenizers/tokenizer.h) behind welt.segmenter/1.
#include <welt/text/check.h>
#include <algorithm>
#include <string>
#include <vector>
#include <welt/sdk/plugin.hpp>
#include <welt/sdk/segmenter.hpp>

#include "segmentation.h"
#include "tokenizer_file.h"

namespace {

namespace bpe = welt::bpe;
namespace sdk = welt::sdk;

constexpr std::uint32_t engine = 1;  // of every word

class BpeSegmenter {
 public:
  static sdk::Descriptor descriptor() {
    return {.id = "bpe", .description = "tokens of a Hugging Face tokenizer.json"};
  }
  struct Settings : sdk::Fields {
    using Fields::Fields;
    std::string tokenizer = text("tokenizer", "", "path of a tokenizer.json, or of the folder of one").required();
    std::int64_t cache_bytes =
        integer("cache_bytes", 16 << 20, "memory for pieces seen before, for each thread; 0: none").range(0, 1LL << 32);
  };

  explicit BpeSegmenter(const sdk::Config& config) : BpeSegmenter(Settings(config)) {}

  sdk::SegmentResult segment(const sdk::SegmentRequest& request) const {
    const bpe::Limits limits{request.max_bytes, request.max_characters, request.max_lookahead};
    const auto result = bpe::segment(tokenizer_, request.text, request.is_final, limits, request.ends, request.ids);
    if (request.engines != nullptr) std::fill_n(request.engines, result.count, engine);
    return {result.count, result.consumed};
  }

  std::vector<std::int64_t> encode(std::string_view text) const {
    welt::text::check_well_formed(text, true);
    std::vector<std::int64_t> ids;
    for (const welt::tokenizers::EncodedToken& token : tokenizer_.encode(text)) ids.push_back(token.id);
    return ids;
  }

  bool is_complete(std::string_view word) const { return tokenizer_.is_complete(word); }
  std::string_view fingerprint() const { return fingerprint_; }
  std::string_view engine_name(std::uint32_t number) const { return number == engine ? "bpe" : ""; }

 private:
  explicit BpeSegmenter(const Settings& settings)
      : BpeSegmenter(bpe::read_tokenizer_file(settings.tokenizer), static_cast<std::size_t>(settings.cache_bytes)) {}
  BpeSegmenter(const std::string& json, std::size_t cache_bytes)
      : tokenizer_(json, cache_bytes), fingerprint_(bpe::fingerprint_of(json)) {}

  welt::tokenizers::Tokenizer tokenizer_;
  std::string fingerprint_;
};

}  // namespace

WELT_PLUGIN(sdk::PluginInfo("bpe", "0.1.0", "Words of a Hugging Face tokenizer", "MIT"), sdk::Segmenter<BpeSegmenter>)
