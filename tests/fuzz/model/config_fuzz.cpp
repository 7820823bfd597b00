// Hugging Face config.json files given to the built architectures: the first byte picks one, the rest is the file. Any
// of it is a component (described, without memory for its weights), or an Error.
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/image_encoder.h>
#include <welt/abi/latent_transformer.h>

#include <array>

#include "core/base/json.h"
#include "core/huggingface/hf_source.h"
#include "core/tensor/tensor_component.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/plugin_file.h"

namespace {

struct Architecture {
  const char *name, *role;
};
constexpr std::array<Architecture, 5> architectures = {{{"llama", WELT_LATENT_TRANSFORMER_INTERFACE},
                                                        {"gpt_neox", WELT_LATENT_TRANSFORMER_INTERFACE},
                                                        {"gpt2", WELT_LATENT_TRANSFORMER_INTERFACE},
                                                        {"bert", WELT_BYTES_ENCODER_INTERFACE},
                                                        {"vit", WELT_IMAGE_ENCODER_INTERFACE}}};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace welt;
  static fuzz::MemoryFile file;
  fuzz::Input input(data, size);
  const auto& [name, role] = architectures[input.number(architectures.size())];
  const ComponentType& type = fuzz::built_plugin(role, name);
  file.put(input.rest());
  fuzz::answers([&] {
    const nlohmann::json config = read_json_object(file.path(), 1 << 20);
    const ConfigView view(type, config, /*strict=*/false, "config.json");
    const TensorComponent component(type, role, view, WELT_INIT_NONE);
    fuzz::require(component.width() > 0, "a component has a width");
    for (const NamedParameter& parameter : component.parameters()) {
      fuzz::require(!parameter.name.empty(), "a parameter has a name");
      for (const std::int64_t extent : parameter.shape) fuzz::require(extent >= 0, "a shape has sizes");
    }
  });
  return 0;
}
