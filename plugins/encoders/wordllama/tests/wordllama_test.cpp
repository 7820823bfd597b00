// What is special to the built plugin `wordllama`: which vectors words get, of which files, and what it refuses.
// Conformance proves what holds for every encoder.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>
#include <welt/abi/bytes_encoder.h>

#include <string>
#include <vector>

#include "core/base/file.h"
#include "core/base/safetensors.h"
#include "core/similarity/static_embedding.h"
#include "core/tensor/own_words.h"
#include "core/tensor/tensor_component.h"
#include "tests/core/base/temp_folder.h"

namespace {

using nlohmann::json;
using welt::test::error_of;
using Words = std::vector<std::string>;

// Three words in small letters, and what stands for all others.
constexpr std::string_view tokenizer_json = R"({
  "version": "1.0", "added_tokens": [], "normalizer": {"type": "Lowercase"},
  "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": null, "decoder": null,
  "model": {"type": "WordLevel", "unk_token": "?", "vocab": {"?": 0, "the": 1, "cat": 2, "sat": 3}}})";

// A folder as WordLlama has it: rows of four columns, in float16, whose numbers it has exactly.
class WordLlama : public testing::Test {
 protected:
  WordLlama() {
    welt::write_file(folder.path() / "tokenizer.json", tokenizer_json);
    write("embedding.weight", 4);
  }

  void write(const std::string& name, std::int64_t rows) {
    const at::Tensor half = values().narrow(0, 0, rows).to(at::kHalf);
    welt::write_safetensors(folder.path() / "model.safetensors", {{name, "F16", {rows, 4}, half.const_data_ptr()}});
  }

  static at::Tensor values() {
    return at::tensor(std::vector<float>{.5, -1, 0, 2, 1, 1, 3, -4, -2, 0, .25, 8, 6, -3, 1, 0}).view({4, 4});
  }

  json config(const json& changes = json::object()) const {
    json out = {{"num_embeddings", 4},
                {"hidden_size", 4},
                {"tokenizer", folder.path().string()},
                {"weights", folder.path().string()}};
    out.update(changes);
    return out;
  }

  static welt::TensorComponent make(const json& config) {
    const welt::ComponentType& type = welt::Registry::instance().find(WELT_BYTES_ENCODER_INTERFACE, "wordllama");
    return {type, WELT_BYTES_ENCODER_INTERFACE, welt::ConfigView(type, config, /*strict=*/true, "test"),
            WELT_INIT_RANDOM};
  }

  static at::Tensor vectors(const json& config, const Words& words) {
    const at::NoGradGuard no_grad;
    welt::TensorComponent component = make(config);
    return welt::word_vectors(component, words);
  }

  welt::test::TempFolder folder;
};

TEST_F(WordLlama, AWordIsTheMeanOfItsTokens) {
  const at::Tensor table = values();
  const at::Tensor seen = vectors(config(), {"The", "cat sat", "", "dog"});
  EXPECT_TRUE(at::equal(seen[0], table[1]));
  EXPECT_TRUE(at::equal(seen[1], (table[2] + table[3]) / 2));
  EXPECT_EQ(seen[2].abs().sum().item<double>(), 0);
  EXPECT_TRUE(at::equal(seen[3], table[0]));
}

TEST_F(WordLlama, WordsHaveTheVectorsOfWeltText) {
  const Words words{"the ", "the cat sat", "sat the the", "", "a cat"};
  const auto embedding = welt::similarity::StaticEmbedding::load(
      {folder.path() / "model.safetensors", folder.path() / "tokenizer.json", {}});
  const at::Tensor seen = vectors(config(), words);
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::vector<float> expected = embedding.embed(words[i]);
    EXPECT_TRUE(at::equal(seen[static_cast<std::int64_t>(i)], at::from_blob(expected.data(), {4}))) << words[i];
  }
}

TEST_F(WordLlama, OfWiderWeightsItTakesTheFirstColumns) {
  EXPECT_TRUE(at::equal(vectors(config({{"hidden_size", 2}}), {"cat"})[0], values()[2].narrow(0, 0, 2)));
}

TEST_F(WordLlama, TablesOfModel2VecAreReadToo) {
  write("embeddings", 4);
  EXPECT_TRUE(at::equal(vectors(config(), {"sat"})[0], values()[3]));
}

TEST_F(WordLlama, WithoutFilesTokensAreBytesAndTheTableIsRandom) {
  const json bare = {{"num_embeddings", 256}, {"hidden_size", 4}};
  const at::Tensor seen = vectors(bare, {"a", "b", "ab"});
  EXPECT_LT((seen[2] - (seen[0] + seen[1]) / 2).abs().max().item<double>(), 1e-6);
  EXPECT_GT((seen[0] - seen[1]).abs().max().item<double>(), 0);
  EXPECT_CONTAINS(error_of([&] { make({{"num_embeddings", 255}, {"hidden_size", 4}}); }), "num_embeddings");
}

TEST_F(WordLlama, OnlyRowsOfTokensThatOccurGetAGradient) {
  welt::TensorComponent component = make(config());
  welt::word_vectors(component, Words{"the cat"}).sum().backward();
  const at::Tensor gradient = component.tensors().at(0).grad().sum(1);
  EXPECT_TRUE(at::equal(gradient, at::tensor(std::vector<float>{0, 2, 2, 0})));
}

TEST_F(WordLlama, RefusalsNameFileAndKey) {
  const auto refusal = [&](const json& changes) { return error_of([&] { make(config(changes)); }); };
  EXPECT_CONTAINS(refusal({{"tokenizer", "/nowhere"}}), "/nowhere");
  EXPECT_CONTAINS(refusal({{"weights", "/nowhere"}}), "l2_supercat");
  EXPECT_CONTAINS(refusal({{"num_embeddings", 3}}), "ids up to 3");
  EXPECT_CONTAINS(refusal({{"num_embeddings", 5}}), "4 rows");
  EXPECT_CONTAINS(refusal({{"hidden_size", 5}}), "hidden_size");
  const std::filesystem::path weights = folder.path() / "model.safetensors";
  const std::string whole = welt::read_file(weights);
  for (const std::size_t size : {std::size_t{4}, std::size_t{40}, whole.size() - 1}) {
    welt::write_file(weights, whole.substr(0, size));
    EXPECT_CONTAINS(refusal(json::object()), weights.string()) << size;
  }
  welt::write_file(weights, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 16384096\n");
  EXPECT_CONTAINS(refusal(json::object()), "LFS");
  welt::write_file(weights, whole);
  welt::write_file(folder.path() / "tokenizer.json", "{}");
  EXPECT_CONTAINS(refusal(json::object()), "model");
}

TEST_F(WordLlama, TextThatIsNotUtf8IsRefused) {
  welt::TensorComponent component = make(config());
  EXPECT_CONTAINS(error_of([&] { welt::word_vectors(component, Words{"a\xff"}); }), "UTF-8");
}

}  // namespace
