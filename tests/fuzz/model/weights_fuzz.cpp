// The weights of a Hugging Face folder: model.safetensors.index.json up to a NUL byte, two bytes with the first shard's
// size, the two shards that it may name. Also the first shard alone as model.safetensors. Any bytes are tensors under
// their names and aliases, each within its file, or an Error.
#include "core/huggingface/hf_source.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace welt;

struct Folders {
  fuzz::MemoryFile index, first, second;
  fuzz::MemoryFolder sharded, single;
  Folders() {
    sharded.link("model.safetensors.index.json", index);
    sharded.link("model-00001-of-00002.safetensors", first);
    sharded.link("model-00002-of-00002.safetensors", second);
    single.link("model.safetensors", first);
  }
};

void check(const HfWeights& weights) {
  std::uint64_t sum = 0, bytes = 0;
  for (const auto& [name, item] : weights.items()) {
    fuzz::require(weights.find(name) == &item, "a tensor is found by its name");
    fuzz::require(item.file->find(item.entry->name) == item.entry, "a tensor is one of its file");
    bytes += item.entry->data.size();
    for (const std::byte byte : item.entry->data) sum += std::to_integer<unsigned>(byte);
  }
  fuzz::require(sum <= 255 * bytes, "every byte that is promised can be read");
  const std::string prefix = weights.wrapper([](const std::string& start) { return start.size() > 3; });
  for (const auto& [name, item] : weights.items())
    fuzz::require(name.starts_with(prefix), "what is left off is before every name");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Folders folders;
  fuzz::Input input(data, size);
  std::string_view index;
  input.text(index);
  folders.index.put(index);
  folders.first.put(input.bytes(input.number(1 << 16)));
  folders.second.put(input.rest());
  fuzz::answers([&] { check(HfWeights::open(folders.sharded.path())); });
  fuzz::answers([&] { check(HfWeights::open(folders.sharded.path()).of_welt().below("bytes_encoder.").folded()); });
  fuzz::answers([&] { check(HfWeights::open(folders.single.path())); });
  return 0;
}
