// The tokenizer.json of a model that is distilled: any bytes are a vocabulary whose tokenizer is read again and has as
// many tokens, or an Error.
#include "core/similarity/teacher_vocabulary.h"

#include <set>

#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace welt;
  static fuzz::MemoryFile file, made;
  file.put({reinterpret_cast<const char*>(data), size});
  similarity::TeacherVocabulary first, second;
  if (!fuzz::answers([&] { first = similarity::read_teacher_vocabulary(file.path()); })) return 0;
  fuzz::require(!first.tokens.empty(), "there are tokens");
  const std::set<std::int64_t> ids(first.token_ids.begin(), first.token_ids.end());
  fuzz::require(ids.size() == first.tokens.size(), "each token has a row of its own");
  made.put(first.tokenizer);
  const bool again = fuzz::answers([&] { second = similarity::read_teacher_vocabulary(made.path()); });
  fuzz::require(again && second.tokens.size() <= first.tokens.size(), "the embedding's tokenizer can be read");
  return 0;
}
