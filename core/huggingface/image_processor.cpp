// See image_processor.h.
#include "core/huggingface/image_processor.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/huggingface/hf_source.h"

namespace welt {
namespace {

using Json = nlohmann::json;

constexpr std::uintmax_t file_limit = 1 << 20;

// OpenAI's for CLIP: means and deviations of its training images (transformers: OPENAI_CLIP_MEAN, OPENAI_CLIP_STD).
const std::vector<double> clip_mean = {0.48145466, 0.4578275, 0.40821073};
const std::vector<double> clip_deviation = {0.26862954, 0.26130258, 0.27577711};

// Absent and null are the same to transformers: the class's default.
bool is_on(const Json& json, const char* key, bool fallback) {
  return json.contains(key) && !json.at(key).is_null() ? json.at(key).get<bool>() : fallback;
}

bool is_clip(const Json& json) { return json.value("image_processor_type", std::string()).starts_with("CLIP"); }

std::vector<double> numbers(const Json& json, const char* key, const std::string& where) {
  std::vector<double> out;
  if (!json.contains(key) || json.at(key).is_null()) return out;
  if (json.at(key).is_number()) return {json.at(key).get<double>()};
  out = json.at(key).get<std::vector<double>>();
  for (const double value : out)
    if (!std::isfinite(value))
      fail({where + ": " + key, "a value that is not finite", "numbers", {}}, ErrorCode::data_loss);
  if (out.size() > 4)
    fail({where + ": " + key, fmt::format("{} values", out.size()), "one for each channel", {}}, ErrorCode::data_loss);
  return out;
}

// Steps of other processors that no word image goes through here.
void refuse_other_steps(const Json& json, const std::string& where) {
  for (const char* key : {"offset", "rescale_offset", "do_pad"}) {
    if (!is_on(json, key, false)) continue;
    fail({.where = where + ": " + key,
          .found = "true",
          .expected = "false: word images are rescaled and normalised, and nothing else",
          .mend = "Take the processor of an encoder such as ViT, Swin, CLIP or SigLIP"});
  }
}

}  // namespace

PixelNormalisation read_image_processor(const std::filesystem::path& file) {
  PixelNormalisation pixels;
  const Json json = read_json_object(file, file_limit);
  try {
    if (!is_on(json, "do_rescale", true)) {
      pixels.scale = 1;
    } else if (json.contains("rescale_factor") && !json.at("rescale_factor").is_null()) {
      pixels.scale = json.at("rescale_factor").get<double>();
    }
    if (is_on(json, "do_normalize", true)) {
      pixels.mean = numbers(json, "image_mean", file.string());
      pixels.deviation = numbers(json, "image_std", file.string());
    } else {
      pixels.mean = {0};
      pixels.deviation = {1};
    }
    refuse_other_steps(json, file.string());
    if (pixels.mean.empty() && pixels.deviation.empty() && is_clip(json)) {
      pixels.mean = clip_mean;
      pixels.deviation = clip_deviation;
    }
  } catch (const Json::exception& error) {
    fail({file.string(),
          fmt::format("a value of the wrong type ({})", error.what()),
          {},
          "The file is damaged: copy it again"},
         ErrorCode::data_loss);
  }
  if (!std::isfinite(pixels.scale) || pixels.scale == 0)
    fail({file.string() + ": rescale_factor", fmt::format("{}", pixels.scale), "a number that is not 0", {}},
         ErrorCode::data_loss);
  for (const double value : pixels.deviation)
    if (value == 0)
      fail({file.string() + ": image_std", "a deviation of 0", "numbers above 0", {}}, ErrorCode::data_loss);
  return pixels;
}

}  // namespace welt
