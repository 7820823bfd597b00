// A small static embedding made here: sums, dimensions, Model2Vec's rules, chunks; files that are not what they say.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/safetensors.h"
#include "core/base/utf8.h"
#include "core/similarity/embedding_files.h"
#include "core/similarity/splitter.h"
#include "core/similarity/static_embedding.h"
#include "tests/core/base/temp_folder.h"

namespace welt::similarity {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const std::vector<std::string> table_words = {"[UNK]", "river", "stone", "boat", "paper", "a", "the", "engine"};

json tokenizer() {
  json vocabulary;
  for (std::size_t i = 0; i < table_words.size(); ++i) vocabulary[table_words[i]] = i;
  return {{"model", {{"type", "WordLevel"}, {"vocab", vocabulary}, {"unk_token", "[UNK]"}}},
          {"pre_tokenizer", {{"type", "Whitespace"}}},
          {"added_tokens", json::array()}};
}

class SmallEmbedding : public testing::Test {
 protected:
  SmallEmbedding() {
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    for (std::size_t i = 0; i < table_words.size() * 64; ++i) values_.push_back(normal(random));
    put("tokenizer.json", tokenizer().dump());
  }

  void put(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }

  void put_weights(const std::string& tensor, std::vector<SafetensorsTensor> others = {}) {
    others.insert(others.begin(), {tensor, "F32", {8, 64}, values_.data()});
    write_safetensors(folder_ / "model.safetensors", others);
  }

  StaticEmbedding load(std::size_t dim = 0) {
    return StaticEmbedding::load(find_embedding(folder_.path().string()), dim);
  }

  // The mean of rows of the table, as the originals add them.
  std::vector<float> mean(const std::vector<std::size_t>& rows, std::size_t dim) const {
    std::vector<float> out(dim);
    for (const std::size_t row : rows)
      for (std::size_t k = 0; k < dim; ++k) out[k] += values_[row * 64 + k];
    for (float& value : out) value /= static_cast<float>(std::max<std::size_t>(1, rows.size()));
    return out;
  }

  std::string complaint() {
    try {
      load();
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  }

  test::TempFolder folder_;
  std::vector<float> values_;
};

TEST_F(SmallEmbedding, ATextIsTheMeanOfItsTokens) {
  put_weights("embedding.weight");
  const StaticEmbedding embedding = load();
  EXPECT_EQ(embedding.embed("the river boat"), mean({6, 1, 3}, 64));
  EXPECT_EQ(embedding.embed("the motor"), mean({6, 0}, 64));
  EXPECT_EQ(embedding.embed(""), std::vector<float>(64));
  EXPECT_EQ(load(5).embed("a paper stone"), mean({5, 4, 2}, 5));
  EXPECT_EQ(embedding.with_dim(7).embed("engine"), mean({7}, 7));
  const std::vector<std::string_view> texts(100, "the river");
  const Matrix many = embedding.embed(texts, 3);
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(std::vector<float>(many.row(i), many.row(i) + 64), mean({6, 1}, 64));
}

TEST_F(SmallEmbedding, ATableBehindAHeaderOfOddLengthIsRead) {
  put_weights("embedding.weight");
  std::string file = read_file(folder_ / "model.safetensors");
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof length);
  file.insert(sizeof length + length, " ");
  ++length;
  std::memcpy(file.data(), &length, sizeof length);
  folder_.put("model.safetensors", file);
  EXPECT_EQ(load().embed("the river boat"), mean({6, 1, 3}, 64));
}

TEST_F(SmallEmbedding, OfTheHubsCacheTheSnapshotThatRefsNameIsTaken) {
  put_weights("embedding.weight");
  const fs::path repository = folder_ / "hub/models--org--name";
  for (const char* commit : {"aaa", "bbb"}) {
    const fs::path snapshot = repository / "snapshots" / commit;
    fs::create_directories(snapshot);
    for (const char* name : {"model.safetensors", "tokenizer.json"}) fs::copy(folder_ / name, snapshot / name);
  }
  setenv("HF_HUB_CACHE", (folder_ / "hub").c_str(), 1);
  EXPECT_EQ(find_embedding("org/name").weights, repository / "snapshots/aaa/model.safetensors");
  folder_.put("hub/models--org--name/refs/main", "bbb\n");
  EXPECT_EQ(find_embedding("org/name").weights, repository / "snapshots/bbb/model.safetensors");
  unsetenv("HF_HUB_CACHE");
}

TEST_F(SmallEmbedding, Model2VecLeavesUnknownTokensOutWeighsAndNormalizes) {
  const std::vector<double> weights = {1, 0.5, 2, 1, 1, 1, 0, 1};
  const std::vector<std::int64_t> mapping = {0, 1, 1, 3, 4, 5, 6, 7};
  put_weights("embeddings", {{"weights", "F64", {8}, weights.data()}, {"mapping", "I64", {8}, mapping.data()}});
  put("config.json", R"({"normalize": false, "max_length": 3})");
  const StaticEmbedding embedding = load();
  std::vector<float> wanted = mean({1}, 64);
  EXPECT_EQ(embedding.embed("motor stone"), [&] {
    for (float& value : wanted) value *= 2;  // stone: row 1, weight 2
    return wanted;
  }());
  EXPECT_EQ(embedding.embed("the the the river"), std::vector<float>(64)) << "three tokens at most, of weight 0";
  put("config.json", R"({"normalize": true})");
  double length = 0;
  for (const float value : load().embed("boat")) length += static_cast<double>(value) * static_cast<double>(value);
  EXPECT_NEAR(length, 1, 1e-6);
}

TEST_F(SmallEmbedding, WhatDoesNotFitIsSaid) {
  EXPECT_NE(complaint().find("none in "), std::string::npos) << complaint();
  put_weights("embedding.weight");
  EXPECT_EQ(complaint(), "accepted");
  EXPECT_THROW(load(65), Error);
  EXPECT_THROW(load().tokenize("\xFF"), Error);
  EXPECT_THROW(load().embed("a \xC3"), Error);
  fs::resize_file(folder_ / "model.safetensors", 1000);
  EXPECT_NE(complaint().find("model.safetensors"), std::string::npos) << complaint();
  put("model.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 16384096\n");
  EXPECT_NE(complaint().find("Git LFS pointer"), std::string::npos) << complaint();
  put_weights("embedding.weight");
  json larger = tokenizer();
  for (int i = 8; i < 30; ++i) larger["model"]["vocab"]["w" + std::to_string(i)] = i;
  put("tokenizer.json", larger.dump());
  EXPECT_NE(complaint().find("30 tokens, but 8 rows"), std::string::npos) << complaint();
  put("tokenizer.json", "{}");
  EXPECT_NE(complaint().find("tokenizer.json"), std::string::npos) << complaint();
}

TEST_F(SmallEmbedding, ChunksPutTogetherAreTheTextAndNoneIsTooLong) {
  put_weights("embedding.weight");
  const StaticEmbedding embedding = load();
  std::mt19937 random(2);
  const std::vector<std::string> parts = {"the river ",    "stone. ", "A boat! ", "\n",     "\r\n",
                                          "paper engine ", "é",       "日本語。", "\u2028", "👨‍👩‍👧",
                                          "aaaaaaaa",      " \t "};
  for (int round = 0; round < 60; ++round) {
    std::string text;
    for (std::size_t i = random() % 400; i > 0; --i) text += parts[random() % parts.size()];
    const SplitOptions options{
        .target_size = 20 + static_cast<int>(random() % 60), .intermediate_size = 12, .cleanup_size = 4};
    std::size_t begin = 0;
    for (const std::size_t end : split_ends(embedding, text, options)) {
      ASSERT_GT(end, begin);
      std::int64_t characters = 0;
      for (std::size_t at = begin; at < end; ++characters) decode_utf8(text, at);
      EXPECT_LE(characters, options.target_size);
      begin = end;
    }
    EXPECT_EQ(begin, text.size());
  }
  EXPECT_TRUE(split_ends(embedding, "", {}).empty());
  EXPECT_THROW(split_ends(embedding, "a", {.target_size = 50}), Error);
  EXPECT_THROW(split_ends(embedding, "a", {.window_size = 4}), Error);
  EXPECT_THROW(reference_split(embedding, "a", {.poly_order = 1}), Error);
}

}  // namespace
}  // namespace welt::similarity
