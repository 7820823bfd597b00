// The words of the recorded texts, through the built plugin; then properties on random text.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/text/segmenter.h"
#include "words_component.h"

namespace welt {
namespace {

using test::golden_lines;
using test::words_component;

std::string random_text(std::mt19937& random, std::size_t length) {
  static const std::vector<char32_t> special = {
      0,      2,      0x0E,   0x0F,    0x1C,    0x7F,    '\t',    '\n',    '\r',   ' ',    ' ',
      'a',    'b',    '.',    0x85,    0xA0,    0x300,   0x600,   0x903,   0x915,  0x924,  0x93C,
      0x94D,  0x1100, 0x1161, 0x11A8,  0xAC00,  0xAC01,  0x1680,  0x200B,  0x200D, 0x2028, 0x3000,
      0xFE0F, 0xFEFF, 0x2764, 0x1F1EE, 0x1F1F1, 0x1F3FD, 0x1F468, 0x10FFFF};
  std::string text;
  for (std::size_t i = 0; i < length; ++i) {
    char32_t c = special[random() % special.size()];
    if (random() % 5 == 0) c = static_cast<char32_t>(random() % 0x3000);
    if (random() % 50 == 0) c = 0xE000 + static_cast<char32_t>(random() % 0x102000);
    append_utf8(text, c);
  }
  return text;
}

struct Call {
  welt_status status;
  std::vector<std::uint64_t> ends;
  std::uint64_t consumed;
};

Call call(std::string_view text, bool is_final, welt_segment_limits limits, std::size_t capacity) {
  const auto& table = words_component().require<welt_segmenter_v1>(WELT_SEGMENTER_INTERFACE);
  limits.struct_size = sizeof(limits);
  Call out{0, std::vector<std::uint64_t>(capacity), 0};
  std::uint64_t count = 0;
  out.status = table.segment(words_component().raw(), {text.data(), text.size()}, is_final, &limits, out.ends.data(),
                             capacity, &count, &out.consumed, nullptr, nullptr, nullptr);
  out.ends.resize(count);
  return out;
}

TEST(WordsParity, segmentation) {
  const auto cases = golden_lines("segmentation.jsonl");
  ASSERT_EQ(cases.size(), 180u);
  for (const auto& row : cases) {
    const Segmenter segmenter(words_component(), row["options"].value("max_bytes", 0),
                              row["options"].value("max_characters", 0));
    const auto words = segmenter.words(row["text"].get<std::string>());
    EXPECT_EQ(words, row["words"].get<std::vector<std::string>>()) << row.dump();
    std::string complete;
    for (const std::string& word : words) complete += segmenter.is_complete(word) ? '1' : '0';
    EXPECT_EQ(complete, row["complete"].get<std::string>()) << row.dump();
  }
}

TEST(WordsParity, complete) {
  const Segmenter segmenter(words_component());
  for (const auto& row : golden_lines("complete.jsonl"))
    EXPECT_EQ(segmenter.is_complete(row["text"].get<std::string>()), row["complete"].get<bool>()) << row.dump();
}

// With max_bytes 1 a word is cut at every border of a grapheme cluster.
TEST(WordsParity, grapheme_borders) {
  const auto cases = golden_lines("graphemes.jsonl");
  ASSERT_EQ(cases.size(), 88u);
  for (const auto& row : cases) {
    const std::string text = row["text"];
    std::set<std::uint64_t> borders;
    std::size_t at = 0;
    for (const int length : row["lengths"]) {
      for (int i = 0; i < length; ++i) decode_utf8(text, at);
      borders.insert(at);
    }
    std::vector<std::uint64_t> pieces, words;
    Segmenter(words_component(), 1).split(text, pieces);
    Segmenter(words_component()).split(text, words);
    const std::set<std::uint64_t> cut(pieces.begin(), pieces.end());
    for (const std::uint64_t border : borders) EXPECT_TRUE(cut.contains(border)) << border << " of " << row.dump();
    borders.insert(words.begin(), words.end());
    for (const std::uint64_t border : cut) EXPECT_TRUE(borders.contains(border)) << border << " of " << row.dump();
  }
}

TEST(Words, put_together_give_the_text_within_the_limits) {
  std::mt19937 random(1);
  for (int i = 0; i < 500; ++i) {
    const std::string text = random_text(random, random() % 60);
    const std::int64_t limit = static_cast<std::int64_t>(random() % 12);
    std::string joined;
    for (const std::string& word : Segmenter(words_component(), 0, limit).words(text)) {
      EXPECT_FALSE(word.empty());
      std::size_t characters = 0;
      for (std::size_t at = 0; at < word.size(); ++characters) decode_utf8(word, at);
      if (limit > 0) {
        EXPECT_LE(characters, static_cast<std::size_t>(limit));
      }
      joined += word;
    }
    EXPECT_EQ(joined, text);
  }
}

TEST(Words, do_not_depend_on_how_the_text_arrives) {
  std::mt19937 random(2);
  for (int i = 0; i < 1000; ++i) {
    const std::string text = random_text(random, 1 + random() % 60);
    welt_segment_limits limits{};
    if (i % 3 == 1) limits.max_bytes = 1 + random() % 20;
    if (i % 3 == 2) limits.max_characters = 1 + random() % 8;
    const Call whole = call(text, true, limits, text.size());
    ASSERT_EQ(whole.status, WELT_OK);
    ASSERT_EQ(whole.consumed, text.size());

    const std::size_t step = 1 + random() % 9;  // bytes: also inside characters
    std::vector<std::uint64_t> ends;
    std::string held;
    std::uint64_t begin = 0;
    for (std::size_t at = 0; at < text.size(); at += step) {
      held += text.substr(at, step);
      const Call part = call(held, at + step >= text.size(), limits, held.size());
      ASSERT_EQ(part.status, WELT_OK);
      for (const std::uint64_t end : part.ends) ends.push_back(begin + end);
      begin += part.consumed;
      held.erase(0, part.consumed);
    }
    EXPECT_TRUE(held.empty());
    EXPECT_EQ(ends, whole.ends) << "pieces of " << step << " bytes, " << text;
  }
}

TEST(Words, go_on_where_the_room_ended) {
  std::mt19937 random(3);
  for (int i = 0; i < 300; ++i) {
    const std::string text = random_text(random, 1 + random() % 60);
    const Call whole = call(text, true, {}, text.size());
    std::vector<std::uint64_t> ends;
    for (std::uint64_t begin = 0; begin < text.size();) {
      const Call part = call(std::string_view(text).substr(begin), true, {}, 1 + random() % 4);
      ASSERT_GT(part.consumed, 0u);
      for (const std::uint64_t end : part.ends) ends.push_back(begin + end);
      begin += part.consumed;
    }
    EXPECT_EQ(ends, whole.ends);
  }
}

TEST(Words, hold_back_no_more_than_the_lookahead) {
  welt_segment_limits limits{};
  limits.max_lookahead = 8;
  const Call part = call("abcdefghijklmnop", false, limits, 16);
  EXPECT_EQ(part.consumed, 15u);  // cut before the last cluster
  EXPECT_EQ(call("abcdefgh", false, limits, 16).consumed, 0u);
}

// Found by fuzzing: the cut fell before the character, as a word of no bytes.
TEST(Words, a_character_longer_than_the_lookahead_is_a_word) {
  welt_segment_limits limits{};
  limits.max_lookahead = 2;
  EXPECT_EQ(call("\u0915", false, limits, 8).ends, std::vector<std::uint64_t>{3});
  limits.max_lookahead = 1;
  EXPECT_EQ(call("a\U0001F600", false, limits, 8).ends, (std::vector<std::uint64_t>{1, 5}));
  EXPECT_EQ(call("\u3000", false, limits, 8).ends, std::vector<std::uint64_t>{3});
}

TEST(Words, long_text_in_windows_is_cut_as_a_whole) {
  std::mt19937 random(4);
  std::string text = random_text(random, 100000) + std::string(700000, 'x') + random_text(random, 30000);
  const Call whole = call(text, true, {}, text.size());
  std::vector<std::uint64_t> ends;
  Segmenter(words_component()).split(text, ends);
  EXPECT_EQ(ends, whole.ends);
}

TEST(Words, ill_formed_text_is_an_error_that_names_the_byte) {
  const Segmenter segmenter(words_component());
  for (const auto& [text, byte] : std::vector<std::pair<std::string, std::string>>{{"ab\xFF", "byte 2"},
                                                                                   {"\x80", "byte 0"},
                                                                                   {"a\xC0\xAF", "byte 1"},
                                                                                   {"abc\xE2\x82", "byte 3"},
                                                                                   {"\xED\xA0\x80", "byte 0"}}) {
    try {
      segmenter.words(text);
      FAIL() << "accepted";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(byte), std::string::npos) << error.what();
    }
  }
  EXPECT_EQ(call("a\xE2\x82", false, {}, 8).status, WELT_OK);  // the rest of the character may come
  EXPECT_EQ(call("a\xE2\x28", false, {}, 8).status, WELT_INVALID_ARGUMENT);
}

TEST(Words, refuse_two_limits_and_negative_ones) {
  EXPECT_THROW(Segmenter(words_component(), 3, 3), Error);
  EXPECT_THROW(Segmenter(words_component(), -1), Error);
  welt_segment_limits both{};
  both.max_bytes = both.max_characters = 4;
  EXPECT_EQ(call("a", true, both, 4).status, WELT_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace welt
