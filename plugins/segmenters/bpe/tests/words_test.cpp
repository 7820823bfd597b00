// Words of the segmenter: they cover the text whatever comes, in one piece or in many, within limits.
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "../segmentation.h"
#include "bpe_files.h"
#include "core/base/error.h"
#include "core/text/segmenter.h"

namespace welt {
namespace {

using test::make_bpe;
using test::random_text;

struct Cut {
  std::vector<std::uint64_t> ends;
  std::vector<std::int64_t> ids;
  bool operator==(const Cut&) const = default;
};

Cut cut(const tokenizers::Tokenizer& tokenizer, std::string_view text, bool is_final, const bpe::Limits& limits,
        std::size_t room) {
  Cut out{std::vector<std::uint64_t>(room), std::vector<std::int64_t>(room)};
  const auto result = bpe::segment(tokenizer, text, is_final, limits, out.ends, out.ids.data());
  out.ends.resize(result.count);
  out.ids.resize(result.count);
  EXPECT_EQ(result.consumed, result.count == 0 ? 0 : out.ends.back());
  return out;
}

Cut whole(const tokenizers::Tokenizer& tokenizer, std::string_view text, const bpe::Limits& limits = {}) {
  return cut(tokenizer, text, true, limits, text.size());
}

TEST(BpeWords, cover_the_text_at_characters_and_carry_the_ids) {
  std::mt19937 random(1);
  for (const auto& [name, json] : test::variants()) {
    const tokenizers::Tokenizer tokenizer = make_bpe(json);
    for (int i = 0; i < 40; ++i) {
      const std::string text = random_text(random, random() % 20);
      const Cut words = whole(tokenizer, text);
      std::uint64_t last = 0;
      for (const std::uint64_t end : words.ends) {
        ASSERT_GT(end, last) << name;
        last = end;
        ASSERT_TRUE(end == text.size() || (static_cast<std::uint8_t>(text[end]) & 0xC0) != 0x80) << name;
      }
      ASSERT_EQ(last, text.size()) << name << ": " << text;
      std::size_t next = 0;  // ids of words are ids of tokens, in order
      const auto tokens = tokenizer.encode(text);
      for (std::size_t k = 0; k < words.ids.size(); ++k) {
        if (words.ids[k] < 0) continue;
        while (next < tokens.size() && !(tokens[next].id == words.ids[k] && tokens[next].end == words.ends[k])) ++next;
        ASSERT_LT(next, tokens.size()) << name << ": word " << k << " of " << text;
      }
    }
  }
}

TEST(BpeWords, do_not_depend_on_how_the_text_arrives) {
  std::mt19937 random(2);
  for (const auto& [name, json] : test::variants()) {
    const tokenizers::Tokenizer tokenizer = make_bpe(json);
    for (int i = 0; i < 60; ++i) {
      const std::string text = random_text(random, 1 + random() % 20);
      bpe::Limits limits;
      if (i % 3 == 1) limits.max_bytes = 1 + static_cast<std::int64_t>(random() % 20);
      if (i % 3 == 2) limits.max_characters = 1 + static_cast<std::int64_t>(random() % 8);
      const std::size_t step = 1 + random() % 9;  // bytes: also inside characters
      Cut pieces;
      std::string held;
      std::uint64_t begin = 0;
      for (std::size_t at = 0; at < text.size(); at += step) {
        held += text.substr(at, step);
        const Cut part = cut(tokenizer, held, at + step >= text.size(), limits, held.size());
        for (const std::uint64_t end : part.ends) pieces.ends.push_back(begin + end);
        pieces.ids.insert(pieces.ids.end(), part.ids.begin(), part.ids.end());
        const std::uint64_t consumed = part.ends.empty() ? 0 : part.ends.back();
        begin += consumed;
        held.erase(0, consumed);
      }
      ASSERT_TRUE(held.empty());
      ASSERT_EQ(pieces, whole(tokenizer, text, limits)) << name << ", pieces of " << step << " bytes: " << text;
    }
  }
}

TEST(BpeWords, are_given_before_the_end) {  // that nothing is held back for ever
  const std::string text = "It was the best of times, it was the worst of times; it was the age of wisdom. ";
  for (const auto& [name, json] : test::variants()) {
    const Cut part = cut(make_bpe(json), text, false, {}, text.size());
    const bool puts_in_front = name == "llama-2" || name == "added tokens of llama-2";
    const bool looks_around = name == "look behind" || name == "wide replacement" || name == "Removed inverted";
    if (!puts_in_front && !looks_around && name != "bytes alone" && !name.ends_with("inverted")) {
      ASSERT_FALSE(part.ends.empty()) << name;
      EXPECT_GT(part.ends.back(), 40u) << name;
    }
  }
}

TEST(BpeWords, go_on_where_the_room_ended) {
  std::mt19937 random(3);
  for (const char* name : {"gpt-neox", "llama-3"}) {
    const tokenizers::Tokenizer tokenizer = make_bpe(test::golden_tokenizer(name));
    for (int i = 0; i < 200; ++i) {
      const std::string text = random_text(random, 1 + random() % 20);
      std::string joined;
      while (joined.size() < text.size()) {
        const Cut part = cut(tokenizer, std::string_view(text).substr(joined.size()), true, {}, 1 + random() % 4);
        ASSERT_FALSE(part.ends.empty());
        joined += text.substr(joined.size(), part.ends.back());
      }
      EXPECT_EQ(joined, text);
    }
  }
  const tokenizers::Tokenizer tokenizer = make_bpe(test::golden_tokenizer("llama-3"));
  EXPECT_EQ(cut(tokenizer, " the the the", true, {}, 2).ends, (std::vector<std::uint64_t>{4, 8}));
}

TEST(BpeWords, hold_back_no_more_than_the_lookahead) {
  const tokenizers::Tokenizer tokenizer = make_bpe(test::golden_tokenizer("llama-2"));  // never sure before the end
  const std::string text(200, 'x');
  EXPECT_TRUE(cut(tokenizer, text, false, {.max_lookahead = 200}, 200).ends.empty());
  const Cut forced = cut(tokenizer, text, false, {.max_lookahead = 199}, 200);
  ASSERT_FALSE(forced.ends.empty());
  EXPECT_GE(forced.ends.back(), 1u);
  EXPECT_LT(forced.ends.back(), 200u);
}

TEST(BpeWords, keep_the_limits) {
  const tokenizers::Tokenizer tokenizer = make_bpe(test::golden_tokenizer("llama-3"));
  const std::string text = " beginning";
  EXPECT_EQ(whole(tokenizer, text).ends, (std::vector<std::uint64_t>{10}));
  EXPECT_NE(whole(tokenizer, text).ids[0], -1);
  EXPECT_EQ(whole(tokenizer, text, {.max_bytes = 4}), (Cut{{4, 8, 10}, {-1, -1, -1}}));
  EXPECT_EQ(whole(tokenizer, text, {.max_characters = 6}), (Cut{{6, 10}, {-1, -1}}));
  EXPECT_EQ(whole(tokenizer, text, {.max_characters = 10}), whole(tokenizer, text));
  EXPECT_EQ(whole(tokenizer, "🏽", {.max_bytes = 2}).ends, (std::vector<std::uint64_t>{4}));
}

TEST(BpeWords, join_the_tokens_of_one_character) {
  const tokenizers::Tokenizer bytes = make_bpe(test::golden_tokenizer("llama-2"));
  ASSERT_EQ(bytes.encode("🜚").size(), 5u);  // the space in front, four bytes
  EXPECT_EQ(whole(bytes, "🜚"), (Cut{{4}, {-1}}));
  const auto tokens = bytes.encode("a🜚");
  EXPECT_EQ(tokens[1].begin, 1u);
  EXPECT_EQ(tokens[1].end, 2u);
  EXPECT_EQ(tokens[4].begin, 4u);
  EXPECT_EQ(tokens[4].end, 5u);
}

TEST(BpeWords, are_complete_when_nothing_can_be_added) {
  auto json = test::golden_tokenizer("gpt-neox");
  const auto token = [&](const char* content, bool right) {
    json["added_tokens"].push_back(
        {{"id", 0}, {"content", content}, {"rstrip", right}, {"normalized", false}, {"special", true}});
  };
  token("<x>", false);
  token("<x><y>", false);
  token("<z>", true);
  const tokenizers::Tokenizer tokenizer = make_bpe(json);
  EXPECT_TRUE(tokenizer.is_complete("<|endoftext|>"));
  EXPECT_TRUE(tokenizer.is_complete("<x><y>"));
  for (const char* open : {"", "<x>", "<z>", "the", " the", "<|endoftext|> ", "  "})
    EXPECT_FALSE(tokenizer.is_complete(open)) << open;
}

TEST(BpeWords, are_the_same_from_several_threads) {
  const tokenizers::Tokenizer tokenizer = make_bpe(test::golden_tokenizer("gpt-neox"));
  std::mt19937 random(4);
  const std::string text = random_text(random, 3000);
  const Cut expected = whole(tokenizer, text);
  std::vector<Cut> found(4);
  std::vector<std::thread> threads;
  for (Cut& each : found) threads.emplace_back([&] { each = whole(tokenizer, text); });
  for (std::thread& thread : threads) thread.join();
  for (const Cut& each : found) EXPECT_EQ(each, expected);
}

TEST(BpePlugin, gives_words_of_long_text_in_windows) {
  const Component component = test::plugin_component(test::golden_path("gpt-neox.json"));
  const tokenizers::Tokenizer tokenizer = make_bpe(test::golden_tokenizer("gpt-neox"));
  std::mt19937 random(5);
  const std::string text = random_text(random, 100000);
  ASSERT_GT(text.size(), std::size_t{1} << 18);
  std::vector<std::uint64_t> ends;
  Segmenter(component).split(text, ends);
  EXPECT_EQ(ends, whole(tokenizer, text).ends);
}

TEST(BpePlugin, refuses_what_is_no_text_and_no_file) {
  const Component component = test::plugin_component(test::golden_path("llama-2.json"));
  const auto message = [](auto&& call) -> std::string {
    try {
      call();
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_NE(message([&] { Segmenter(component).words("ab\xFF"); }).find("byte 2"), std::string::npos);
  EXPECT_NE(message([&] { Segmenter(component, 3, 3); }).find("max_bytes"), std::string::npos);
  EXPECT_NE(message([] { test::plugin_component("/nowhere/tokenizer.json"); }).find("/nowhere/tokenizer.json"),
            std::string::npos);
  EXPECT_NE(message([] { test::plugin_component(test::golden_path("ids.jsonl")); }).find("not JSON"),
            std::string::npos);
  const std::string pointer = testing::TempDir() + "bpe-pointer.json";
  std::ofstream(pointer) << "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n";
  EXPECT_NE(message([&] { test::plugin_component(pointer); }).find("git lfs pull"), std::string::npos);
}

}  // namespace
}  // namespace welt
