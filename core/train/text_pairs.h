// Pairs of texts that belong together, as a recipe names them: two fields of a line of JSON, two columns of a table, or
// neighbours in plain text. Read once, kept as token ids. Torch-free.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/recipe/recipe.h"
#include "core/similarity/text_ids.h"

namespace welt {

// A pair and where it stands: "FILE, line 7".
using TakePair = std::function<void(std::string_view first, std::string_view second, const std::string& where)>;

// A new source is a function and a row in the table of text_pairs.cpp.
struct PairSource {
  std::string_view name;
  std::string_view help;
  // `table`: data.train or data.validation, which says how the file is read.
  void (*read)(const Recipe& recipe, const std::string& table, const std::filesystem::path& file, const TakePair& take);
};
const std::vector<PairSource>& pair_sources();  // fields, columns, documents, sentences

void add_pair_keys(std::vector<RecipeKey>& keys);

// [concurrent]
class TokenPairs {
 public:
  std::int64_t size() const { return static_cast<std::int64_t>(ends_.size()) / 2; }
  std::int64_t tokens() const { return static_cast<std::int64_t>(ids_.size()); }
  std::span<const std::int32_t> first(std::int64_t pair) const { return text(2 * pair); }
  std::span<const std::int32_t> second(std::int64_t pair) const { return text(2 * pair + 1); }
  void add(std::span<const std::int32_t> first, std::span<const std::int32_t> second);

 private:
  std::span<const std::int32_t> text(std::int64_t number) const;
  std::vector<std::int32_t> ids_;
  std::vector<std::size_t> ends_;
};

struct PairSplit {
  TokenPairs train, held_out;
};

// The pairs of data.train.files, and of data.validation.files; without these a share of data.validation.fraction of the
// former, drawn by their numbers. Texts are cut to embedding.max_tokens. Throws Error naming file and line: no such
// field or column, an empty text, one without tokens, no pair at all.
PairSplit read_pairs(const Recipe& recipe, const similarity::TextIds& ids);

// What can be told of the keys before a text is read. Throws Error.
void check_pairs(const Recipe& recipe);

// Pairs in the order of an epoch: all of them, shuffled by Philox(seed, epoch) where `shuffle`.
std::vector<std::int64_t> epoch_order(std::int64_t pairs, std::uint64_t seed, std::uint64_t epoch, bool shuffle);

}  // namespace welt
