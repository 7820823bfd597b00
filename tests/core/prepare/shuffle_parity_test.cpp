// The order of rows: numpy's generator, and the streaming shuffle of `datasets`, against recorded numbers.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/prepare/pcg64.h"
#include "core/prepare/row_shuffle.h"
#include "tests/core/data/temporary_folder.h"

namespace welt::test {
namespace {

using nlohmann::json;

std::vector<json> cases_of(const std::string& name) {
  std::vector<json> cases;
  std::ifstream lines(std::string(WELT_TEST_DATA) + "/data/" + name);
  for (std::string line; std::getline(lines, line);) cases.push_back(json::parse(line));
  return cases;
}

TEST(Pcg64Parity, DrawsAsNumpyDoes) {
  const std::vector<json> cases = cases_of("pcg64.jsonl");
  ASSERT_FALSE(cases.empty());
  for (const json& row : cases) {
    if (!row["seed"].is_number_unsigned()) continue;  // more than 64 bits, which no option takes
    const auto seed = row["seed"].get<std::uint64_t>();
    Pcg64 raw(seed);
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(raw.seed_words()[i], std::stoull(row["seed_words"][i].get<std::string>(), nullptr, 16)) << seed;
      EXPECT_EQ(raw.next64(), std::stoull(row["raw"][i].get<std::string>(), nullptr, 16)) << seed;
    }
    Pcg64 random(seed);
    for (const json& draw : row["draws"]) EXPECT_EQ(random.below(row["below"].get<std::uint32_t>()), draw) << seed;
    std::vector<int> items(20);
    std::iota(items.begin(), items.end(), 0);
    random.shuffle(items);
    EXPECT_EQ(json(items), row["then_shuffled_20"]) << seed;
  }
}

TEST(RowShuffleParity, RowsComeInTheOrderOfDatasets) {
  const std::vector<json> cases = cases_of("shuffle.jsonl");
  ASSERT_FALSE(cases.empty());
  for (const json& row : cases) {
    const TemporaryFolder folder;
    std::vector<std::filesystem::path> files;
    int number = 0;
    for (const json& rows : row["rows_per_file"]) {
      std::string text;
      for (int i = 0; i < rows.get<int>(); ++i) text += "{\"row\": " + std::to_string(number++) + "}\n";
      files.push_back(folder.write(std::to_string(files.size()) + ".jsonl", text));
    }
    RowShuffle shuffle(files, row["seed"].get<std::uint64_t>(), row["buffer_size"].get<std::size_t>());
    json order = json::array();
    for (RawRow raw; shuffle.next(raw);) order.push_back(json::parse(raw.text)["row"]);
    EXPECT_EQ(order, row["order"]) << row["seed"];
  }
}

}  // namespace
}  // namespace welt::test
