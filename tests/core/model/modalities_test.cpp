// Models with a bytes and an image encoder: what a pass without one of them reads, switching and swapping encoders,
// drops in training, and files.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <regex>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/checkpoint/model_files.h"
#include "core/model/text_front_end.h"
#include "core/model/welt_model.h"
#include "core/tensor/random.h"
#include "core/tensor/tensor_io.h"
#include "core/text/word_drawer.h"
#include "core/train/adamw.h"
#include "core/train/recipe_keys.h"
#include "core/train/stepper.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

const std::string small_parts = R"(
[model.segmenter]
max_bytes = 12
[model.latent]
plugin = "llama"
config = { hidden_size = 16, num_hidden_layers = 1, num_attention_heads = 2, num_key_value_heads = 2, intermediate_size = 16 }
[model.decoder]
plugin = "gpt2"
config = { n_embd = 16, n_layer = 1, n_head = 2, n_positions = 16 }
)";
const std::string bytes_part = R"(
[model.bytes_encoder]
plugin = "bert"
config = { hidden_size = 8, num_hidden_layers = 1, num_attention_heads = 2, intermediate_size = 16, max_position_embeddings = 16 }
)";
const std::string no_bytes = "[model.bytes_encoder]\nenabled = false\n";
const std::string image_part = R"(
[model.image_encoder]
plugin = "vit"
config = { hidden_size = 12, num_hidden_layers = 1, num_attention_heads = 2, intermediate_size = 16, image_size = 32, patch_size = 16 }
)";

Recipe recipe_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return parse_recipe(text, "test.toml", overrides);
}

WeltModel model_of(const std::string& text) {
  seed_default_generator(1, RandomPurpose::initialise);
  WeltModel model(WeltSpec::from_recipe(recipe_of(text)));
  model.set_training(false);
  return model;
}

// Three words with images, as a plan.
WordPlan three_words(WeltModel& model) {
  const TextFrontEnd text(model);
  const auto& drawer = text.drawer();
  WordTable table;
  for (const char* word : {"a ", "bcd ", "longer "}) {
    table.add(word);
    if (drawer) table.images.push_back(drawer->draw(word));
  }
  std::vector<std::int64_t> row;
  return plan_words(table, {0, 1, 2}, row);
}

double largest(const at::Tensor& x) { return x.abs().max().item<double>(); }

TEST(Modalities, WhatIsNotReadIsZeroAndTheRestIsScaled) {
  const at::NoGradGuard no_grad;
  WeltModel model = model_of(small_parts + bytes_part + image_part);
  const WordPlan plan = three_words(model);
  const WordImages images = model.normalise(plan.images);
  const at::Tensor both = model.encode_words(upload(plan, at::kCPU), images, {}).mapping_input;  // [3, 12 + 8]
  ASSERT_EQ(both.sizes(), (std::vector<std::int64_t>{3, 20}));
  const at::Tensor bytes =
      model.encode_words(upload(plan, at::kCPU), {}, {.bytes = true, .image = false}).mapping_input;
  EXPECT_EQ(largest(bytes.narrow(1, 0, 12)), 0);
  EXPECT_LT(largest(bytes.narrow(1, 12, 8) - 2 * both.narrow(1, 12, 8)), 1e-6);
  const at::Tensor image =
      model.encode_words(upload(plan, at::kCPU), images, {.bytes = false, .image = true}).mapping_input;
  EXPECT_LT(largest(image.narrow(1, 0, 12) - 2 * both.narrow(1, 0, 12)), 1e-6);
  EXPECT_EQ(largest(image.narrow(1, 12, 8)), 0);
  const auto none =
      model.encode_words(upload(plan, at::kCPU), {}, {.bytes = false, .image = false});  // the reference's double drop
  EXPECT_EQ(largest(none.mapping_input), 0);
  EXPECT_TRUE(none.vectors.isfinite().all().item<bool>());
}

TEST(Modalities, AModelTrainedWithOneEncoderHasANarrowerMapping) {
  WeltModel bytes = model_of(small_parts + bytes_part), image = model_of(small_parts + no_bytes + image_part);
  const auto mapping = [](const WeltModel& model) {
    for (const ModelParameter& parameter : model.parameters())
      if (parameter.name == "encoder_mapping.weight") return parameter.tensor.size(1);
    return std::int64_t{-1};
  };
  EXPECT_EQ(mapping(bytes), 8);
  EXPECT_EQ(mapping(image), 12);
  EXPECT_EQ(mapping(model_of(small_parts + bytes_part + image_part)), 20);
  EXPECT_EQ(TextFrontEnd(bytes).drawer(), nullptr) << "nothing is drawn for a model that reads no images";
  EXPECT_EQ(bytes.spec().modality_dropout, 0);
}

TEST(Modalities, NoEncoderAtAllIsRefused) {
  EXPECT_THROW(model_of(small_parts + no_bytes), Error);
  EXPECT_THROW(model_of(small_parts + no_bytes + image_part + "enabled = false\n"), Error);
}

TEST(Modalities, SavedAndLoadedModelsReadTheSame) {
  const at::NoGradGuard no_grad;
  const test::TempFolder folder;
  WeltModel model = model_of(small_parts + bytes_part + image_part);
  const WordPlan plan = three_words(model);
  save_model(model, folder.path());
  WeltModel loaded = load_model(folder.path());
  const at::Tensor before = model.encode_words(upload(plan, at::kCPU), model.normalise(plan.images), {}).vectors,
                   after = loaded.encode_words(upload(plan, at::kCPU), loaded.normalise(plan.images), {}).vectors;
  EXPECT_TRUE(before.equal(after));
  EXPECT_EQ(loaded.spec().renderer.fingerprint, model.spec().renderer.fingerprint);
  EXPECT_FALSE(loaded.spec().renderer.fingerprint.empty());
  EXPECT_EQ(loaded.spec().modality_dropout, 0.15);
  for (const char* file : {"processor_config.json", "tokenizer/tokenizer_config.json", "renderer/processor_config.json",
                           "pretokenizer/tokenizer_config.json", "image_processor/preprocessor_config.json"})
    EXPECT_TRUE(std::filesystem::exists(folder / file)) << file;

  SpecChanges off;
  off.image_encoder.enabled = false;
  WeltModel without = load_model(folder.path(), off);
  EXPECT_FALSE(without.modalities().image);
  EXPECT_EQ(TextFrontEnd(without).drawer(), nullptr);
  EXPECT_EQ(without.parameter_count(), model.parameter_count()) << "it keeps its place";
}

TEST(Modalities, TheDictionariesOfTheSegmenterAreKept) {
  const test::TempFolder folder;
  WeltModel model = model_of(small_parts + bytes_part + "[model.segmenter.config]\ndictionaries = \"/nowhere\"\n");
  const TextFrontEnd text(model);
  EXPECT_NE(model.spec().segmenter.fingerprint.find("tibetan: syllables"), std::string::npos);
  save_model(model, folder.path());
  const WeltModel loaded = load_model(folder.path());
  EXPECT_EQ(loaded.spec().segmenter.fingerprint, model.spec().segmenter.fingerprint);
  EXPECT_EQ(loaded.spec().segmenter.config, model.spec().segmenter.config);

  std::filesystem::remove(folder / "welt.json");  // as the Python WeLT writes it
  const WeltModel foreign = load_model(folder.path());
  EXPECT_TRUE(foreign.spec().segmenter.config.value("reference_compatible", false));
  EXPECT_EQ(foreign.spec().segmenter.fingerprint, "");
}

TEST(Modalities, ImageNormalisationOfTheProcessorsFileIsFollowed) {
  const at::NoGradGuard no_grad;
  const test::TempFolder folder;
  WeltModel model = model_of(small_parts + no_bytes + image_part);
  const WordPlan plan = three_words(model);
  save_model(model, folder.path());
  EXPECT_EQ(load_model(folder.path()).spec().pixels.mean, (std::vector<double>{0.5, 0.5, 0.5}));
  folder.put("image_processor/preprocessor_config.json",
             R"({"image_mean": [0.25, 0.5, 0.75], "image_std": 0.5, "rescale_factor": 0.00392156862745098})");
  WeltModel other = load_model(folder.path());
  const at::Tensor pixels = other.normalise(plan.images).groups.at(0).pixels;
  const double paper = pixels.select(1, 0).max().item<double>();
  EXPECT_NEAR(paper, (1 - 0.25) / 0.5, 1e-6);
  EXPECT_NEAR(pixels.select(1, 2).max().item<double>(), (1 - 0.75) / 0.5, 1e-6);
  for (const char* bad : {R"({"image_std": 0})", R"({"image_mean": "x"})", R"({"rescale_factor": 0})", "[",
                          R"({"image_mean": [1, 2, 3, 4, 5]})"}) {
    folder.put("image_processor/preprocessor_config.json", bad);
    EXPECT_THROW(load_model(folder.path()), Error) << bad;
  }
}

class SwappedEncoder : public ::testing::Test {
 protected:
  SwappedEncoder() : model_(model_of(text_)) {
    three_words(model_);  // the renderer's fingerprint
    save_model(model_, folder_.path());
  }
  WeltModel load(const std::vector<std::string>& overrides) const {
    const Recipe before = recipe_of(text_), now = recipe_of(text_, overrides);
    refuse_other_changes(before, now);
    return load_model(folder_.path(), encoder_changes(&before, now));
  }
  std::string refusal(const std::vector<std::string>& overrides) const {
    try {
      load(overrides);
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  }
  const std::string text_ = small_parts + bytes_part + image_part;
  test::TempFolder folder_;
  WeltModel model_;
};

// The recipe's range was held against the plugin that --set puts in the place of the recipe's.
TEST_F(SwappedEncoder, VersionsAskedForAreThoseOfTheRecipesOwnPlugin) {
  const std::string text =
      std::regex_replace(text_, std::regex("plugin = \"bert\""), "plugin = \"bert\"\nversion = \"<0.0.1\"");
  EXPECT_THROW(check_versions(recipe_of(text), model_.spec()), Error);
  const std::vector<std::string> swap = {"model.bytes_encoder.plugin=gpt2"};
  EXPECT_NO_THROW(check_versions(recipe_of(text, swap), model_.spec()));
}

TEST_F(SwappedEncoder, OfTheSameWidthIsTakenWithItsOwnWeights) {
  const WeltModel other = load({"model.bytes_encoder.plugin=gpt2", "model.bytes_encoder.config.n_embd=8",
                                "model.bytes_encoder.config.n_head=2", "model.bytes_encoder.config.n_layer=1"});
  EXPECT_EQ(other.spec().bytes_encoder.type->id, "gpt2");
  EXPECT_EQ(other.spec().pooling, static_cast<std::uint32_t>(WELT_POOLING_LAST));
  std::size_t shared = 0;
  for (const ModelParameter& ours : other.parameters())
    for (const ModelParameter& trained : model_.parameters())
      if (ours.name == trained.name && ours.tensor.equal(trained.tensor)) ++shared;
  std::size_t rest = 0;
  for (const ModelParameter& trained : model_.parameters()) rest += trained.group != "bytes_encoder";
  EXPECT_EQ(shared, rest) << "all but the swapped encoder are the checkpoint's";
}

TEST_F(SwappedEncoder, FromAnotherCheckpointBringsItsByteTableToo) {
  const at::NoGradGuard no_grad;
  const WeltModel same = load({"model.bytes_encoder.from=" + folder_.path().string()});
  EXPECT_TRUE(same.spec().bytes_encoder.fresh);
  WeltModel first = load({}), second = load({"model.bytes_encoder.from=" + folder_.path().string(),
                                             "model.image_encoder.from=" + folder_.path().string()});
  const WordPlan plan = three_words(first);
  first.set_training(false);
  second.set_training(false);
  EXPECT_LT(largest(first.encode_words(upload(plan, at::kCPU), first.normalise(plan.images), {}).vectors -
                    second.encode_words(upload(plan, at::kCPU), second.normalise(plan.images), {}).vectors),
            1e-6);
}

TEST_F(SwappedEncoder, OfAnotherWidthIsRefusedSayingBothWidths) {
  for (const std::string slot : {"bytes_encoder", "image_encoder"}) {
    const std::string message = refusal({"model." + slot + ".config.hidden_size=10"});
    EXPECT_NE(message.find("10 values a word"), std::string::npos) << message;
    EXPECT_NE(message.find(slot == "bytes_encoder" ? "gives 8" : "gives 12"), std::string::npos) << message;
    EXPECT_NE(message.find("trained anew"), std::string::npos) << message;
  }
}

TEST_F(SwappedEncoder, ADifferenceThatNoTensorKnowsKeepsTheTrainedWeights) {
  const WeltModel other = load({"model.bytes_encoder.config.hidden_dropout_prob=0.5"});
  EXPECT_FALSE(other.spec().bytes_encoder.fresh);
  EXPECT_EQ(other.spec().bytes_encoder.config.at("hidden_dropout_prob"), 0.5);
  for (std::size_t i = 0; i < other.parameters().size(); ++i)
    EXPECT_TRUE(other.parameters()[i].tensor.equal(model_.parameters()[i].tensor)) << other.parameters()[i].name;
}

TEST_F(SwappedEncoder, PoolingIsTheOneAskedFor) {
  const WeltModel pooled = load({"model.bytes_encoder.pooling=mean"});
  EXPECT_EQ(pooled.spec().pooling, static_cast<std::uint32_t>(WELT_POOLING_MEAN));
  EXPECT_FALSE(pooled.spec().bytes_encoder.fresh);
  const WeltModel swapped = load({"model.bytes_encoder.plugin=gpt2", "model.bytes_encoder.config.n_embd=8",
                                  "model.bytes_encoder.config.n_head=2", "model.bytes_encoder.config.n_layer=1",
                                  "model.bytes_encoder.pooling=mean"});
  EXPECT_EQ(swapped.spec().pooling, static_cast<std::uint32_t>(WELT_POOLING_MEAN));
}

TEST_F(SwappedEncoder, WhatOnlyTrainingCouldChangeIsRefused) {
  EXPECT_NE(refusal({"model.latent.config.hidden_size=32"}).find("model.latent"), std::string::npos);
  EXPECT_NE(refusal({"model.segmenter.max_bytes=20"}).find("model.segmenter"), std::string::npos);
}

TEST_F(SwappedEncoder, SwitchingOnWhatWasNeverThereIsRefused) {
  const test::TempFolder folder;
  save_model(model_of(small_parts + bytes_part), folder.path());
  const Recipe before = recipe_of(small_parts + bytes_part);
  for (const std::string override : {"model.image_encoder.enabled=true", "model.image_encoder.plugin=vit"}) {
    const std::string message = test::error_of(
        [&] { load_model(folder.path(), encoder_changes(&before, recipe_of(small_parts + bytes_part, {override}))); });
    EXPECT_NE(message.find("trained without one"), std::string::npos) << override << ": " << message;
  }
}

TEST(InitFrom, TakesEveryTensorAndSaysWhatDoesNotFit) {
  const test::TempFolder folder;
  const WeltModel trained = model_of(small_parts + bytes_part);
  save_model(trained, folder.path());
  seed_default_generator(2, RandomPurpose::initialise);
  WeltModel model(WeltSpec::from_recipe(recipe_of(small_parts + bytes_part)));
  init_from(model, folder.path(), /*strict=*/true);
  for (std::size_t i = 0; i < trained.parameters().size(); ++i)
    EXPECT_TRUE(trained.parameters()[i].tensor.equal(model.parameters()[i].tensor)) << trained.parameters()[i].name;

  WeltModel wider(WeltSpec::from_recipe(recipe_of(small_parts + bytes_part + image_part)));
  const std::string message = test::error_of([&] { init_from(wider, folder.path(), /*strict=*/true); });
  EXPECT_NE(message.find("encoder_mapping.weight: shape [16, 8] in the file, [16, 20] in the model"), std::string::npos)
      << message;
  EXPECT_NE(message.find("image_encoder.embeddings.cls_token: missing"), std::string::npos) << message;
  init_from(wider, folder.path(), /*strict=*/false);
  for (const ModelParameter& parameter : wider.parameters())
    for (const ModelParameter& old : trained.parameters()) {
      if (parameter.name != old.name || parameter.name == "encoder_mapping.weight") continue;
      EXPECT_TRUE(parameter.tensor.equal(old.tensor)) << parameter.name;
    }
}

TEST(ModalityDropout, OneDrawDecidesForBothEncoders) {
  const StepperOptions options{.seed = 5, .modality_dropout = 0.3};
  int bytes = 0, image = 0;
  constexpr int steps = 20000;
  for (int step = 1; step <= steps; ++step) {
    const Modalities use = draw_modalities(options, {}, step, 0);
    EXPECT_TRUE(use.bytes || use.image);
    bytes += !use.bytes;
    image += !use.image;
  }
  EXPECT_NEAR(bytes / double{steps}, 0.15, 0.01);
  EXPECT_NEAR(image / double{steps}, 0.15, 0.01);
}

TEST(ModalityDropout, TheReferenceDrawsForEachEncoder) {
  const StepperOptions options{.seed = 5, .modality_dropout = 0.3, .independent_modality_dropout = true};
  int none = 0;
  constexpr int steps = 20000;
  for (int step = 1; step <= steps; ++step) {
    const Modalities use = draw_modalities(options, {}, step, 0);
    none += !use.bytes && !use.image;
  }
  EXPECT_NEAR(none / double{steps}, 0.09, 0.01);
}

TEST(ModalityDropout, AModelWithOneEncoderAlwaysReadsIt) {
  const StepperOptions options{.modality_dropout = 1};
  for (int step = 1; step < 100; ++step)
    EXPECT_TRUE(draw_modalities(options, {.bytes = true, .image = false}, step, 0).bytes);
}

TEST(ModalityDropout, ADroppedEncoderGetsNoGradient) {
  WeltModel model = model_of(small_parts + bytes_part + image_part);
  const TextFrontEnd text(model);
  const auto& drawer = text.drawer();
  Batch batch;
  batch.rows = 1;
  batch.words = 2;
  for (const char* word : {"\x02", "ab ", ""}) {
    batch.table.add(word);
    batch.table.images.push_back(drawer->draw(word));
  }
  batch.input = {0, 1};
  batch.label = {1, 2};
  batch.position = {0, 1};
  model.forward_backward(batch, 5, 8192, false, nullptr, Modalities{.bytes = true, .image = false});
  for (const ModelParameter& parameter : model.parameters()) {
    const bool has = parameter.tensor.grad().defined();
    EXPECT_EQ(has, parameter.group != "image_encoder") << parameter.name;
  }
}

// A plugin may keep what it computes from a parameter (ViT its position tables) until the parameter's version changes.
TEST(Modalities, WeightsThatTheOptimizerChangedAreTheOnesReadNext) {
  const test::TempFolder folder;
  WeltModel model = model_of(small_parts + no_bytes + image_part);
  const WordPlan plan = three_words(model);
  const WordImages images = model.normalise(plan.images);
  const auto vectors = [&](WeltModel& of) {
    const at::NoGradGuard no_grad;
    return of.encode_words(upload(plan, at::kCPU), images, {}).mapping_input;
  };
  const at::Tensor before = vectors(model);
  AdamW optimizer(model.parameters(), {});
  model.encode_words(upload(plan, at::kCPU), images, {}).mapping_input.sum().backward();
  optimizer.step(0.05);
  const at::Tensor after = vectors(model);
  EXPECT_GT(largest(after - before), 1e-3);
  save_model(model, folder.path());
  WeltModel loaded = load_model(folder.path());
  EXPECT_TRUE(vectors(loaded).equal(after));
}

TEST(Renderer, BlocksThatAreNoMultipleOfThePatchAreRefused) {
  WeltModel model = model_of(small_parts + no_bytes + image_part + "[model.renderer]\nblock = 24\n");
  const std::string message = test::error_of([&] { const TextFrontEnd text(model); });
  EXPECT_NE(message.find("multiples of 24 pixels"), std::string::npos) << message;
}

}  // namespace
}  // namespace welt
