// The JSON files of a checkpoint folder: config.json, welt.json and the image processor's file, parted by NUL bytes.
// Any of them say what a model is made of, or are an Error.
#include <array>

#include "core/huggingface/hf_source.h"
#include "core/model/welt_spec.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/plugin_file.h"

namespace {

using namespace welt;

struct Checkpoint {
  static constexpr std::array<const char*, 3> names = {"config.json", "welt.json",
                                                       "image_processor/preprocessor_config.json"};
  static constexpr std::array<const char*, 3> usual = {"{}", R"({"format": 1, "plugins": {}, "pooling": "first",
                "segmenter": {"plugin": "words", "max_bytes": 30, "config": {}}})",
                                                       "{}"};
  std::array<fuzz::MemoryFile, names.size()> files;
  fuzz::MemoryFolder folder;
  Checkpoint() {
    fuzz::use_built_plugins();
    for (std::size_t i = 0; i < names.size(); ++i) folder.link(names[i], files[i]);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Checkpoint checkpoint;
  fuzz::Input input(data, size);
  for (std::size_t i = 0; i < checkpoint.files.size(); ++i) {
    std::string_view text = Checkpoint::usual[i];
    input.text(text);
    checkpoint.files[i].put(text);
  }
  const std::filesystem::path& folder = checkpoint.folder.path();
  fuzz::answers([&] {
    const WeltSpec spec = WeltSpec::from_checkpoint(folder);
    fuzz::require(spec.latent.type != nullptr && spec.decoder.type != nullptr, "a model has its two transformers");
    fuzz::require(spec.bytes_encoder.type != nullptr || spec.image_encoder.type != nullptr, "a model has an encoder");
    spec.config_json().dump();
    spec.welt_json().dump();
  });
  fuzz::answers([&] { HfSource::find(folder.string()).architecture(); });
  for (const char* part : {"bytes_encoder", "image_encoder", "latent_transformer", "bytes_decoder"})
    fuzz::answers([&] { HfSource::find(folder.string()).part(part).architecture(); });
  return 0;
}
