// The parts that the way of a text is made of: alignment, added tokens, pieces in a cache, long pieces.
#include <gtest/gtest.h>

#include "plugins/segmenters/bpe/tests/bpe_files.h"
#include "sdk/tokenizers/aligned_text.h"
#include "sdk/tokenizers/piece_cache.h"

namespace welt::tokenizers {
namespace {

using nlohmann::json;

std::vector<std::int32_t> ids(const tokenizers::Tokenizer& tokenizer, std::string_view text) {
  std::vector<std::int32_t> out;
  for (const EncodedToken& token : tokenizer.encode(text)) out.push_back(token.id);
  return out;
}

// Two rewritings one after the other against a list of where each byte came from.
TEST(BpeAlignedText, composes_rewritings) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::string original;
    for (int i = 0; i < 12; ++i) original += static_cast<char>('a' + random() % 26);
    AlignedText text(original);
    std::vector<std::pair<std::size_t, std::size_t>> from;  // of each byte: the part of the original
    for (std::size_t i = 0; i < original.size(); ++i) from.emplace_back(i, i + 1);
    for (int step = 0; step < 3; ++step) {
      Rewriter rewriter(text);
      std::vector<std::pair<std::size_t, std::size_t>> next;
      for (std::size_t at = 0; at < from.size();) {
        const std::size_t length = std::min<std::size_t>(1 + random() % 3, from.size() - at);
        if (random() % 3 != 0) {
          next.push_back(from[at++]);
          continue;
        }
        rewriter.keep(at);
        const std::string with(1 + random() % 3, 'X');
        rewriter.replace(at + length, with);
        next.insert(next.end(), with.size(), {from[at].first, from[at + length - 1].second});
        at += length;
      }
      rewriter.finish(text);
      from = std::move(next);
    }
    ASSERT_EQ(text.text().size(), from.size());
    for (std::size_t at = 0; at <= from.size(); ++at) {
      const AlignedText::Place place = text.original(at);
      const bool at_end = at == from.size();
      EXPECT_LE(place.low, at_end ? original.size() : from[at].first);
      EXPECT_GE(place.high, at == 0 ? 0 : from[at - 1].second);
      if (at > 0 && !at_end && from[at - 1].second == from[at].first) {
        EXPECT_TRUE(place.exact());
      }
    }
  }
}

TEST(BpePieceCache, keeps_to_its_budget_and_says_what_it_was_told) {
  PieceCache cache(300'000);
  std::span<const Token> found;
  for (int round = 0; round < 3; ++round) {
    for (std::int32_t i = 0; i < 20000; ++i) {
      const std::string piece = "piece " + std::to_string(i);
      if (cache.find(piece, found)) {
        ASSERT_EQ(found.size(), 2u);
        ASSERT_EQ(found[0].id, i);
        continue;
      }
      const std::vector<Token> tokens = {{i, 0, 2}, {i + 1, 2, 7}};
      cache.keep(piece, tokens);
      ASSERT_TRUE(!cache.find(piece, found) || found[1].id == i + 1);
      ASSERT_LE(cache.bytes(), 300'000u);
    }
  }
  PieceCache none(0);
  none.keep("a", std::vector<Token>{{1, 0, 1}});
  EXPECT_FALSE(none.find("a", found));
}

TEST(BpeAddedTokens, strip_stand_alone_and_take_the_longest) {
  json tokenizer = test::golden_tokenizer("llama-3");
  const auto add = [&](const char* content, const char* flag) {
    json token = {{"id", 0}, {"content", content}, {"normalized", false}, {"special", false}};
    if (flag != nullptr) token[flag] = true;
    tokenizer["added_tokens"].push_back(token);
  };
  add("<l>", "lstrip");
  add("<r>", "rstrip");
  add("<w>", "single_word");
  add("<r><w>", nullptr);
  const tokenizers::Tokenizer bpe = test::make_bpe(tokenizer);
  const auto size = static_cast<std::int32_t>(tokenizer["model"]["vocab"].size());  // the ids follow the vocabulary's
  const auto token = [&](std::string_view text, std::int32_t id) {
    for (const EncodedToken& each : bpe.encode(text))
      if (each.id == size + id) return std::string(text.substr(each.begin, each.end - each.begin));
    return std::string("none");
  };
  EXPECT_EQ(token("a \u3000<l> b", 0), " \u3000<l>");
  EXPECT_EQ(token("a <r> \n b", 1), "<r> \n ");
  EXPECT_EQ(token("a <w> b", 2), "<w>");
  EXPECT_EQ(token("a<w> b", 2), "none");
  EXPECT_EQ(token("½<w>½", 2), "<w>");
  EXPECT_EQ(token("a<r><w>b", 3), "<r><w>");
  EXPECT_EQ(ids(bpe, "<r> <l>"), (std::vector<std::int32_t>{size + 1, size}));
}

TEST(BpeModel, merges_repeated_characters_leftmost_first) {
  json tokenizer = {{"model",
                     {{"type", "BPE"},
                      {"vocab", {{"a", 0}, {"aa", 1}, {"aaaa", 2}, {"b", 3}, {"ab", 4}}},
                      {"merges", {"a a", "aa aa", "a b"}}}}};
  const tokenizers::Tokenizer bpe = test::make_bpe(tokenizer);
  EXPECT_EQ(ids(bpe, "aaaaaaab"), (std::vector<std::int32_t>{2, 1, 4}));
  EXPECT_EQ(ids(bpe, "xab"), (std::vector<std::int32_t>{4}));  // no unknown token: nothing is said of the x
  EXPECT_EQ(bpe.words("xab", true).size(), 2u);
}

// Tens of thousands of merges: their table lies in huge pages.
TEST(BpeModel, many_merges_are_read_as_few_are) {
  constexpr std::int32_t letters = 200;
  const auto letter = [](std::int32_t i) {
    const int code = 0x100 + i;
    return std::string{static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 63))};
  };
  json vocabulary, merges = json::array({"#version: 0.2"});
  for (std::int32_t i = 0; i < letters; ++i) vocabulary[letter(i)] = i;
  for (std::int32_t i = 0; i < letters * letters; ++i) {
    const std::string left = letter(i / letters), right = letter(i % letters);
    vocabulary[left + right] = letters + i;
    merges.push_back(left + " " + right);
  }
  json tokenizer = {{"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", merges}}}};
  const tokenizers::Tokenizer bpe = test::make_bpe(tokenizer);
  for (std::int32_t i = 0; i < letters * letters; ++i) {
    const std::string pair = letter(i / letters) + letter(i % letters);
    ASSERT_EQ(ids(bpe, pair), (std::vector<std::int32_t>{letters + i}));
  }
  // Of two pairs the one that comes first in the file.
  EXPECT_EQ(ids(bpe, letter(150) + letter(20) + letter(30)), (std::vector<std::int32_t>{150, letters + 20 * 200 + 30}));
  EXPECT_EQ(ids(bpe, letter(150) + letter(160) + letter(9)), (std::vector<std::int32_t>{letters + 150 * 200 + 160, 9}));

  const auto complaint = [&] {
    try {
      test::make_bpe(tokenizer);
    } catch (const std::runtime_error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  tokenizer["model"]["merges"][40000] = "a b";
  EXPECT_NE(complaint().find("model.merges[40000]"), std::string::npos) << complaint();
  tokenizer["model"]["merges"][39999] = "ab";
  EXPECT_NE(complaint().find("model.merges[39999]"), std::string::npos) << complaint();
  tokenizer["model"]["merges"][7] = json::array({"a"});
  EXPECT_NE(complaint().find("model.merges[7]"), std::string::npos) << complaint();
}

// A piece cut where no merge reaches across, and one that cannot be cut.
TEST(BpeModel, long_pieces_are_merged_as_a_whole) {
  const tokenizers::Tokenizer neox = test::make_bpe(test::golden_tokenizer("gpt-neox"));
  for (const char* part : {"thing", "tion", "abcdefghijklmnopqrstuvwxyz", "é"}) {
    std::string text = " ";
    while (text.size() < 5000) text += part;
    json bytes = test::golden_tokenizer("gpt-neox");
    const auto whole = ids(neox, text);
    // Without parts: an end_of_word_suffix that no token has forbids them, and changes the last character only.
    bytes["model"]["end_of_word_suffix"] = "</w>";
    bytes["model"]["vocab"]["Ġ</w>"] = 100000;
    const auto unparted = ids(test::make_bpe(bytes), text + " ");
    ASSERT_GT(unparted.size(), whole.size() / 2);
    const std::size_t compared = whole.size() - 20;
    EXPECT_TRUE(std::equal(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(compared), unparted.begin()))
        << part;
  }
}

TEST(BpeUnicodeForm, marks_without_number_are_sorted_in_time) {
  const tokenizers::Tokenizer neox = test::make_bpe(test::golden_tokenizer("gpt-neox"));
  std::string text = "a", sorted = "á";  // U+0301 composes with the letter
  for (int i = 0; i < 20000; ++i) text += "\u0301\u0327";
  for (int i = 0; i < 20000; ++i) sorted += "\u0327";
  for (int i = 1; i < 20000; ++i) sorted += "\u0301";
  EXPECT_EQ(ids(neox, text), ids(neox, sorted));
  EXPECT_EQ(neox.words(text, true).back().end, text.size());
}

TEST(BpeSlow, ten_megabytes_without_a_space) {
  std::mt19937 random(1);
  std::string letters;
  while (letters.size() < 10'000'000) letters += static_cast<char>('a' + random() % 26);
  for (const char* name : {"gpt-neox", "llama-2"}) {
    const tokenizers::Tokenizer bpe = test::make_bpe(test::golden_tokenizer(name));
    for (const std::string& text : {std::string(10'000'000, 'a'), letters})
      EXPECT_EQ(bpe.words(text, true).back().end, text.size());
  }
}

}  // namespace
}  // namespace welt::tokenizers
