// A model in Hugging Face's cache as others left it: which snapshot refs/main names, the index of its weights, and the
// headers of two shards, parted by NUL bytes. Found and read as it is named, or an Error; every tensor lies in its
// file.
#include <array>
#include <cstdlib>
#include <cstring>

#include "core/huggingface/hf_source.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace welt;

constexpr std::size_t data_bytes = 256;
const char* const repository = "models--some--model";

struct Cache {
  fuzz::MemoryFile ref, config, index, first, second;
  fuzz::MemoryFolder folder;
  Cache() {
    const std::string root = repository, snapshot = root + "/snapshots/0123abcd/";
    folder.link(root + "/refs/main", ref);
    folder.link(snapshot + "config.json", config);
    folder.link(snapshot + "model.safetensors.index.json", index);
    folder.link(snapshot + "first.safetensors", first);
    folder.link(snapshot + "second.safetensors", second);
    config.put(R"({"model_type": "llama"})");
    setenv("HF_HUB_CACHE", folder.path().c_str(), 1);
    setenv("HF_HUB_OFFLINE", "1", 1);
  }
};

std::string weights(std::string_view header) {
  std::string file(8, '\0');
  const std::uint64_t size = header.size();
  std::memcpy(file.data(), &size, sizeof size);
  return file.append(header).append(data_bytes, '\0');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Cache cache;
  fuzz::Input input(data, size);
  std::array<std::string_view, 4> texts{"0123abcd", "{}", "{}", "{}"};
  for (std::string_view& text : texts) input.text(text);
  cache.ref.put(texts[0]);
  cache.index.put(texts[1]);
  cache.first.put(weights(texts[2]));
  cache.second.put(weights(texts[3]));
  const std::filesystem::path snapshot = cache.folder.path() / repository / "snapshots/0123abcd";
  fuzz::answers([&] {
    const HfSource source = HfSource::find("some/model");
    fuzz::require(source.folder() == snapshot, "the snapshot that is named is the one that is taken");
    const HfWeights all = HfWeights::open(source.folder());
    for (const auto& [name, item] : all.items()) {
      fuzz::require(item.entry != nullptr && item.file != nullptr && all.find(name) != nullptr, "a name has a tensor");
      fuzz::require(item.entry->data.size() <= data_bytes, "a tensor lies within its file");
    }
    const std::string front = all.wrapper([](const std::string& prefix) { return prefix.ends_with("module."); });
    fuzz::require(front.empty() || front.ends_with("module."), "a wrapper is one that was asked for");
  });
  return 0;
}
