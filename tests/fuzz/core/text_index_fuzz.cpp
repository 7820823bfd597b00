// An index of texts from elsewhere (core/similarity/text_index.h): a manifest, and behind a NUL byte a segment. It is
// refused, or every text of it is text and a search finds places that are there.
#include <array>
#include <cmath>
#include <string>

#include "core/base/utf8.h"
#include "core/similarity/text_index.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace welt;

struct Files {
  fuzz::MemoryFile manifest, segment;
  fuzz::MemoryFolder folder;
  Files() {
    folder.link(similarity::manifest_name, manifest);
    folder.link("segment-000001.safetensors", segment);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Files files;
  fuzz::Input input(data, size);
  std::string_view first;
  input.text(first);
  files.manifest.put(first);
  files.segment.put(input.rest());
  fuzz::answers([&] {
    const similarity::TextIndex index = similarity::TextIndex::open(files.folder.path());
    fuzz::require(index.texts() <= size, "a text takes a byte at least");
    std::array<float, 8> query{};
    query.fill(0.35F);
    if (index.facts().dim != query.size()) return;
    for (const bool exact : {false, true})
      for (const similarity::IndexHit& hit : index.nearest(query, {.count = 4, .exact = exact, .threads = 1})) {
        fuzz::require(hit.place < index.texts() && std::isfinite(hit.score), "places and scores are there");
        fuzz::require(find_invalid_utf8(index.text(hit.place)) == utf8_ok, "a text is UTF-8");
      }
  });
  return 0;
}
