// `welt render --pixels`: texts as an image encoder gets them, in the layout of the Python WeLT's processor.
#include <map>
#include <utility>

#include "apps/welt/render_options.h"
#include "core/base/error.h"
#include "core/model/pixels.h"
#include "core/tensor/tensor_io.h"

namespace welt {
namespace {

constexpr std::int64_t channels = 3;
constexpr std::int64_t most_values = std::int64_t{1} << 28;  // of the padded batch: 1 GB

// Row i being the image of text i.
std::vector<ImageGroup> grouped(const Renderer& renderer, const std::vector<std::string>& texts) {
  std::map<std::pair<std::int64_t, std::int64_t>, ImageGroup> groups;
  for (const std::string& text : texts) {
    const GreyImage image = renderer.render(text);
    ImageGroup& group = groups[{image.height, image.width}];
    group.height = image.height;
    group.width = image.width;
    group.rows.push_back(&text - texts.data());
    group.grey.insert(group.grey.end(), image.pixels.begin(), image.pixels.end());
  }
  std::vector<ImageGroup> out;
  for (auto& [size, group] : groups) out.push_back(std::move(group));
  return out;
}

void expect_memory(const std::vector<ImageGroup>& groups, std::size_t texts) {
  std::int64_t height = 0, width = 0;
  for (const ImageGroup& group : groups) {
    height = std::max(height, group.height);
    width = std::max(width, group.width);
  }
  if (static_cast<std::int64_t>(texts) * channels > most_values / (height * width)) {
    fail({.where = "render --pixels",
          .found = fmt::format("{} texts, padded to {} × {} pixels", texts, height, width),
          .expected = fmt::format("{} values at most", most_values),
          .mend = "Give fewer or shorter texts"});
  }
}

}  // namespace

void render_pixels(const RenderOptions& options) {
  PixelNormalisation how{.mean = {0.5}, .deviation = {0.5}};
  if (!options.processor.empty()) {
    how = read_image_processor(options.processor);
    if (how.mean.empty()) how.mean = {0.5};
    if (how.deviation.empty()) how.deviation = {0.5};
    for (const std::vector<double>* list : {&how.mean, &how.deviation}) {
      if (list->size() == 1 || std::ssize(*list) == channels) continue;
      fail({.where = options.processor,
            .found = fmt::format("image_mean or image_std with {} values", list->size()),
            .expected = fmt::format("one, or {}", channels)});
    }
  }
  Renderers renderers(options.renderer);
  const std::vector<ImageGroup> groups = grouped(renderers.get(config_of(options, renderers)), options.texts);
  expect_memory(groups, options.texts.size());
  std::vector<at::Tensor> normalised;
  std::vector<std::vector<std::int64_t>> rows;
  for (const ImageGroup& group : groups) {
    normalised.push_back(normalise_images(group, how, channels, at::kFloat));
    rows.push_back(group.rows);
  }
  const PaddedImages padded = pad_images(normalised, rows);
  save_tensors(options.pixels, {{"input_images", padded.pixels}, {"input_images_dimensions", padded.sizes}});
}

}  // namespace welt
