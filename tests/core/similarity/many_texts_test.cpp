// What is for many texts: near duplicates, mini-batches, a number of groups that is chosen, maps; and chunks by tokens,
// characters and bytes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "core/base/error.h"
#include "core/base/safetensors.h"
#include "core/similarity/duplicates.h"
#include "core/similarity/embedding_files.h"
#include "core/similarity/mini_batch.h"
#include "core/similarity/near_duplicates.h"
#include "core/similarity/plane.h"
#include "core/similarity/ranking.h"
#include "core/similarity/windows.h"
#include "tests/core/base/temp_folder.h"

namespace welt::similarity {
namespace {

// Rows around `centres` directions, in turns.
Matrix blobs(std::size_t count, std::size_t centres, std::size_t dim, float spread, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Matrix middle(centres, dim), out(count, dim);
  for (float& value : middle.values) value = normal(random);
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t k = 0; k < dim; ++k) out.row(i)[k] = middle.row(i % centres)[k] + spread * normal(random);
  normalize(out);
  return out;
}

TEST(SimilarityNear, FindsNearlyAllThatComparingAllPairsFindsAndNothingElse) {
  Matrix rows = blobs(9000, 3000, 48, 0.35F);  // three of a kind, their cosines about the threshold
  for (std::size_t i = 100; i < 200; ++i) std::fill_n(rows.row(i), rows.dim, 0.0F);
  const std::vector<std::size_t> wanted = duplicates(rows, {.threshold = 0.88, .threads = 2});
  ASSERT_GT(wanted.size(), 1000u);
  ASSERT_LT(wanted.size(), 5500u);
  const std::vector<std::size_t> found = near_duplicates(rows, {.threshold = 0.88, .threads = 2});
  EXPECT_TRUE(std::ranges::includes(wanted, found));
  EXPECT_GE(found.size() * 1000, wanted.size() * 998);
  EXPECT_EQ(near_duplicates(rows, {.threshold = 0.88, .threads = 1}), found);
  const auto half = near_duplicates(rows, {.threshold = 0.88, .recall = 0.5, .threads = 2});
  EXPECT_TRUE(std::ranges::includes(wanted, half));
  EXPECT_LT(half.size(), found.size());
}

TEST(SimilarityNear, ManyEqualRowsAndManyEmptyOnesTakeNoTime) {
  Matrix rows(30'000, 32);
  for (std::size_t i = 0; i < 15'000; ++i) rows.row(i)[0] = 1;
  const std::vector<std::size_t> found = near_duplicates(rows, {.threshold = 0.9, .threads = 2});
  EXPECT_EQ(found.size(), 14'999u);
}

TEST(SimilarityNear, FewRowsAndLowThresholdsAreComparedInFull) {
  const Matrix rows = blobs(500, 20, 32, 0.5F);
  for (const double threshold : {-0.5, 0.0, 0.3, 0.95}) {
    EXPECT_EQ(near_duplicates(rows, {.threshold = threshold, .threads = 1}),
              duplicates(rows, {.threshold = threshold, .threads = 1}));
  }
  for (const double recall : {0.0, 1.0, -1.0, std::nan("")})
    EXPECT_THROW(near_duplicates(rows, {.recall = recall}), Error) << recall;
  EXPECT_THROW(near_duplicates(rows, {.threshold = std::nan("")}), Error);
}

// As many labels as groups, the same for rows of the same group.
void expect_groups(const std::vector<std::int64_t>& labels, std::size_t groups) {
  for (std::size_t i = 0; i < labels.size(); ++i) ASSERT_EQ(labels[i], labels[i % groups]) << i;
  EXPECT_EQ(std::set(labels.begin(), labels.end()).size(), groups);
}

TEST(SimilarityMiniBatch, FindsGroupsAndRepeats) {
  const Matrix rows = blobs(3000, 4, 32, 0.2F);
  const KMeansOptions options{.k = 4, .random_state = 7, .threads = 2};
  const Clusters found = mini_batch_kmeans(rows, options, 100);
  expect_groups(found.labels, 4);
  EXPECT_NEAR(found.inertia, kmeans(rows, options).inertia, 0.02 * found.inertia);
  KMeansOptions one = options;
  one.threads = 1;
  EXPECT_EQ(mini_batch_kmeans(rows, one, 100).labels, found.labels);
  EXPECT_THROW(mini_batch_kmeans(rows, options, 0), Error);
  EXPECT_THROW(mini_batch_kmeans(blobs(3, 1, 8, 1), options, 10), Error);
}

TEST(SimilarityMiniBatch, TheSilhouetteIsThatOfItsDefinitionAndChoosesK) {
  Matrix rows(5, 1);
  rows.values = {0, 1, 10, 12, 50};
  const std::vector<std::int64_t> labels = {0, 0, 1, 1, 2};
  const double wanted = ((11 - 1) / 11.0 + (10 - 1) / 10.0 + (9.5 - 2) / 9.5 + (11.5 - 2) / 11.5 + 0) / 5;
  EXPECT_NEAR(silhouette(rows, labels, 1), wanted, 1e-6);
  const KMeansOptions options{.random_state = 3, .threads = 2};
  EXPECT_EQ(choose_k(blobs(300, 5, 32, 0.2F), options, 9).k, 5u);
  EXPECT_EQ(choose_k(blobs(300, 5, 32, 0.2F), options, 3).k, 3u);
  Matrix equal(20, 4);
  EXPECT_EQ(choose_k(equal, options, 9).k, 1u);
  EXPECT_EQ(choose_k(Matrix(0, 4), options, 9).k, 1u);
}

TEST(SimilarityPlane, TheFirstDirectionIsThatOfTheLargestVariance) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  Matrix rows(400, 6);
  for (std::size_t i = 0; i < rows.rows; ++i)
    for (std::size_t k = 0; k < 6; ++k) rows.row(i)[k] = normal(random) * (k == 4 ? 10.0F : k == 1 ? 4.0F : 0.1F) + 3;
  const Matrix found = principal_plane(rows, 2);
  double first = 0, second = 0, mean = 0;
  for (std::size_t i = 0; i < rows.rows; ++i) mean += static_cast<double>(rows.row(i)[4]) / 400;
  for (std::size_t i = 0; i < rows.rows; ++i) {
    EXPECT_NEAR(found.row(i)[0], rows.row(i)[4] - mean, 1.5);
    first += std::pow(found.row(i)[0], 2) / 400, second += std::pow(found.row(i)[1], 2) / 400;
  }
  EXPECT_NEAR(std::sqrt(first), 10, 1);
  EXPECT_NEAR(std::sqrt(second), 4, 0.5);
}

TEST(SimilarityPlane, NeighboursStayNeighbours) {
  const Matrix rows = blobs(120, 3, 32, 0.3F);
  const Matrix found = neighbour_plane(rows, {.perplexity = 10, .iterations = 250, .threads = 2});
  std::size_t same = 0;
  for (std::size_t i = 0; i < rows.rows; ++i) {
    std::size_t nearest = i == 0 ? 1 : 0;
    const auto far = [&](std::size_t j) {
      return std::hypot(found.row(i)[0] - found.row(j)[0], found.row(i)[1] - found.row(j)[1]);
    };
    for (std::size_t j = 0; j < rows.rows; ++j)
      if (j != i && far(j) < far(nearest)) nearest = j;
    same += nearest % 3 == i % 3 ? 1 : 0;
  }
  EXPECT_GE(same, 115u);
  EXPECT_EQ(neighbour_plane(rows, {.perplexity = 10, .iterations = 250, .threads = 1}).values, found.values);
  for (const Matrix& few : {Matrix(0, 4), Matrix(1, 4), Matrix(9, 4)})
    for (const float value : neighbour_plane(few).values) EXPECT_TRUE(std::isfinite(value));
  EXPECT_THROW(neighbour_plane(Matrix(most_neighbour_rows + 1, 2)), Error);
  EXPECT_THROW(neighbour_plane(rows, {.perplexity = 0}), Error);
}

class SimilarityWindows : public testing::Test {
 protected:
  SimilarityWindows() {
    const nlohmann::json tokenizer = {
        {"model", {{"type", "WordLevel"}, {"vocab", {{"[UNK]", 0}, {"a", 1}}}, {"unk_token", "[UNK]"}}},
        {"pre_tokenizer", {{"type", "Whitespace"}}}};
    std::ofstream(folder_ / "tokenizer.json") << tokenizer.dump();
    const std::vector<float> values(2 * 4, 1);
    write_safetensors(folder_ / "model.safetensors", {{"embedding.weight", "F32", {2, 4}, values.data()}});
  }

  std::vector<std::string> cut(const std::string& text, Unit unit, std::int64_t size, std::int64_t overlap = 0) {
    const StaticEmbedding embedding = StaticEmbedding::load(find_embedding(folder_.path().string()));
    std::vector<std::string> out;
    std::size_t covered = 0;
    for (const Window& window : windows(embedding, text, {unit, size, overlap})) {
      EXPECT_LE(window.begin, covered);
      EXPECT_GT(window.end, covered);
      covered = window.end;
      out.push_back(text.substr(window.begin, window.end - window.begin));
    }
    EXPECT_EQ(covered, text.size());
    return out;
  }
  using Chunks = std::vector<std::string>;

  test::TempFolder folder_;
};

TEST_F(SimilarityWindows, AreCutBehindWordsAndRepeatTheEndOfTheOneBefore) {
  EXPECT_EQ(cut("one two three four", Unit::characters, 9), (Chunks{"one two ", "three ", "four"}));
  EXPECT_EQ(cut("one two three four", Unit::characters, 10, 4), (Chunks{"one two ", "two three ", "four"}));
  EXPECT_EQ(cut("one two three four five", Unit::tokens, 2), (Chunks{"one two ", "three four ", "five"}));
  EXPECT_EQ(cut("one two three four five", Unit::tokens, 3, 1), (Chunks{"one two three ", "three four five"}));
  EXPECT_EQ(cut("", Unit::tokens, 2), Chunks{});
  EXPECT_EQ(cut("short", Unit::bytes, 100, 99), Chunks{"short"});
}

TEST_F(SimilarityWindows, LongWordsAreCutBetweenClustersAndElseBetweenCharacters) {
  const std::string e = "e\xCC\x81";  // an e and its accent
  EXPECT_EQ(cut(e + e + e, Unit::characters, 5), (Chunks{e + e, e}));
  EXPECT_EQ(cut(e + e, Unit::bytes, 2), (Chunks{"e", "\xCC\x81", "e", "\xCC\x81"}));
  EXPECT_EQ(cut("abcdefgh", Unit::bytes, 4, 2), (Chunks{"abcd", "cdef", "efgh"}));
  EXPECT_THROW(cut("\xE4\xB8\xAD", Unit::bytes, 2), Error);
}

TEST_F(SimilarityWindows, ALongWordWasPrecededByChunksThatOnlyRepeated) {
  EXPECT_EQ(cut("aa bb cc abcdefgh ii", Unit::characters, 9, 6), (Chunks{"aa bb cc ", "abcdefgh ", "defgh ii"}));
  EXPECT_EQ(cut("a b c d efghijklmnop", Unit::bytes, 8, 7).front(), "a b c d ");
}

TEST_F(SimilarityWindows, SizesThatDoNotFitAreRefused) {
  for (const auto& [size, overlap] :
       std::vector<std::pair<std::int64_t, std::int64_t>>{{0, 0}, {-1, 0}, {5, 5}, {5, -1}})
    EXPECT_THROW(cut("text", Unit::bytes, size, overlap), Error) << size;
  EXPECT_THROW(cut("\xFF", Unit::bytes, 5), Error);
}

}  // namespace
}  // namespace welt::similarity
