// model.decoder_context: a decoder that reads the latents of several words. Models: tests/goldens/welt.
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/file.h"
#include "core/checkpoint/export.h"
#include "core/checkpoint/model_files.h"
#include "core/train/recipe_keys.h"
#include "tests/core/base/temp_folder.h"
#include "tests/core/generate/whole_text.h"

namespace welt {
namespace {

using Ids = std::vector<std::int64_t>;

const std::filesystem::path goldens = std::filesystem::path(WELT_TEST_DATA) / "welt";

WeltModel with_context(const char* name, std::int64_t context) {
  WeltSpec spec = WeltSpec::from_checkpoint(goldens / name);
  spec.decoder_context = context;
  return load_model(goldens / name, std::move(spec));
}

// Two documents of two words in a row that has room for one more.
Batch two_documents() {
  Batch batch;
  batch.rows = 1;
  batch.words = 5;
  for (const char* word : {"a", "b", "c", "d", ""}) batch.table.add(word);
  batch.input = {0, 1, 2, 3, -1};
  batch.label = {1, 4, 3, 4, -1};
  batch.document = {0, 0, 1, 1, -1};
  return batch;
}

TEST(DecoderContext, RowsBeginWithTheLatentsOfTheirDocument) {
  const DecoderPlan plan = plan_decoder(two_documents(), 8192, 3);
  const DecoderChunk& chunk = plan.chunks.at(0);
  EXPECT_EQ(plan.positions, (Ids{0, 0, 1, 2, 2, 3}));  // "b"; a and b before the end; "d"; c and d before the end
  EXPECT_EQ(chunk.ids, (Ids{256, 2, 'b', 257, 258, 2, 259, 2, 'd', 260, 261, 2}));
  EXPECT_EQ(chunk.offsets, (Ids{0, 3, 6, 9, 12}));
  EXPECT_EQ(chunk.predictors, (Ids{1, 2, 5, 7, 8, 11}));
  EXPECT_EQ(chunk.targets, (Ids{'b', 3, 3, 'd', 3, 3}));
  EXPECT_EQ(plan_decoder(two_documents(), 8192, 1).positions, (Ids{1, 3, 0, 2}));
}

TEST(DecoderContext, AChunkHasItsOwnLatents) {
  const DecoderPlan plan = plan_decoder(two_documents(), 6, 2);
  ASSERT_EQ(plan.chunks.size(), 2U);
  EXPECT_EQ(plan.chunks[1].first_latent, 3);
  EXPECT_EQ(plan.chunks[1].latents, 3);
  EXPECT_EQ(plan.chunks[1].ids.front(), 256);
}

TEST(DecoderContext, OneLatentIsTheModelAsItWas) {
  const WeltModel before = load_model(goldens / "bytes-only");
  EXPECT_EQ(before.spec().decoder_context, 1);
  EXPECT_FALSE(before.spec().welt_json().contains("decoder_context"));
}

TEST(DecoderContext, GenerationWithCachesIsOnePassOverTheWholeText) {
  for (const std::int64_t context : {1, 2, 3, 5}) {
    WeltModel model = with_context("bytes-only", context);
    for (const std::string prompt : {"the cat ", "", "on a big ship "}) {
      const GenerateOptions options{.words = 4, .sampling = {.temperature = 1.2, .seed = 5}, .scores = true};
      const Generated written = Generator(model).generate({prompt}, options).front();
      ASSERT_FALSE(written.trace.empty());
      test::expect_as_in_one_pass(model, prompt, written);
      // Rows that have fewer words than the decoder reads stand beside such that have more.
      EXPECT_EQ(Generator(model).generate({"a ", prompt, "one two three four five "}, options)[1].text, written.text);
    }
  }
}

TEST(DecoderContext, SearchesReadTheSameLatents) {
  WeltModel model = with_context("bytes-only", 2);
  for (const BeamOptions& beams : {BeamOptions{.beams = 3}, BeamOptions{.word_beams = 3}}) {
    const Generated found =
        Generator(model).generate({"the cat "}, {.words = 3, .beams = beams, .scores = true}).front();
    test::expect_as_in_one_pass(model, "the cat ", found);
  }
}

TEST(DecoderContext, AnotherDocumentIsNotSeen) {
  WeltModel model = with_context("bytes-only", 4);
  const auto behind = [&](const std::string& before, const Ids& documents) {
    return test::log_probabilities_of_last(model, test::row_of(model, {before, "\x02", "the ", "cat "}, documents));
  };
  const auto alone = test::log_probabilities_of_last(model, test::row_of(model, {"\x02", "the ", "cat "}));
  for (const char* before : {"a ", "red "})
    for (std::size_t i = 0; i < alone.size(); ++i) EXPECT_NEAR(alone[i], behind(before, {0, 1, 1})[i], 1e-5);
  EXPECT_GT(std::abs(behind("a ", {0, 0, 0})[0] - behind("red ", {0, 0, 0})[0]), 1e-4) << "the same document is";
}

TEST(DecoderContext, GradientsReachTheLatentsBefore) {
  const auto norm_gradient = [](std::int64_t context) {
    WeltModel model = with_context("bytes-only", context);
    model.set_training(false);
    model.forward_backward(test::row_of(model, {"\x02", "the ", "cat "}), 1, 8192, false);
    for (const ModelParameter& parameter : model.parameters())
      if (parameter.name == "decoder_norm.weight") return parameter.tensor.grad().clone();
    return at::Tensor();
  };
  EXPECT_FALSE(norm_gradient(1).equal(norm_gradient(2)));
  EXPECT_TRUE(norm_gradient(2).equal(norm_gradient(64))) << "there are two words before";
}

TEST(DecoderContext, ACheckpointKeepsItAndPythonIsToldOfIt) {
  const test::TempFolder folder;
  const std::filesystem::path saved = folder / "saved", exported = folder / "exported";
  std::filesystem::create_directory(saved);
  WeltModel model = with_context("bytes-only", 3);
  const auto text = std::make_shared<TextFrontEnd>(model);
  const std::string written = Generator(model, text).generate({"the cat "}, {.words = 3}).front().text;
  save_model(model, saved, 16);
  WeltModel loaded = load_model(saved);
  EXPECT_EQ(loaded.spec().decoder_context, 3);
  EXPECT_EQ(Generator(loaded).generate({"the cat "}, {.words = 3}).front().text, written);
  std::string told;
  for (const std::string& line : export_model(saved, exported, 1 << 30).told) told += line;
  EXPECT_CONTAINS(told, "The Python WeLT cannot read this model");
  EXPECT_CONTAINS(read_file(exported / "README.md"), "The Python WeLT cannot read this model");
  EXPECT_EQ(WeltSpec::from_checkpoint(exported).decoder_context, 3);
  // A recipe that starts from it and says nothing of it means the same.
  const Recipe from = parse_recipe("[model]\nfrom = \"" + saved.string() + "\"\n", "from.toml");
  EXPECT_EQ(from.integer("model.decoder_context"), 3);
}

TEST(DecoderContext, ANumberThatCannotBeNamesTheFile) {
  const test::TempFolder folder;
  std::filesystem::copy(goldens / "bytes-only" / "config.json", folder / "config.json");
  for (const char* number : {"0", "-1", "65", "1e30", "\"2\""}) {
    write_file(folder / "welt.json", std::string("{\"decoder_context\": ") + number + "}");
    EXPECT_CONTAINS(test::error_of([&] { load_model(folder.path()); }), "welt.json");
  }
}

}  // namespace
}  // namespace welt
