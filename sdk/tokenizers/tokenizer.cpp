// See welt/tokenizers/tokenizer.h: the public face of the pipeline.
#include <welt/tokenizers/tokenizer.h>

#include <algorithm>

#include "pipeline.h"

namespace welt::tokenizers {

Tokenizer::Tokenizer(std::string_view json, std::size_t cache_bytes)
    : pipeline_(std::make_unique<const Pipeline>(json, cache_bytes)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

std::vector<EncodedToken> Tokenizer::encode(std::string_view text) const { return pipeline_->encode(text); }

void Tokenizer::encode(std::string_view text, std::vector<std::int32_t>& ids) const { pipeline_->encode(text, ids); }

std::vector<Word> Tokenizer::words(std::string_view text, bool is_final) const {
  return pipeline_->words(text, is_final);
}

bool Tokenizer::is_complete(std::string_view word) const { return pipeline_->is_complete(word); }

std::vector<std::pair<std::string, std::int32_t>> Tokenizer::vocabulary() const {
  const Vocabulary& known = pipeline_->model().vocabulary();
  std::vector<std::pair<std::string, std::int32_t>> out;
  for (const Vocabulary::Entry& entry : known.entries()) out.emplace_back(known.text(entry), entry.id);
  for (const auto& [id, token] : pipeline_->added().by_id())
    if (known.find(token.content) < 0) out.emplace_back(token.content, id);
  std::ranges::sort(out, {}, [](const auto& each) { return each.second; });
  return out;
}

std::int32_t Tokenizer::largest_id() const {
  std::int32_t out = -1;
  for (const Vocabulary::Entry& entry : pipeline_->model().vocabulary().entries()) out = std::max(out, entry.id);
  for (const auto& [id, token] : pipeline_->added().by_id()) out = std::max(out, id);
  return out;
}

std::int32_t Tokenizer::unknown_id() const { return pipeline_->model().unknown_id(); }

}  // namespace welt::tokenizers
