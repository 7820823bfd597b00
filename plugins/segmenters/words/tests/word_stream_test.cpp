// Words of a text that arrives in pieces.
#include "core/text/word_stream.h"

#include <gtest/gtest.h>

#include <random>

#include "core/base/error.h"
#include "words_component.h"

namespace welt {
namespace {

std::string in_pieces(const std::string& text, const Segmenter& segmenter, std::size_t longest_piece,
                      std::vector<std::string>& found) {
  std::mt19937 random(1);
  std::string joined;
  WordStream stream(segmenter, [&](std::string_view word) {
    found.emplace_back(word);
    joined += word;
  });
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = 1 + random() % longest_piece;
    stream.feed(std::string_view(text).substr(at, size));
    at += size;
  }
  stream.finish();
  return joined;
}

TEST(WordStream, GivesTheWordsOfTheWholeText) {
  std::string text;
  for (int i = 0; i < 4000; ++i) text += "In the 中文文本 beginning  かなと漢字 é😀 ไทยไทย\n";
  text += std::string(300000, 'x') + " end";
  for (const std::int64_t limit : {0, 7}) {
    const Segmenter segmenter(test::icu_words(), limit);
    for (const std::size_t longest_piece : {std::size_t{100000}, std::size_t{5000}}) {
      std::vector<std::string> found;
      EXPECT_EQ(in_pieces(text, segmenter, longest_piece, found), text);
      EXPECT_EQ(found, segmenter.words(text)) << limit;
    }
  }
}

TEST(WordStream, AWordWithoutEndIsCutSoThatMemoryIsBounded) {
  const Segmenter segmenter(test::icu_words());
  std::size_t longest = 0, all = 0;
  WordStream stream(segmenter, [&](std::string_view word) {
    longest = std::max(longest, word.size());
    all += word.size();
  });
  const std::string piece(100000, 'x');
  for (int i = 0; i < 60; ++i) stream.feed(piece);
  stream.finish();
  EXPECT_EQ(all, 6000000u);
  EXPECT_LE(longest, 3 * WordStream::longest_word);
}

TEST(WordStream, NamesTheByteThatIsNotUtf8) {
  const Segmenter segmenter(test::icu_words());
  const std::string good(200000, 'a');
  for (const auto& [tail, byte] : std::vector<std::pair<std::string, int>>{
           {"\xFF", 200000}, {"\xE2\x82", 200000}, {"\xE2\x28\xA1", 200000}, {"b\xED\xA0\x80", 200001}}) {
    std::vector<std::string> found;
    try {
      in_pieces(good + tail, segmenter, 1, found);
      FAIL() << "accepted";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("byte " + std::to_string(byte) + " "), std::string::npos)
          << error.what();
    }
  }
}

}  // namespace
}  // namespace welt
