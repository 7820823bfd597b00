// See text_front_end.h.
#include "core/model/text_front_end.h"

#include <welt/abi/renderer.h>

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/utf8.h"
#include "core/text/bytes.h"
#include "core/text/control.h"

namespace welt {
namespace {

std::shared_ptr<WordDrawer> open_drawer(const WeltModel& model, std::size_t cache_bytes) {
  if (!model.spec().reads_images()) return nullptr;
  const RendererSpec& renderer = model.spec().renderer;
  const ComponentType& type = with_context(renderer.where, [&]() -> const ComponentType& {
    return Registry::instance().find(WELT_RENDERER_INTERFACE, renderer.plugin);
  });
  auto drawer = std::make_shared<WordDrawer>(type, renderer.config, renderer.where, cache_bytes);
  const ImageEncoderInfo& info = model.parts()[0].component->image_encoder_info();
  const std::int64_t block = drawer->block();
  if (block % info.patch_height != 0 || block % info.patch_width != 0 || block < info.minimum_height ||
      block < info.minimum_width)
    fail({renderer.where,
          fmt::format("images are multiples of {} pixels, but the image encoder {} takes patches of {} x {}", block,
                      model.spec().image_encoder.type->id, info.patch_height, info.patch_width),
          "a block that is a multiple of the patch size",
          "Set model.renderer.block, or patch_size in model.image_encoder.config"});
  return drawer;
}

void warn_of_others(const WeltSpec& trained, const std::string& segmenter, const std::string& renderer) {
  if (!trained.segmenter.fingerprint.empty() && trained.segmenter.fingerprint != segmenter)
    log_warning("model",
                "{}: words are cut by other dictionaries than the model was trained with ({}, then {}): words of "
                "their scripts, and so results, may differ",
                trained.segmenter.where, segmenter, trained.segmenter.fingerprint);
  if (!trained.renderer.fingerprint.empty() && !renderer.empty() && trained.renderer.fingerprint != renderer)
    log_warning(
        "model",
        "{}: words are drawn with other fonts, libraries or settings than the model was trained with (fingerprint {}, "
        "then {}): images, and so results, may differ a little",
        trained.renderer.where, renderer, trained.renderer.fingerprint);
}

}  // namespace

TextFrontEnd::TextFrontEnd(WeltModel& model, std::size_t image_cache_bytes)
    : component_(make_segmenter(model.spec().segmenter)),
      segmenter_(component_, model.spec().segmenter.max_bytes),
      drawer_(open_drawer(model, image_cache_bytes)),
      max_bytes_(static_cast<std::size_t>(model.spec().segmenter.max_bytes)),
      units_(model.units()) {
  const std::string cuts = segmenter_.fingerprint(), draws = drawer_ ? drawer_->fingerprint() : "";
  warn_of_others(model.spec(), cuts, draws);
  model.set_fingerprints(cuts, draws);
}

std::vector<std::string> TextFrontEnd::words(std::string_view text, std::string_view where) const {
  if (const std::size_t fault = find_invalid_utf8(text); fault != utf8_ok) {
    const auto byte = static_cast<std::uint8_t>(text[fault]);
    const bool cut =
        byte >= 0xC2 && byte <= 0xF4 && find_invalid_utf8(text.substr(0, fault)) == utf8_ok && text.size() - fault < 4;
    fail({std::string(where),
          fmt::format("byte {} ({:02X}) {}", fault, byte, cut ? "begins a character that is cut off" : "is not UTF-8"),
          "text in UTF-8 that ends behind a whole character",
          {}},
         ErrorCode::data_loss);
  }
  std::vector<std::string> words = segmenter_.words(std::string(1, static_cast<char>(bos_byte)) + std::string(text));
  for (std::string& word : words)
    if (word.size() > max_bytes_) word = truncate_utf8(word, max_bytes_);
  return words;
}

}  // namespace welt
