// Hugging Face config.json files given to the built architectures: the one of its model_type, else the one that the
// first byte picks; the rest is the file. Any of it is a component (described, without memory for its weights), or an
// Error.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/plugin/registry.h"
#include "core/tensor/tensor_component.h"
#include "tests/fuzz/fuzz.h"

namespace {

// Every component that has a Hugging Face class.
const std::vector<const welt::ComponentType*>& architectures() {
  static const auto& found = *[] {
    auto& registry = *std::make_unique<welt::Registry>(std::vector<std::filesystem::path>{WELT_PLUGIN_DIR},
                                                       /*built_in=*/true)
                          .release();  // never destroyed: components that live until the end point into it
    auto types = std::make_unique<std::vector<const welt::ComponentType*>>();
    for (const welt::ComponentType& type : registry.components())
      if (!type.hf_model_types.empty()) types->push_back(&type);
    return types.release();
  }();
  return found;
}

const welt::ComponentType& architecture_of(const nlohmann::json& config, std::size_t picked) {
  const auto name = config.find("model_type");
  for (const welt::ComponentType* type : architectures())
    if (name != config.end() && name->is_string() &&
        std::ranges::find(type->hf_model_types, name->get<std::string>()) != type->hf_model_types.end())
      return *type;
  return *architectures()[picked];
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace welt;
  static fuzz::MemoryFile file;
  fuzz::Input input(data, size);
  const std::size_t picked = input.number(architectures().size());
  file.put(input.rest());
  fuzz::answers([&] {
    const nlohmann::json config = read_json_object(file.path(), 1 << 20);
    const ComponentType& type = architecture_of(config, picked);
    const ConfigView view(type, config, /*strict=*/false, "config.json");
    const TensorComponent component(type, type.roles.front(), view, WELT_INIT_NONE);
    fuzz::require(component.width() > 0, "a component has a width");
    for (const NamedParameter& parameter : component.parameters()) {
      fuzz::require(!parameter.name.empty(), "a parameter has a name");
      for (const std::int64_t extent : parameter.shape) fuzz::require(extent >= 0, "a shape has sizes");
    }
  });
  return 0;
}
