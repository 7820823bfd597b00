// Vectors of texts: against the Python WeLT's stages, in any batch, pooled, and in files.
#include "core/generate/embed.h"
#include "core/checkpoint/model_files.h"

#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/base/file.h"
#include "core/base/npy.h"
#include "core/base/safetensors.h"
#include "core/data/blocks.h"
#include "core/generate/embedding_file.h"
#include "core/tensor/tensor_io.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

using test::error_of;
using Strings = std::vector<std::string>;

const std::filesystem::path golden = std::filesystem::path(WELT_TEST_DATA) / "welt" / "bytes-only";

class Embedder {
 public:
  explicit Embedder(WeltModel model = load_model(golden)) : model_(std::move(model)), embedder_(model_) {}

  Embedded operator()(const Strings& texts, EmbedLevel level, EmbedPool pool = EmbedPool::none) {
    std::vector<Strings> words;
    for (const std::string& text : texts) words.push_back(embedder_.words(text, "text", level));
    return embedder_.embed(std::move(words), {level, pool});
  }
  at::Tensor latents(const std::string& text) { return (*this)({text}, EmbedLevel::latents).vectors; }
  WeltModel& model() { return model_; }
  TextEmbedder& embedder() { return embedder_; }

 private:
  WeltModel model_;
  TextEmbedder embedder_;
};

double gap(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

// The documents of the golden batch; the third has a block.
const Strings documents = {"the cat ", "on a mat",
                           "naïve \x0e"
                           "a: b\x0f ok "};

// Where their words are in the golden batch [B,W,D].
struct Place {
  std::int64_t row, first;
};
constexpr Place places[] = {{0, 0}, {0, 3}, {1, 0}};

TEST(EmbedParity, EachLevelIsAStageOfThePythonWeLT) {
  const SafetensorsFile file = SafetensorsFile::open(golden / "io.safetensors");
  const auto meta = nlohmann::json::parse(read_file(golden / "meta.json"));
  Embedder embed;
  for (const auto& [level, stage] :
       {std::pair{EmbedLevel::words, "out/encoded_words"}, std::pair{EmbedLevel::latents, "out/latent_hidden"}}) {
    const at::Tensor expected = copied_tensor(file, *file.find(stage));
    const double tolerance = meta.at("tolerance").at(stage);
    const Embedded embedded = embed(documents, level);
    std::int64_t first = 0;
    for (std::size_t i = 0; i < documents.size(); ++i) {
      const auto count = std::ssize(embedded.words[i]);
      const at::Tensor there = expected[places[i].row].narrow(0, places[i].first, count);
      EXPECT_LT(gap(embedded.vectors.narrow(0, first, count), there), tolerance) << stage << " of text " << i;
      first += count;
    }
    EXPECT_EQ(embedded.vectors.size(0), first);
  }
}

TEST(Embed, WordsAreThoseOfTheTextBehindBos) {
  Embedder embed;
  EXPECT_EQ(embed(documents, EmbedLevel::words).words[2],
            (Strings{"\x02", "naïve ", "\x0e", "a: ", "b", "\x0f", " ", "ok "}));
  EXPECT_EQ(embed({""}, EmbedLevel::words).words[0], Strings{"\x02"});
}

// Products of another batch size round otherwise; nothing else may differ.
TEST(Embed, ABatchGivesWhatEachTextGivesAlone) {
  Strings texts = documents;
  for (const char* text : {"", "the the the ", "a", "on a ship we sail to the cat and a mat"}) texts.emplace_back(text);
  for (const EmbedLevel level : {EmbedLevel::words, EmbedLevel::latents}) {
    for (const EmbedPool pool : {EmbedPool::none, EmbedPool::last, EmbedPool::mean}) {
      Embedder many;
      const at::Tensor together = many(texts, level, pool).vectors;
      std::int64_t first = 0;
      for (const std::string& text : texts) {
        Embedder one;
        const at::Tensor alone = one({text}, level, pool).vectors;
        EXPECT_LT(gap(together.narrow(0, first, alone.size(0)), alone), 1e-5) << text;
        first += alone.size(0);
      }
      EXPECT_EQ(first, together.size(0));
    }
  }
}

// The model's own pass over a padded batch of the same words.
TEST(Embed, LatentsEqualThePassOfTraining) {
  Embedder embed;
  const Strings texts = {"on a mat", "the cat sat on a big red mat and "};
  const Embedded embedded = embed(texts, EmbedLevel::latents);
  WordTable table;
  LatentPlan plan{.rows = 2, .words = std::ssize(embedded.words[1])};
  std::vector<std::int64_t> numbers;
  for (const Strings& words : embedded.words)
    for (const std::string& word : words) {
      numbers.push_back(table.size());
      table.add(word);
    }
  std::vector<std::int64_t> row_of;
  const WordPlan words = plan_words(table, numbers, row_of);
  plan.word_row.assign(static_cast<std::size_t>(plan.rows * plan.words), -1);
  std::size_t next = 0;
  for (std::size_t row = 0; row < 2; ++row)
    for (std::size_t i = 0; i < embedded.words[row].size(); ++i)
      plan.word_row[row * static_cast<std::size_t>(plan.words) + i] = row_of[next++];
  const at::Tensor vectors =
      embed.model().encode_words(upload(words, at::kCPU), {}, embed.model().modalities()).vectors;
  const at::Tensor hidden = embed.model().latent_hidden(upload(plan, at::kCPU), vectors).detach();
  const auto short_one = std::ssize(embedded.words[0]);
  EXPECT_LT(gap(hidden[0].narrow(0, 0, short_one), embedded.vectors.narrow(0, 0, short_one)), 1e-5);
  EXPECT_LT(gap(hidden[1], embedded.vectors.narrow(0, short_one, plan.words)), 1e-5);
}

TEST(Embed, LatentsSeeWhatIsBeforeThemAndTheirBlock) {
  Embedder embed;
  const at::Tensor plain = embed.latents("the cat on a mat"), other = embed.latents("the cat on a ship");
  EXPECT_LT(gap(plain.narrow(0, 0, 5), other.narrow(0, 0, 5)), 1e-5);  // BOS the cat on a
  EXPECT_GT(gap(plain[5], other[5]), 1e-2);
  // SO is a word of the block: it sees the word behind it, and BOS before the block does not.
  const at::Tensor block = embed.latents(
                       "\x0e"
                       "a: b\x0f ok "),
                   changed = embed.latents(
                       "\x0e"
                       "a: c\x0f ok ");
  EXPECT_LT(gap(block[0], changed[0]), 1e-5);
  EXPECT_GT(gap(block[1], changed[1]), 1e-2);
}

TEST(Embed, PooledVectorsAreThoseOfTheWords) {
  Embedder embed;
  for (const EmbedLevel level : {EmbedLevel::words, EmbedLevel::latents}) {
    const Embedded each = embed(documents, level);
    const at::Tensor last = embed(documents, level, EmbedPool::last).vectors,
                     mean = embed(documents, level, EmbedPool::mean).vectors;
    ASSERT_EQ(last.size(0), 3);
    ASSERT_EQ(mean.size(0), 3);
    std::int64_t first = 0;
    for (std::int64_t i = 0; i < 3; ++i) {
      const at::Tensor own = each.vectors.narrow(0, first, std::ssize(each.words[static_cast<std::size_t>(i)]));
      EXPECT_LT(gap(last[i], own[own.size(0) - 1]), 1e-5);
      EXPECT_LT(gap(mean[i], own.mean(0)), 1e-5);
      first += own.size(0);
    }
  }
}

TEST(Embed, WeightsThatAreNotFiniteAreRefusedNamingThePart) {
  Embedder embed;
  for (const ModelParameter& parameter : embed.model().parameters())
    if (parameter.name.starts_with("latent_transformer.")) parameter.tensor.detach().fill_(std::nan(""));
  EXPECT_CONTAINS(error_of([&] { embed({"the cat "}, EmbedLevel::latents); }), "the latent transformer (");
}

TEST(Embed, TextsThatCannotBeReadNameTheirPlace) {
  const test::TempFolder folder;  // the golden model with a latent transformer that has a table of positions
  auto config = nlohmann::json::parse(read_file(golden / "config.json"));
  config["latent_transformer"] = config["bytes_decoder"];
  write_file(folder / "config.json", config.dump());
  Embedder embed{WeltModel(WeltSpec::from_checkpoint(folder.path()))};
  std::string text;
  for (int i = 0; i < 40; ++i) text += "word ";
  const auto words = [&](EmbedLevel level) { return embed.embedder().words(text, "a.txt, line 7", level); };
  EXPECT_CONTAINS(error_of([&] { words(EmbedLevel::latents); }), "a.txt, line 7: 41 words");
  EXPECT_EQ(words(EmbedLevel::words).size(), 41u);
  text = "caf\xE9 ";
  EXPECT_CONTAINS(error_of([&] { words(EmbedLevel::words); }), "a.txt, line 7: byte 3 (E9)");
}

TEST(Embed, BlockIdsLeaveFaultyMarksAlone) {
  EXPECT_EQ(block_ids({"\x0f", "a", "\x0e", "b", "\x0f", "c", "\x0e", "d"}),
            (std::vector<std::int64_t>{-1, -1, 0, 0, 0, -1, -1, -1}));
}

TEST(EmbeddingFile, HoldsVectorsOffsetsAndWords) {
  const test::TempFolder folder;
  Embedder embed;
  const EmbedOptions options{EmbedLevel::latents, EmbedPool::none};
  EmbeddingFile out(folder / "a.safetensors", options, 32, at::kFloat);
  const Embedded first = embed({documents[0], documents[1]}, options.level),
                 second = embed({documents[2]}, options.level);
  out.append(first);
  out.append(second);
  EXPECT_FALSE(std::filesystem::exists(folder / "a.safetensors"));
  out.finish();
  EXPECT_EQ(out.texts(), 3);
  EXPECT_EQ(out.words(), 15);
  const SafetensorsFile file = SafetensorsFile::open(folder / "a.safetensors");
  const at::Tensor vectors = copied_tensor(file, *file.find("vectors"));
  EXPECT_TRUE(vectors.narrow(0, 0, 7).equal(first.vectors));
  EXPECT_TRUE(vectors.narrow(0, 7, 8).equal(second.vectors));
  const at::Tensor offsets = copied_tensor(file, *file.find("offsets"));
  EXPECT_EQ(
      std::vector<std::int64_t>(offsets.const_data_ptr<std::int64_t>(), offsets.const_data_ptr<std::int64_t>() + 4),
      (std::vector<std::int64_t>{0, 3, 7, 15}));
  const auto words = nlohmann::json::parse(file.metadata().at("words"));
  EXPECT_EQ(words[1], (Strings{"\x02", "on ", "a ", "mat"}));
  EXPECT_EQ(words.size(), 3u);
  EXPECT_EQ(file.metadata().at("level"), "latents");
  EXPECT_EQ(file.metadata().at("pool"), "none");
  EXPECT_EQ(file.metadata().at("begins_with"), "\x02");
}

TEST(EmbeddingFile, PooledAndNumPyFilesHoldVectorsOnly) {
  const test::TempFolder folder;
  Embedder embed;
  const Embedded batch = embed(documents, EmbedLevel::words, EmbedPool::mean);
  EmbeddingFile pooled(folder / "a.safetensors", {EmbedLevel::words, EmbedPool::mean}, 32, at::kDouble);
  pooled.append(batch);
  pooled.finish();
  const SafetensorsFile file = SafetensorsFile::open(folder / "a.safetensors");
  ASSERT_EQ(file.entries().size(), 1u);
  EXPECT_EQ(file.entries()[0].dtype, "F64");
  EXPECT_EQ(file.entries()[0].shape, (std::vector<std::int64_t>{3, 32}));
  EXPECT_FALSE(file.metadata().contains("words"));
  EmbeddingFile npy(folder / "a.npy", {EmbedLevel::words, EmbedPool::mean}, 32, at::kFloat);
  npy.append(batch);
  npy.finish();
  const std::string text = read_file(folder / "a.npy"), header = npy_header({3, 32}, "<f4");
  ASSERT_EQ(text.size(), header.size() + 3 * 32 * 4);
  EXPECT_TRUE(text.starts_with(header));
  const at::Tensor values = batch.vectors.contiguous();
  EXPECT_EQ(text.substr(header.size()),
            std::string(static_cast<const char*>(values.const_data_ptr()), values.nbytes()));
}

TEST(EmbeddingFile, AnUnfinishedOneLeavesNothingAndTheOldOneStays) {
  const test::TempFolder folder;
  folder.put("a.npy", "old");
  Embedder embed;
  {
    EmbeddingFile out(folder / "a.npy", {}, 32, at::kFloat);
    out.append(embed(documents, EmbedLevel::words));
  }
  EXPECT_EQ(read_file(folder / "a.npy"), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(EmbeddingFile, OtherEndingsAndMissingFoldersAreRefusedBeforeAnyWork) {
  EXPECT_CONTAINS(error_of([] { EmbeddingFile("out.txt", {}, 32, at::kFloat); }), "FILE.safetensors or FILE.npy");
  EXPECT_CONTAINS(error_of([] { EmbeddingFile("/nowhere/out.npy", {}, 32, at::kFloat); }), "/nowhere/out.npy");
}

}  // namespace
}  // namespace welt
