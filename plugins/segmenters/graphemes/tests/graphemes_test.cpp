// Every grapheme cluster a word: the recorded clusters, then properties on random text.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/plugin/registry.h"
#include "core/text/segmenter.h"
#include "plugins/segmenters/words/tests/random_text.h"

namespace welt {
namespace {

const Component& graphemes() {
  static const Component component = [] {
    const ComponentType& type = Registry::instance().find("welt.segmenter/1", "graphemes");
    return Component(type, ConfigView(type, nlohmann::json::object(), true, "test"), WELT_INIT_NONE);
  }();
  return component;
}

TEST(GraphemesParity, words_are_the_recorded_clusters) {
  std::ifstream file(std::string(WELT_TEST_DATA) + "/text/graphemes.jsonl");
  int cases = 0;
  for (std::string line; std::getline(file, line); ++cases) {
    const auto row = nlohmann::json::parse(line);
    std::vector<int> lengths;
    for (const std::string& word : Segmenter(graphemes()).words(row["text"].get<std::string>())) {
      lengths.push_back(0);
      for (std::size_t at = 0; at < word.size(); decode_utf8(word, at)) ++lengths.back();
    }
    EXPECT_EQ(lengths, row["lengths"].get<std::vector<int>>()) << row.dump();
  }
  EXPECT_EQ(cases, 88);
}

TEST(Graphemes, put_together_give_the_text_whatever_the_pieces_it_arrives_in) {
  std::mt19937 random(1);
  const auto& table = graphemes().require<welt_segmenter_v1>(WELT_SEGMENTER_INTERFACE);
  for (int i = 0; i < 500; ++i) {
    const std::string text = test::random_text(random, 1 + random() % 60);
    const std::int64_t limit = static_cast<std::int64_t>(random() % 4);
    std::vector<std::uint64_t> whole, ends;
    Segmenter(graphemes(), 0, limit).split(text, whole);
    EXPECT_EQ(whole.back(), text.size());
    const welt_segment_limits limits{sizeof(welt_segment_limits), 0, 0, limit, 0};
    std::string held;
    std::uint64_t begin = 0;
    const std::size_t step = 1 + random() % 9;
    for (std::size_t at = 0; at < text.size(); at += step) {
      held += text.substr(at, step);
      std::vector<std::uint64_t> part(held.size());
      std::uint64_t count = 0, consumed = 0;
      ASSERT_EQ(table.segment(graphemes().raw(), {held.data(), held.size()}, at + step >= text.size() ? 1 : 0, &limits,
                              part.data(), part.size(), &count, &consumed, nullptr, nullptr, nullptr),
                WELT_OK);
      for (std::uint64_t k = 0; k < count; ++k) ends.push_back(begin + part[k]);
      begin += consumed;
      held.erase(0, consumed);
    }
    EXPECT_EQ(ends, whole) << text;
  }
}

TEST(Graphemes, limits) {
  EXPECT_EQ(Segmenter(graphemes(), 2).words("éa").size(), 2u);
  EXPECT_EQ(Segmenter(graphemes(), 1).words("e\xCC\x81\xCC\x81").size(), 1u);  // a cluster stays whole
  EXPECT_EQ(Segmenter(graphemes(), 0, 2).words("e\xCC\x81\xCC\x81"),
            (std::vector<std::string>{"e\xCC\x81", "\xCC\x81"}));
  EXPECT_THROW(Segmenter(graphemes()).words("a\xFF"), Error);
}

TEST(Graphemes, a_cluster_is_complete_when_nothing_can_join_it) {
  const Segmenter segmenter(graphemes());
  for (const char* word : {"\n", "\r\n", "\x02", "\xE2\x80\x8B"}) EXPECT_TRUE(segmenter.is_complete(word));
  for (const char* word : {"a", "\r", "", " ", "中", "a\n", "\xCC"}) EXPECT_FALSE(segmenter.is_complete(word)) << word;
}

}  // namespace
}  // namespace welt
