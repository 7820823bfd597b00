// A static embedding from elsewhere, as a folder of Model2Vec has it (core/similarity/static_embedding.h): its
// tokenizer.json, config.json and model.safetensors, with NUL bytes between them. It is refused, or every text has a
// vector, the same each time and alone as among others.
#include "core/similarity/static_embedding.h"

#include <array>
#include <cstring>
#include <vector>

#include "core/similarity/embedding_files.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace welt;

struct Files {
  fuzz::MemoryFile tokenizer, config, weights;
  fuzz::MemoryFolder folder;
  Files() {
    folder.link("tokenizer.json", tokenizer);
    folder.link("config.json", config);
    folder.link("model.safetensors", weights);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Files files;
  fuzz::Input input(data, size);
  std::string_view tokenizer, config;
  input.text(tokenizer);
  input.text(config);
  files.tokenizer.put(tokenizer);
  files.config.put(config);
  files.weights.put(input.rest());
  fuzz::answers([&] {
    const auto embedding = similarity::StaticEmbedding::load(similarity::find_embedding(files.folder.path().string()));
    fuzz::require(embedding.dim() >= 1 && embedding.dim() <= size, "a dimension takes a byte at least");
    constexpr std::array<std::string_view, 3> texts{"ab a abab, The \xC3\xA9t\xC3\xA9 1234", "", "b"};
    const similarity::Matrix rows = embedding.embed(texts, 1);
    fuzz::require(rows.rows == texts.size() && rows.dim == embedding.dim(), "every text has a vector");
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const std::vector<float> alone = embedding.embed(texts[i]);
      fuzz::require(std::memcmp(alone.data(), rows.row(i), sizeof(float) * alone.size()) == 0, "and always the same");
    }
    fuzz::require(embedding.with_dim(1).dim() == 1, "it can be cut");
  });
  return 0;
}
