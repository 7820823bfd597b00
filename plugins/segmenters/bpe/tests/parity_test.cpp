// Ids beside those of the library tokenizers: tests/goldens/text/bpe.
#include <gtest/gtest.h>

#include "bpe_files.h"

namespace welt {
namespace {

using nlohmann::json;

class BpeParity : public testing::TestWithParam<const char*> {};

TEST_P(BpeParity, ids_are_those_of_the_library) {
  const tokenizers::Tokenizer tokenizer(test::golden_text(std::string(GetParam()) + ".json"), 1 << 20);
  const tokenizers::Tokenizer without_cache(test::golden_text(std::string(GetParam()) + ".json"), 0);
  std::ifstream file(test::golden_path("ids.jsonl"));
  std::size_t texts = 0;
  for (std::string line; std::getline(file, line); ++texts) {
    const json row = json::parse(line);
    const auto text = row["text"].get<std::string>();
    const auto expected = row[GetParam()].get<std::vector<std::int32_t>>();
    for (const tokenizers::Tokenizer* each : {&tokenizer, &without_cache, &tokenizer}) {
      std::vector<std::int32_t> ids;
      for (const tokenizers::EncodedToken& token : each->encode(text)) ids.push_back(token.id);
      ASSERT_EQ(ids, expected) << text;
    }
  }
  EXPECT_EQ(texts, 388u);
}

INSTANTIATE_TEST_SUITE_P(Goldens, BpeParity, testing::Values("gpt-neox", "llama-3", "llama-2"), [](const auto& each) {
  std::string name = each.param;
  std::erase(name, '-');
  return name;
});

}  // namespace
}  // namespace welt
