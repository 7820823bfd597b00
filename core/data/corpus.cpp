// See corpus.h.
#include "core/data/corpus.h"

#include <algorithm>
#include <functional>

#include "core/base/error.h"
#include "core/text/bytes.h"
#include "core/text/control.h"

namespace welt {

WordStore::WordStore() : slots_(1024, 0) {
  const char nul = 0;
  intern({});
  intern({&nul, 1});
}

std::uint32_t WordStore::intern(std::string_view word) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = std::hash<std::string_view>{}(word)&mask;
  while (slots_[at] != 0) {
    if (as_text(table_.word(slots_[at] - 1)) == word) return slots_[at] - 1;
    at = (at + 1) & mask;
  }
  const auto id = static_cast<std::uint32_t>(table_.size());
  if (id == UINT32_MAX - 1) fail({"data", "more than 4 billion distinct words"}, ErrorCode::resource_exhausted);
  table_.bytes.insert(table_.bytes.end(), word.begin(), word.end());
  table_.offsets.push_back(static_cast<std::int64_t>(table_.bytes.size()));
  slots_[at] = id + 1;
  if (static_cast<std::size_t>(table_.size()) * 2 > slots_.size()) grow();
  return id;
}

void WordStore::grow() {
  slots_.assign(slots_.size() * 2, 0);
  const std::size_t mask = slots_.size() - 1;
  for (std::int64_t id = 0; id < table_.size(); ++id) {
    std::size_t at = std::hash<std::string_view>{}(as_text(table_.word(id))) & mask;
    while (slots_[at] != 0) at = (at + 1) & mask;
    slots_[at] = static_cast<std::uint32_t>(id) + 1;
  }
}

void Corpus::add(std::string_view text, const std::vector<std::uint64_t>& ends, std::int64_t max_bytes, bool with_bos) {
  const std::uint64_t begin = words.size();
  if (with_bos) {
    const char bos = static_cast<char>(bos_byte);
    words.push_back(store.intern({&bos, 1}));
  }
  std::uint64_t start = 0;
  for (const std::uint64_t end : ends) {
    std::string_view word = text.substr(start, end - start);
    if (max_bytes > 0 && word.size() > static_cast<std::size_t>(max_bytes)) {
      word = truncate_utf8(word, static_cast<std::size_t>(max_bytes));
      ++truncated_words;
    }
    words.push_back(store.intern(word));
    start = end;
  }
  bytes += static_cast<std::int64_t>(text.size());
  documents.push_back(words.size());
  find_blocks(
      begin, words.size(), [&](std::uint64_t i) { return store.word(words[i]); }, blocks, faults);
}

}  // namespace welt
