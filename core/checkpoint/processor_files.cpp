// See processor_files.h.
#include "core/checkpoint/processor_files.h"

#include <nlohmann/json.hpp>

#include "core/base/json.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

void write(const fs::path& file, const Json& json) {
  fs::create_directories(file.parent_path());
  write_json(file, json);
}

Json special_token(char byte) {
  return {{"content", std::string(1, byte)},
          {"lstrip", false},
          {"normalized", false},
          {"rstrip", false},
          {"single_word", false},
          {"special", true}};
}

Json tokenizer_config(Encoding encoding) {
  return {{"tokenizer_class", tokenizer_class(encoding)},
          {"processor_class", "TextImageProcessor"},
          {"added_tokens_decoder", {{"0", special_token(0)}, {"2", special_token(2)}, {"3", special_token(3)}}},
          {"pad_token", std::string(1, '\0')},
          {"bos_token", "\u0002"},
          {"eos_token", "\u0003"},
          {"pad_token_id", 0},
          {"bos_token_id", 2},
          {"eos_token_id", 3},
          {"extra_special_tokens", Json::object()},
          {"clean_up_tokenization_spaces", false}};
}

Json image_processor(const PixelNormalisation& pixels) {
  return {{"image_processor_type", "ViTImageProcessorFast"},
          {"processor_class", "TextImageProcessor"},
          {"data_format", "channels_first"},
          {"do_resize", false},  // the Python processor switches resizing off itself
          {"do_rescale", true},
          {"do_normalize", true},
          {"rescale_factor", pixels.scale},
          {"image_mean", pixels.mean},
          {"image_std", pixels.deviation}};
}

}  // namespace

void write_processor_files(const fs::path& folder, const WeltSpec& spec, std::int64_t words) {
  const Json none = Json::object();
  write(folder / "processor_config.json", {{"processor_class", "TextImageProcessor"},
                                           {"max_seq_length", words},
                                           {"max_word_length", spec.segmenter.max_bytes + 2},
                                           {"cache_size", 10000}});
  write(folder / "pretokenizer/tokenizer_config.json", {{"tokenizer_class", "WordsSegmentationTokenizer"},
                                                        {"processor_class", "TextImageProcessor"},
                                                        {"max_bytes", spec.segmenter.max_bytes},
                                                        {"added_tokens_decoder", none},
                                                        {"extra_special_tokens", none},
                                                        {"clean_up_tokenization_spaces", false}});
  write(folder / "pretokenizer/special_tokens_map.json", none);
  write(folder / "tokenizer/tokenizer_config.json", tokenizer_config(spec.encoding));
  write(folder / "tokenizer/special_tokens_map.json",
        {{"pad_token", std::string(1, '\0')}, {"bos_token", "\u0002"}, {"eos_token", "\u0003"}});
  // Which fonts the Python renderer is to load is not ours to say: it has its own list.
  write(folder / "renderer/processor_config.json",
        {{"processor_class", "PixelRendererProcessor"},
         {"font", {{"model_type", "font_config"}, {"sources", Json::array()}}}});
  write(folder / pixel_normalisation_file,
        spec.image_encoder.type
            ? image_processor(spec.pixels)
            : Json{{"image_processor_type", "NoopImageProcessor"}, {"processor_class", "TextImageProcessor"}});
}

}  // namespace welt
