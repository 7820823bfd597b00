// What needs no weights, beside the package wordllama's own functions: tests/goldens/wordllama/README.md.
#include <gtest/gtest.h>

#include <bit>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/similarity/kmeans.h"
#include "core/similarity/local_minima.h"
#include "core/similarity/random_state.h"
#include "core/similarity/text_pieces.h"

namespace welt::similarity {
namespace {

using nlohmann::json;

std::vector<json> golden_rows(const std::string& name) {
  std::istringstream lines(read_file(std::string(WELT_TEST_DATA) + "/wordllama/" + name));
  std::vector<json> all;
  for (std::string line; std::getline(lines, line);) all.push_back(json::parse(line));
  return all;
}

Matrix matrix_of(const json& rows) {
  Matrix out(rows.size(), rows.empty() ? 0 : rows[0].size());
  for (std::size_t i = 0; i < out.rows; ++i)
    for (std::size_t k = 0; k < out.dim; ++k) out.row(i)[k] = rows[i][k].get<float>();
  return out;
}

std::vector<TextPiece> pieces_of(const json& texts) {
  std::vector<TextPiece> out;
  for (const json& text : texts) out.push_back(text_piece(text));
  return out;
}

json texts_of(const std::vector<TextPiece>& pieces) {
  json out = json::array();
  for (const TextPiece& piece : pieces) out.push_back(piece.text);
  return out;
}

TEST(SimilarityParity, DrawsAreThoseOfNumpysRandomState) {
  for (const json& row : golden_rows("rng.jsonl")) {
    RandomState random(row["seed"].get<std::uint32_t>());
    for (const json& draw : row["draws"]) {
      if (draw.contains("randint")) {
        EXPECT_EQ(random.integer(draw["randint"]), draw["value"].get<std::uint64_t>()) << draw;
      } else {
        const double value = random.uniform();
        EXPECT_EQ(value, draw["rand"].get<double>()) << draw;
        EXPECT_EQ(std::bit_cast<std::uint32_t>(static_cast<float>(value)),
                  std::stoul(draw["as_f32_bits"].get<std::string>(), nullptr, 16));
      }
    }
  }
}

TEST(SimilarityParity, MinimaAndWindows) {
  for (const json& row : golden_rows("minima.jsonl")) {
    const bool fails = !row["error"].is_null();
    try {
      if (row.contains("values")) {
        const Minima found = local_minima(row["values"], row["window_size"], row["poly_order"]);
        EXPECT_FALSE(fails) << row;
        EXPECT_EQ(json(found.index), row["index"]) << row["name"];
        for (std::size_t i = 0; i < found.value.size(); ++i)
          EXPECT_NEAR(found.value[i], row["value"][i].get<float>(), 1e-6) << row["name"];
      } else {
        const std::vector<float> found = windowed_similarity(matrix_of(row["matrix"]), row["window"]);
        EXPECT_FALSE(fails) << row;
        ASSERT_EQ(found.size(), row["average"].size());
        for (std::size_t i = 0; i < found.size(); ++i)
          EXPECT_NEAR(found[i], row["average"][i].get<float>(), 1e-6) << row["name"];
      }
    } catch (const Error& error) {
      EXPECT_TRUE(fails) << row["name"] << ": " << error.what();
    }
  }
}

TEST(SimilarityParity, LinesSentencesAndPieces) {
  for (const json& row : golden_rows("text_tools.jsonl")) {
    const std::string name = row["fn"];
    if (name == "splitlines") {
      EXPECT_EQ(texts_of(split_lines(row["text"].get<std::string>())), row["result"]) << row;
    } else if (name == "split_sentences" && row["punct"].is_null()) {
      EXPECT_EQ(texts_of(split_sentences(row["text"].get<std::string>())), row["result"]) << row;
    } else if (name == "constrained_coalesce") {
      EXPECT_EQ(texts_of(coalesced(pieces_of(row["items"]), row["max_size"], row["separator"].get<std::string>())),
                row["result"])
          << row;
    } else if (name == "reverse_merge") {
      EXPECT_EQ(texts_of(merged_back(pieces_of(row["items"]), row["n"], row["separator"].get<std::string>())),
                row["result"])
          << row;
    }
  }
}

TEST(SimilarityParity, ClustersOfSmallMatrices) {
  for (const json& row : golden_rows("kmeans_matrix.jsonl")) {
    for (const int threads : {1, 2}) {
      const Clusters found = kmeans(matrix_of(row["matrix"]), {.k = row["k"],
                                                               .random_state = row["random_state"],
                                                               .runs = row["n_init"],
                                                               .min_iterations = row["min_iterations"],
                                                               .max_iterations = row["max_iterations"],
                                                               .tolerance = row["tolerance"],
                                                               .threads = threads});
      if (row["stable"]) {
        EXPECT_EQ(json(found.labels), row["labels"]) << row["name"];
      }
      const double inertia = row["inertia"];
      EXPECT_NEAR(found.inertia, inertia, 1e-4 * inertia + 1e-6) << row["name"];
    }
  }
}

}  // namespace
}  // namespace welt::similarity
