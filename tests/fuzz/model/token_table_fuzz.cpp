// The table that plugin `wordllama` starts with: any bytes fill it, or are an Error.
#include <welt/abi/bytes_encoder.h>

#include <string>
#include <vector>

#include "core/tensor/own_words.h"
#include "core/tensor/tensor_component.h"
#include "core/tensor/tensor_service.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/plugin_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace welt;
  static fuzz::MemoryFile file;
  file.put({reinterpret_cast<const char*>(data), size});
  const ComponentType& type = fuzz::built_plugin(WELT_BYTES_ENCODER_INTERFACE, "wordllama");
  fuzz::answers([&] {
    const nlohmann::json config = {{"num_embeddings", 256}, {"hidden_size", 2}, {"weights", file.path().string()}};
    TensorComponent component(type, WELT_BYTES_ENCODER_INTERFACE, ConfigView(type, config, true, "fuzz"),
                              WELT_INIT_RANDOM);
    const at::Tensor vectors = word_vectors(component, std::vector<std::string>{"word", ""});
    fuzz::require(vectors.size(0) == 2 && vectors.size(1) == 2, "every word has a vector");
  });
  return 0;
}
