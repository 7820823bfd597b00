// The component "bpe": words of a tokenizer.json (bpe.h) behind welt.segmenter/1.
#include <algorithm>
#include <string>
#include <welt/sdk/plugin.hpp>
#include <welt/sdk/segmenter.hpp>

#include "../words/utf8.h"
#include "segmentation.h"
#include "tokenizer_file.h"

namespace {

namespace sdk = welt::sdk;

constexpr std::uint32_t engine = 2;  // of every word

class BpeSegmenter {
 public:
  static sdk::Descriptor descriptor() {
    return {.id = "bpe", .description = "tokens of a Hugging Face tokenizer.json of type BPE"};
  }
  static sdk::Schema schema() {
    return {sdk::text("tokenizer", "", "path of a tokenizer.json, or of the folder of one").required(),
            sdk::integer("cache_bytes", 16 << 20, "memory for pieces seen before, for each thread; 0: none")
                .range(0, 1LL << 32)};
  }

  explicit BpeSegmenter(const sdk::Config& config)
      : bpe_(welt::bpe::read_tokenizer_file(config.get_string("tokenizer")),
             static_cast<std::size_t>(config.get_int("cache_bytes", 16 << 20))) {}

  sdk::SegmentResult segment(const sdk::SegmentRequest& request) const {
    bool cut_off = false;
    const std::size_t fault = welt::words::find_ill_formed(request.text, cut_off);
    if (fault != welt::words::well_formed && (request.is_final || !cut_off)) {
      throw sdk::invalid("the text is not UTF-8: byte " + std::to_string(fault) +
                         (cut_off ? " starts a character that the end of the text cuts off" : " fits no character") +
                         "; expected well-formed UTF-8");
    }
    const welt::bpe::Limits limits{request.max_bytes, request.max_characters, request.max_lookahead};
    const auto result = welt::bpe::segment(bpe_, request.text, request.is_final, limits, request.ends, request.ids);
    if (request.engines != nullptr) std::fill_n(request.engines, result.count, engine);
    return {result.count, result.consumed};
  }

  bool is_complete(std::string_view word) const { return bpe_.is_complete(word); }

 private:
  welt::bpe::Bpe bpe_;
};

}  // namespace

WELT_PLUGIN(sdk::PluginInfo("bpe", "0.1.0", "Words of a Hugging Face BPE tokenizer", "MIT"),
            sdk::Segmenter<BpeSegmenter>)
