// See model.h.
#include "model.h"

#include <algorithm>
#include <unordered_set>

#include "bpe_model.h"
#include "unigram_model.h"
#include "word_level_model.h"
#include "word_piece_model.h"

namespace welt::tokenizers {
namespace {

// Files of before there were types say BPE by their merges.
std::string type_of(const JsonNode& node) {
  const JsonNode type = node.member("type");
  if (!type.is_null()) return type.one_of({"BPE", "WordPiece", "Unigram", "WordLevel"});
  if (!node.member("merges").is_null()) return "BPE";
  if (node.member("vocab").value().kind == JsonValue::Kind::list) return "Unigram";
  return node.member("continuing_subword_prefix").is_null() ? "BPE" : "WordPiece";
}

}  // namespace

void Model::read_vocabulary(const JsonNode& node) {
  if (node.value().kind != JsonValue::Kind::object) node.fail("no object", "an object of tokens and their ids");
  const auto members = node.value().members();
  vocabulary_.reserve(members.size());
  for (std::size_t i = 0; i < members.size(); ++i) {
    const auto& [token, value] = members[i];
    constexpr std::size_t ahead = 12;
    if (i + ahead < members.size()) vocabulary_.prefetch(members[i + ahead].key);
    std::int64_t id = JsonNode::id_of(value);
    if (id < 0) id = JsonNode(value, "model.vocab[\"" + std::string(token) + "\"]").id();
    vocabulary_.set(token, static_cast<std::int32_t>(id));
  }
  check_ids(node);
}

// Of two tokens with one id the second is refused.
void Model::check_ids(const JsonNode& node) const {
  std::vector<bool> dense(4 * vocabulary_.size(), false);
  std::unordered_set<std::int32_t> sparse;
  for (const Vocabulary::Entry& entry : vocabulary_.entries()) {
    const auto id = static_cast<std::size_t>(entry.id);
    const bool is_known = id < dense.size() ? dense[id] : !sparse.insert(entry.id).second;
    if (id < dense.size()) dense[id] = true;
    if (!is_known) continue;
    const auto first = std::ranges::find(vocabulary_.entries(), entry.id, &Vocabulary::Entry::id);
    node.fail("id " + std::to_string(entry.id) + " for both \"" + std::string(vocabulary_.text(*first)) + "\" and \"" +
                  std::string(vocabulary_.text(entry)) + "\"",
              "an id of its own for every token");
  }
}

std::unique_ptr<const Model> read_model(const JsonNode& node, bool maps_bytes) {
  const std::string type = type_of(node);
  if (type == "WordPiece") return std::make_unique<WordPieceModel>(node);
  if (type == "WordLevel") return std::make_unique<WordLevelModel>(node);
  if (type == "Unigram") return std::make_unique<UnigramModel>(node);
  return std::make_unique<BpeModel>(node, maps_bytes);
}

}  // namespace welt::tokenizers
