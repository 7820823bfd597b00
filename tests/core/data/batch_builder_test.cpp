#include "core/data/batch_builder.h"

#include <gtest/gtest.h>

#include <string>
#include <unordered_map>

#include "core/text/bytes.h"

namespace welt {
namespace {

// Documents of words that come back at growing distances, each ending in a blank.
Corpus corpus_of(int documents, int words) {
  Corpus corpus;
  for (int d = 0; d < documents; ++d) {
    std::string text;
    std::vector<std::uint64_t> ends;
    for (int i = 0; i < words; ++i) {
      text += std::to_string(i % 9 == 0 ? i / 7 : d * words + i) + " ";
      ends.push_back(text.size());
    }
    corpus.add(text, ends, 0);
  }
  return corpus;
}

TEST(BatchBuilder, TheLossIsDividedByTheBytesOfUnits) {
  const std::string_view text = "\u00E9\U0001F642 ab";
  Corpus corpus;
  const std::vector<std::uint64_t> ends{7, 9};
  corpus.add(text, ends, 0);
  const Piece piece{0, corpus.documents[1], 0, true};
  const std::span<const Piece> row(&piece, 1);
  // Labels: the word of a letter, a smile and a blank, "ab", and the empty word, each with EOS.
  for (const auto& [encoding, bytes] :
       {std::pair{Encoding::utf8, 8 + 3 + 1}, {Encoding::utf16, 2 * (5 + 3 + 1)}, {Encoding::utf32, 4 * (4 + 3 + 1)}}) {
    const Batch batch = build_batch(corpus, {&row, 1}, 4, {}, Units(encoding));
    EXPECT_EQ(batch.label_bytes, bytes);
    EXPECT_EQ(batch.table.units, Units(encoding));
    EXPECT_EQ(batch.real_bytes, 1 + 7 + 2);
  }
}

// More distinct words than the builder starts with room for: every slot must still find its own.
TEST(BatchBuilder, ListsEachDistinctWordOnceInTheOrderOfItsFirstUse) {
  const Corpus corpus = corpus_of(40, 300);
  std::vector<Piece> pieces;
  for (std::int64_t d = 0; d < corpus.size(); ++d)
    pieces.push_back({corpus.documents[d], corpus.documents[d + 1], corpus.documents[d], true});
  std::vector<std::span<const Piece>> rows;
  for (std::size_t i = 0; i < pieces.size(); i += 2) rows.push_back(std::span<const Piece>(pieces).subspan(i, 2));
  const Batch batch = build_batch(corpus, rows, 610);

  std::unordered_map<std::string, std::int64_t> expected;
  std::int64_t bytes = 0, label_bytes = 0;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    std::size_t slot = row * 610;
    std::vector<std::string> labels;
    for (const Piece& piece : rows[row]) {
      for (std::uint64_t i = piece.begin; i < piece.end; ++i, ++slot) {
        const std::string word(as_text(corpus.store.word(corpus.words[i])));
        const std::int64_t entry = expected.try_emplace(word, static_cast<std::int64_t>(expected.size())).first->second;
        ASSERT_EQ(batch.input[slot], entry);
        ASSERT_EQ(as_text(batch.table.word(entry)), word);
        if (i > piece.begin) labels.push_back(word);
        bytes += static_cast<std::int64_t>(word.size());
      }
      labels.emplace_back();
    }
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const std::int64_t entry =
          expected.try_emplace(labels[i], static_cast<std::int64_t>(expected.size())).first->second;
      ASSERT_EQ(batch.label[row * 610 + i], entry);
      label_bytes += static_cast<std::int64_t>(labels[i].size()) + 1;
    }
    for (; slot < (row + 1) * 610; ++slot) ASSERT_EQ(batch.input[slot], -1);
  }
  EXPECT_GT(expected.size(), 10000u);
  EXPECT_EQ(batch.table.size(), static_cast<std::int64_t>(expected.size()));
  EXPECT_EQ(batch.real_bytes, bytes);
  EXPECT_EQ(batch.label_bytes, label_bytes);
  EXPECT_EQ(batch.real_words, corpus.documents.back());
}

}  // namespace
}  // namespace welt
