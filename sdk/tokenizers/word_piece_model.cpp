// See word_piece_model.h.
#include "word_piece_model.h"

#include <algorithm>

#include "unknown_token.h"

namespace welt::tokenizers {
namespace {

bool starts_character(char c) { return (static_cast<std::uint8_t>(c) & 0xC0) != 0x80; }

}  // namespace

WordPieceModel::WordPieceModel(const JsonNode& node) {
  read_vocabulary(node.member("vocab"));
  const JsonNode unknown = node.member("unk_token"), prefix = node.member("continuing_subword_prefix"),
                 most = node.member("max_input_chars_per_word");
  unknown_ = unknown.is_null() ? "[UNK]" : unknown.text();
  prefix_ = prefix.is_null() ? "##" : prefix.text();
  if (!most.is_null()) most_characters_ = most.id();
  unknown_id_ = token_id(unknown_);
}

void WordPieceModel::encode(std::string_view piece, ModelSpace&, std::vector<Token>& tokens) const {
  const std::size_t before = tokens.size();
  const auto give_up = [&] {
    tokens.resize(before);
    tokens.push_back({needed_unknown(unknown_id_, unknown_), 0, static_cast<std::uint32_t>(piece.size())});
  };
  if (std::ranges::count_if(piece, starts_character) > most_characters_) return give_up();
  std::string candidate;
  for (std::size_t begin = 0; begin < piece.size();) {
    std::size_t end = std::min(piece.size(), begin + vocabulary_.longest());
    std::int32_t id = -1;
    for (; end > begin; --end) {
      if (end < piece.size() && !starts_character(piece[end])) continue;
      if (begin == 0) {
        id = token_id(piece.substr(0, end));
      } else {
        candidate.assign(prefix_).append(piece.substr(begin, end - begin));
        id = token_id(candidate);
      }
      if (id >= 0) break;
    }
    if (id < 0) return give_up();
    tokens.push_back({id, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
    begin = end;
  }
}

}  // namespace welt::tokenizers
