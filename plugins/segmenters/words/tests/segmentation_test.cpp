// The words of the recorded texts, through the built plugin; then properties on random text.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <set>
#include <thread>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/text/segmenter.h"
#include "random_text.h"
#include "words_component.h"

namespace welt {
namespace {

using test::golden_lines;
using test::icu_words;
using test::random_text;
using test::reference_words;
using test::words_component;

struct Call {
  welt_status status;
  std::vector<std::uint64_t> ends;
  std::uint64_t consumed;
};

Call call(std::string_view text, bool is_final, welt_segment_limits limits, std::size_t capacity,
          const Component& component = icu_words()) {
  const auto& table = component.require<welt_segmenter_v1>(WELT_SEGMENTER_INTERFACE);
  limits.struct_size = sizeof(limits);
  Call out{0, std::vector<std::uint64_t>(capacity), 0};
  std::uint64_t count = 0;
  out.status = table.segment(component.raw(), {text.data(), text.size()}, is_final, &limits, out.ends.data(), capacity,
                             &count, &out.consumed, nullptr, nullptr, nullptr);
  out.ends.resize(count);
  return out;
}

// Words, completeness and spans of a case, as the goldens have them.
nlohmann::json segmented(const Component& component, const nlohmann::json& row) {
  const Segmenter segmenter(component, row["options"].value("max_bytes", 0), row["options"].value("max_characters", 0));
  const std::string text = row["text"];
  std::vector<std::uint64_t> ends;
  std::vector<std::uint32_t> engines;
  segmenter.split(text, ends, &engines);
  auto words = nlohmann::json::array(), spans = nlohmann::json::array();
  std::string complete;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    const std::string word = text.substr(begin, ends[i] - begin);
    begin = ends[i];
    words.push_back(word);
    complete += segmenter.is_complete(word) ? '1' : '0';
    if (i == 0 || engines[i] != engines[i - 1]) spans.push_back({segmenter.engine_name(engines[i]), 0});
    for (std::size_t at = 0; at < word.size(); decode_utf8(word, at)) spans.back()[1] = spans.back()[1].get<int>() + 1;
  }
  return {{"words", words}, {"complete", complete}, {"spans", spans}};
}

TEST(WordsParity, reference_compatible_segmentation) {
  const auto cases = golden_lines("segmentation.jsonl");
  ASSERT_EQ(cases.size(), 217u);
  int exact = 0;
  for (const auto& row : cases) {
    const auto found = segmented(reference_words(), row);
    EXPECT_EQ(found["spans"], row["spans"]) << row.dump();
    if (row["dictionary"]) continue;
    EXPECT_EQ(found["words"], row["words"]) << row.dump();
    EXPECT_EQ(found["complete"], row["complete"]) << row.dump();
    ++exact;
  }
  EXPECT_EQ(exact, 186);
}

TEST(WordsParity, dictionary_words_where_setup_has_fetched_the_data) {
  const std::string engines = Segmenter(reference_words()).fingerprint();
  if (engines.find("ICU") != std::string::npos) {
    const std::string missing =
        "these cases want jieba, MeCab and newmm (scripts/setup.sh fetches their data); here: " + engines;
    if (test::dictionaries_are_required()) FAIL() << missing << ", and WELT_REQUIRE_DICTIONARIES is set";
    GTEST_SKIP() << missing;
  }
  int exact = 0;
  for (const auto& row : golden_lines("segmentation.jsonl")) {
    if (!row["dictionary"]) continue;
    const auto found = segmented(reference_words(), row);
    EXPECT_EQ(found["words"], row["words"]) << row.dump();
    EXPECT_EQ(found["complete"], row["complete"]) << row.dump();
    ++exact;
  }
  EXPECT_EQ(exact, 31);
}

// By default only scripts that the reference leaves whole, and the signs that scripts share, are cut otherwise.
TEST(WordsParity, default_segmentation) {
  int exact = 0;
  for (const auto& row : golden_lines("segmentation.jsonl")) {
    const auto found = segmented(words_component(), row);
    const std::string spans = found["spans"].dump();
    const bool is_new = spans.find("lao") != std::string::npos || spans.find("khmer") != std::string::npos ||
                        spans.find("burmese") != std::string::npos || spans.find("tibetan") != std::string::npos;
    if (row["dictionary"] || is_new) continue;
    EXPECT_EQ(found["words"], row["words"]) << row.dump();
    EXPECT_EQ(found["complete"], row["complete"]) << row.dump();
    EXPECT_EQ(found["spans"], row["spans"]) << row.dump();
    ++exact;
  }
  EXPECT_EQ(exact, 176);
}

TEST(WordsParity, complete) {
  const Segmenter reference(reference_words()), ours(words_component());
  for (const auto& row : golden_lines("complete.jsonl")) {
    const std::string text = row["text"];
    EXPECT_EQ(reference.is_complete(text), row["complete"].get<bool>()) << row.dump();
    EXPECT_EQ(ours.is_complete(text), row["complete"].get<bool>()) << row.dump();
  }
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
    Segmenter(reference_words(), 1).split(text, pieces);
    Segmenter(reference_words()).split(text, words);
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
    const Component& component = i % 2 == 0 ? words_component() : reference_words();
    for (const std::string& word : Segmenter(component, 0, limit).words(text)) {
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
  for (int i = 0; i < 2000; ++i) {
    const std::string text = random_text(random, 1 + random() % 60);
    const Component& component = i % 2 == 0 ? icu_words() : reference_words();
    welt_segment_limits limits{};
    if (i % 3 == 1) limits.max_bytes = 1 + random() % 20;
    if (i % 3 == 2) limits.max_characters = 1 + random() % 8;
    const Call whole = call(text, true, limits, text.size(), component);
    ASSERT_EQ(whole.status, WELT_OK);
    ASSERT_EQ(whole.consumed, text.size());

    const std::size_t step = 1 + random() % 9;  // bytes: also inside characters
    std::vector<std::uint64_t> ends;
    std::string held;
    std::uint64_t begin = 0;
    for (std::size_t at = 0; at < text.size(); at += step) {
      held += text.substr(at, step);
      const Call part = call(held, at + step >= text.size(), limits, held.size(), component);
      ASSERT_EQ(part.status, WELT_OK);
      for (const std::uint64_t end : part.ends) ends.push_back(begin + end);
      begin += part.consumed;
      held.erase(0, part.consumed);
    }
    EXPECT_TRUE(held.empty());
    EXPECT_EQ(ends, whole.ends) << "pieces of " << step << " bytes, " << text;
  }
}

// The room is a part of the text's words, and enough for any span of it.
TEST(Words, go_on_where_the_room_ended) {
  std::mt19937 random(3);
  for (int i = 0; i < 200; ++i) {
    const std::string text = random_text(random, 300);
    const Call whole = call(text, true, {}, text.size());
    std::vector<std::uint64_t> ends;
    for (std::uint64_t begin = 0; begin < text.size();) {
      const Call part = call(std::string_view(text).substr(begin), true, {}, 40 + random() % 9);
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
  std::string text = random_text(random, 50000) + std::string(200000, 'x') + random_text(random, 20000);
  for (const Component* component : {&icu_words(), &reference_words()}) {
    const Call whole = call(text, true, {}, text.size(), *component);
    std::vector<std::uint64_t> ends;
    Segmenter(*component).split(text, ends);
    EXPECT_EQ(ends, whole.ends);
  }
}

TEST(Words, a_run_of_a_script_that_is_longer_than_an_engine_gets_is_cut_the_same_in_windows) {
  std::string text;
  for (int i = 0; i < 40000; ++i) text += i % 7 == 0 ? "文" : i % 5 == 0 ? "の" : "中";
  const Call whole = call(text, true, {}, text.size());
  EXPECT_EQ(whole.consumed, text.size());
  std::vector<std::uint64_t> ends;
  Segmenter(icu_words()).split(text, ends);
  EXPECT_EQ(ends, whole.ends);
}

TEST(Words, threads_share_a_component) {
  std::mt19937 random(5);
  std::string text;
  for (int i = 0; i < 200; ++i) text += random_text(random, 20) + "中文かなไทยລາວខ្មែរမြန်མာབོད་ ";
  const auto expected = Segmenter(icu_words(), 30).words(text);
  std::vector<std::thread> threads;
  std::atomic<int> equal = 0;
  for (int i = 0; i < 6; ++i)
    threads.emplace_back([&] { equal += Segmenter(icu_words(), 30).words(text) == expected ? 1 : 0; });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(equal, 6);
}

// What would take minutes if the cost were quadratic.
TEST(Words, hostile_text_takes_linear_time) {
  std::string marks = "a";
  for (int i = 0; i < 100000; ++i) append_utf8(marks, 0x301 + i % 2);
  std::string linked, signs;
  for (int i = 0; i < 30000; ++i) append_utf8(linked, i % 2 == 0 ? 0x200D : 0x3297);
  for (int i = 0; i < 100000; ++i) append_utf8(signs, i % 1000 == 0 ? 0x1D800 : 0x40001);
  for (const std::string& text : {std::string(10'000'000, 'x'), std::string(1'000'000, '\0'), marks, linked, signs}) {
    for (const std::int64_t limit : {0, 30}) {
      std::vector<std::uint64_t> ends;
      Segmenter(words_component(), limit).split(text, ends);
      EXPECT_EQ(ends.back(), text.size());
    }
  }
  EXPECT_EQ(Segmenter(words_component(), 30).words(marks).size(), 1u);  // one cluster stays whole
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
