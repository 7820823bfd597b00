// See text_ids.h.
#include "core/similarity/text_ids.h"

#include <welt/tokenizers/tokenizer.h>

#include <stdexcept>

#include "core/base/error.h"
#include "core/base/utf8.h"

namespace welt::similarity {

namespace {
constexpr std::size_t cache_bytes = 16 << 20;  // of pieces seen before
}  // namespace

struct TextIds::State {
  tokenizers::Tokenizer tokenizer;
};

TextIds::TextIds(const std::string& json, const std::string& name) {
  try {
    state_ = std::make_unique<const State>(State{tokenizers::Tokenizer(json, cache_bytes)});
  } catch (const std::runtime_error& error) {
    fail({.where = name, .found = error.what(), .expected = "a tokenizer.json"}, ErrorCode::data_loss);
  }
}
TextIds::TextIds(TextIds&&) noexcept = default;
TextIds::~TextIds() = default;

std::vector<std::int32_t> TextIds::operator()(std::string_view text) const {
  if (const std::size_t fault = find_invalid_utf8(text); fault != utf8_ok)
    fail({"the text", fmt::format("byte {} is not UTF-8", fault), "text in UTF-8"}, ErrorCode::data_loss);
  std::vector<std::int32_t> ids;
  try {
    state_->tokenizer.encode(text, ids);
  } catch (const std::runtime_error& error) {
    throw Error(error.what());
  }
  return ids;
}

}  // namespace welt::similarity
