// The `pre_tokenizer` of a tokenizer.json; null for none.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "aligned_text.h"
#include "json_reader.h"
#include "split_pattern.h"

namespace welt::tokenizers {

// A part of a text on its way to the model.
struct Piece {
  std::size_t begin, end;
  std::int32_t id = -1;     // an added token
  bool may_cut = false;     // it is certain that a border is here, and a text cut here goes on the same
  bool starts_part = true;  // first of its section, or behind an added token
};

// Immutable, any thread.
class PreTokenizer {
 public:
  // Throws Failure naming the JSON path for anything else.
  explicit PreTokenizer(const JsonNode& node);

  // Cuts every piece that is no added token. `decided`: bytes of the text that more text cannot change. `is_first`: the
  // text is the beginning of all.
  void apply(AlignedText& text, std::vector<Piece>& pieces, std::size_t decided, bool is_first) const;

  // The model sees bytes, each as a character of byte_alphabet.
  bool maps_bytes() const { return maps_bytes_; }
  // Has the bytes mapped here where they are the last step: the model does not.
  void map_bytes_at_the_end() { maps_last_ = true; }
  bool is_identity() const { return steps_.empty(); }
  // Nothing is ever cut: the model gets whole sections.
  bool never_splits() const { return splits_ == 0; }

  // A text cut in front of `rest` (what is left of the text) gets nothing there that the whole has not.
  bool is_same_at_start(std::string_view rest, bool starts_part) const;

 private:
  struct Prefix {  // a space in front of every piece that has none
    std::string text;
    bool only_first = false;  // just at the very beginning of the text
  };
  struct Spaces {  // every space becomes `text`
    std::string text;
  };
  struct MapBytes {};
  struct Length {  // pieces of so many characters
    std::size_t characters;
  };
  struct Scripts {};  // where the script changes
  using Step = std::variant<Prefix, Spaces, MapBytes, SplitRule, Length, Scripts>;

  void read(const JsonNode& node, int depth);
  void read_byte_level(const JsonNode& node);
  void read_metaspace(const JsonNode& node);
  void add_prefix(std::string text, bool only_first);
  void add_split(SplitRule rule);
  static std::size_t apply_prefix(const Prefix& prefix, AlignedText& text, std::vector<Piece>& pieces,
                                  std::size_t decided, bool is_first);
  static std::size_t apply_spaces(const Spaces& spaces, AlignedText& text, std::vector<Piece>& pieces,
                                  std::size_t decided);
  static std::size_t apply_bytes(AlignedText& text, std::vector<Piece>& pieces, std::size_t decided);
  void apply_split(const SplitRule& rule, bool is_first, std::string_view text, std::vector<Piece>& pieces,
                   std::size_t decided) const;
  // Cuts every piece into the parts that `next(text, begin)` gives; nothing of it is certain before the text ends.
  template <typename F>
  static void cut_pieces(std::string_view text, std::vector<Piece>& pieces, F&& next);

  std::vector<Step> steps_;
  int splits_ = 0;
  bool maps_bytes_ = false, never_cut_ = false, maps_last_ = false;
  std::string prefix_;  // what a section gets in front before it is split, or ""
  bool prefix_only_first_ = false;
};

}  // namespace welt::tokenizers
