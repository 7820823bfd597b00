// Words of a fixed number of bytes.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/plugin/registry.h"
#include "core/text/segmenter.h"
#include "plugins/segmenters/words/tests/random_text.h"

namespace welt {
namespace {

using Strings = std::vector<std::string>;

Component bytes(int size) {
  const ComponentType& type = Registry::instance().find("welt.segmenter/1", "bytes");
  return Component(type, ConfigView(type, {{"size", size}}, true, "test"), WELT_INIT_NONE);
}

TEST(Bytes, as_many_whole_characters_as_fit) {
  EXPECT_EQ(Segmenter(bytes(1)).words("aé中"), (Strings{"a", "é", "中"}));
  EXPECT_EQ(Segmenter(bytes(4)).words("abcdefé中é"), (Strings{"abcd", "efé", "中", "é"}));
  EXPECT_EQ(Segmenter(bytes(4), 2).words("abcd"), (Strings{"ab", "cd"}));
  EXPECT_EQ(Segmenter(bytes(4), 0, 3).words("abcdefg"), (Strings{"abc", "def", "g"}));
  EXPECT_THROW(bytes(0), Error);
  EXPECT_THROW(Segmenter(bytes(2)).words("a\xFF"), Error);
}

TEST(Bytes, are_complete_when_full) {
  const Component component = bytes(3);
  const Segmenter segmenter(component);
  EXPECT_TRUE(segmenter.is_complete("abc"));
  EXPECT_TRUE(segmenter.is_complete("𝠃"));
  for (const char* word : {"", "ab", "é", "ab\xCC"}) EXPECT_FALSE(segmenter.is_complete(word)) << word;
}

TEST(Bytes, put_together_give_the_text_in_well_formed_words_also_in_windows) {
  std::mt19937 random(1);
  for (const int size : {1, 2, 7, 30}) {
    const Component component = bytes(size);
    const Segmenter segmenter(component);
    const std::string text = test::random_text(random, 60000);
    std::string joined;
    for (const std::string& word : segmenter.words(text)) {
      ASSERT_EQ(find_invalid_utf8(word), utf8_ok);
      ASSERT_LE(word.size(), static_cast<std::size_t>(std::max(size, 4)));
      joined += word;
    }
    EXPECT_EQ(joined, text);
  }
}

}  // namespace
}  // namespace welt
