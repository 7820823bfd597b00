#include "core/data/packing.h"

#include <gtest/gtest.h>

#include <random>

#include "temporary_folder.h"

namespace welt {
namespace {

void add(Corpus& corpus, std::string_view text) {
  std::vector<std::uint64_t> ends;
  test::split_words(text, ends);
  corpus.add(text, ends, 0);
}

std::string words(const Corpus& corpus, const Piece& piece) {
  std::string out;
  for (std::uint64_t i = piece.begin; i < piece.end; ++i)
    for (const std::uint8_t c : corpus.store.word(corpus.words[i])) out += c < 0x20 ? '^' : static_cast<char>(c);
  return out;
}

using Rows = std::vector<std::vector<std::string>>;

Rows rows(const Corpus& corpus, const PackedRows& plan) {
  Rows out;
  for (std::int64_t i = 0; i < plan.size(); ++i) {
    out.emplace_back();
    for (const Piece& piece : plan.row(i)) out.back().push_back(words(corpus, piece));
  }
  return out;
}

// The reference's test of trl's packing: seq_lengths [[4,3],[2,2]].
TEST(PackingParity, four_documents_in_rows_of_seven) {
  Corpus corpus;
  for (const char* text : {"hi!", "hello world", "yes.", "a b c"}) add(corpus, text);
  EXPECT_EQ(rows(corpus, pack_documents(corpus, 7)), (Rows{{"^a b c", "^hello world"}, {"^hi!", "^yes."}}));
}

TEST(Packing, best_fit_takes_the_fullest_row_with_room) {
  EXPECT_EQ(best_fit_decreasing({5, 6, 2, 3, 1, 3}, 8),
            (std::vector<std::vector<std::size_t>>{{1, 2}, {0, 3}, {5, 4}}));
  EXPECT_TRUE(best_fit_decreasing({}, 8).empty());
  EXPECT_EQ(best_fit_decreasing({8, 8}, 8).size(), 2u);
}

TEST(Packing, long_documents_are_cut) {
  Corpus corpus;
  add(corpus, "a b c d e f g");
  const auto pieces = cut_document(corpus, 0, 3, 0);
  ASSERT_EQ(pieces.size(), 3u);
  EXPECT_EQ(words(corpus, pieces[0]), "^a b ");
  EXPECT_EQ(words(corpus, pieces[2]), "f g");
  EXPECT_FALSE(pieces[0].ends_document);
  EXPECT_TRUE(pieces[2].ends_document);
  Corpus exact;
  add(exact, "a b");
  EXPECT_EQ(cut_document(exact, 0, 3, 0).size(), 1u);
}

TEST(Packing, cuts_spare_prefix_blocks) {
  Corpus corpus;
  add(corpus, "a b \x0Ex y \x0F c d");
  const auto pieces = cut_document(corpus, 0, 5, 0);  // BOS a b | SO x y SI " " | c d
  ASSERT_EQ(pieces.size(), 3u);
  EXPECT_EQ(words(corpus, pieces[0]), "^a b ");
  EXPECT_EQ(words(corpus, pieces[1]), "^x y ^ ");
  EXPECT_EQ(cut_document(corpus, 0, 3, 0).size(), 4u);  // longer than a row: cut all the same
}

TEST(Packing, greedy_rows_are_full_but_for_the_last) {
  Corpus corpus;
  for (const char* text : {"a b c d", "e f", "g", "h i j k l m n"}) add(corpus, text);
  const PackedRows plan = fill_rows(corpus, 4);
  EXPECT_EQ(rows(corpus, plan), (Rows{{"^a b c "}, {"d", "^e f"}, {"^g", "^h "}, {"i j k l "}, {"m n"}}));
}

// With context every word but the first of a document is a label exactly once.
TEST(Packing, context_covers_every_word_once) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    Corpus corpus;
    std::string text;
    for (int i = static_cast<int>(random() % 40); i >= 0; --i)
      text += random() % 6 == 0 ? "\x0E" : random() % 6 == 0 ? "\x0F" : "w ";
    add(corpus, text);
    const std::int64_t width = 2 + random() % 8, context = 1 + random() % (width - 1);
    std::vector<int> seen(corpus.words.size());
    for (const Piece& piece : cut_document(corpus, 0, width, context)) {
      ASSERT_LE(piece.end - piece.begin, static_cast<std::uint64_t>(width));
      for (std::uint64_t i = piece.first_label; i + 1 < piece.end; ++i) ++seen[i + 1];
    }
    for (std::size_t i = 1; i < seen.size(); ++i) EXPECT_EQ(seen[i], 1) << i;
  }
}

TEST(Packing, faulty_blocks_are_counted_and_ignored) {
  Corpus corpus;
  add(corpus, "a\x0F");
  add(corpus,
      "\x0E"
      "a\x0E"
      "b\x0F");
  add(corpus,
      "\x0E"
      "a");
  EXPECT_EQ(corpus.faults.without_start, 1);
  EXPECT_EQ(corpus.faults.nested, 1);
  EXPECT_EQ(corpus.faults.unclosed, 1);
  ASSERT_EQ(corpus.blocks.size(), 1u);
  EXPECT_EQ(corpus.blocks[0].last - corpus.blocks[0].first, 2u);
}

}  // namespace
}  // namespace welt
