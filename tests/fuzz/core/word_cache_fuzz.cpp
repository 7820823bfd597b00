// A word cache from elsewhere (core/data/word_cache.h): it is refused, or each of its windows is a text that can be
// packed and made a batch of, and everything in it points inside.
#include <array>

#include "core/data/batch_builder.h"
#include "core/data/word_cache.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace welt;

void use(const CorpusView& text) {
  for (const std::uint32_t word : text.words) fuzz::require(word < text.distinct(), "a word is there");
  std::size_t bytes = 0;
  for (std::uint32_t word = 0; word < text.distinct(); ++word) bytes += text.word(word).size();
  fuzz::require(bytes == text.bytes.size(), "words are bytes of the file");
  for (std::int64_t i = 0; i < text.size(); ++i)
    fuzz::require(text.documents[i] < text.documents[i + 1] && text.documents[i + 1] <= text.words.size(),
                  "a document has words");
  for (const PackedRows& plan : {pack_documents(text, 4), fill_rows(text, 4)})
    for (std::int64_t row = 0; row < plan.size(); ++row) {
      const std::array<BatchRow, 1> rows{BatchRow{&text, plan.row(row)}};
      fuzz::require(build_batch(rows, 4).real_words > 0, "a row has words");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::MemoryFile file;
  file.put(fuzz::Input(data, size).rest());
  fuzz::answers([&] {
    const auto cache = WordCache::open(file.path(), "key");
    for (std::size_t i = 0; i < cache->size(); ++i) use(cache->window(i).text);
  });
  return 0;
}
