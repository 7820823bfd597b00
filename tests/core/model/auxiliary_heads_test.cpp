// Heads for further words and for masked ones: which words they spell, what they change, and files.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/checkpoint/export.h"
#include "core/checkpoint/model_files.h"
#include "core/model/welt_model.h"
#include "core/tensor/random.h"
#include "core/train/recipe_keys.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

using Ids = std::vector<std::int64_t>;

const std::string parts = R"(
[model.segmenter]
max_bytes = 12
[model.bytes_encoder]
plugin = "bert"
config = { hidden_size = 8, num_hidden_layers = 1, num_attention_heads = 2, intermediate_size = 16, max_position_embeddings = 16 }
[model.latent]
plugin = "llama"
config = { hidden_size = 16, num_hidden_layers = 1, num_attention_heads = 2, num_key_value_heads = 2, intermediate_size = 16 }
[model.decoder]
plugin = "llama"
config = { hidden_size = 8, num_hidden_layers = 1, num_attention_heads = 2, num_key_value_heads = 2, intermediate_size = 16, max_position_embeddings = 16, tie_word_embeddings = true }
)";

// With weights ten times as large as they start, so that every word makes a difference that is seen.
WeltModel model_of(const std::vector<std::string>& overrides) {
  seed_default_generator(1, RandomPurpose::initialise);
  WeltModel model(WeltSpec::from_recipe(parse_recipe(parts, "test.toml", overrides)));
  model.set_training(false);
  const at::NoGradGuard no_grad;
  for (const ModelParameter& parameter : model.parameters())
    if (parameter.decay) at::Tensor(parameter.tensor).mul_(10);
  return model;
}
WeltModel with_all() { return model_of({"model.further_words=2", "train.mask_words=0.5"}); }

// "the cat sat" and "a dog", each with its end; the row has room for one more.
Batch two_documents(const std::string& first_noun = "cat ") {
  Batch batch;
  batch.rows = 1;
  batch.words = 8;
  for (const std::string& word : {std::string("\x02"), std::string("the "), first_noun, std::string("sat"),
                                  std::string("a "), std::string("dog"), std::string()})
    batch.table.add(word);
  batch.input = {0, 1, 2, 3, 0, 4, 5, -1};
  batch.label = {1, 2, 3, 6, 4, 5, 6, -1};
  batch.document = {0, 0, 0, 0, 1, 1, 1, -1};
  batch.position = {0, 1, 2, 3, 0, 1, 2, 0};
  batch.prefix.assign(8, -1);
  return batch;
}

at::Tensor value_of(const WeltModel& model, const std::string& name) {
  for (const ModelTensor& tensor : model.tensors())
    if (tensor.name == name) return tensor.tensor;
  ADD_FAILURE() << name;
  return {};
}

TEST(AuxiliaryHeads, FurtherWordsAreThoseOfTheSameDocument) {
  Batch batch = two_documents();
  EXPECT_EQ(plan_further_words(batch, 1, 8192).positions, (Ids{2, 5, 1, 4, 0}));  // two ends; "sat", "dog"; "cat "
  EXPECT_EQ(plan_further_words(batch, 2, 8192).positions, (Ids{1, 4, 0}));
  EXPECT_TRUE(plan_further_words(batch, 4, 8192).chunks.empty());
  const DecoderPlan plan = plan_further_words(batch, 1, 8192);
  const DecoderChunk& chunk = plan.chunks.at(0);
  EXPECT_EQ(Ids(chunk.targets.begin(), chunk.targets.begin() + 6), (Ids{3, 3, 's', 'a', 't', 3}));
  batch.label[1] = -1;  // in a prefix block "cat " is not learnt, by the next word's head or by any other
  EXPECT_EQ(plan_further_words(batch, 1, 8192).positions, (Ids{2, 5, 1, 4}));
}

TEST(AuxiliaryHeads, AModelThatDoesNotUseThemIsAsItWas) {
  WeltModel plain = model_of({}), model = with_all();
  const Batch batch = two_documents();
  const double nats = plain.forward_backward(batch, 1, 8192, false).nats;
  EXPECT_EQ(model.forward_backward(batch, 1, 8192, false).nats, nats);
  for (const ModelParameter& parameter : plain.parameters()) {
    const at::Tensor same = value_of(model, parameter.name);
    EXPECT_TRUE(same.equal(parameter.tensor)) << parameter.name;
    EXPECT_TRUE(same.grad().equal(parameter.tensor.grad())) << parameter.name;
  }
  EXPECT_FALSE(plain.spec().has_auxiliary());
  for (const char* key : {"further_words", "masked_words"}) EXPECT_FALSE(plain.spec().welt_json().contains(key)) << key;
  EXPECT_EQ(model.tensors().size(), plain.tensors().size() + 3 * 3 + 1);
}

TEST(AuxiliaryHeads, GradientsReachEveryHeadAndTheLossOfTheNextWordStays) {
  WeltModel plain = model_of({}), model = with_all();
  const Batch batch = two_documents();
  const double nats = plain.forward_backward(batch, 1, 8192, false).nats;
  model.set_auxiliary({.further_weight = 0.5});
  PassStatistics spent;
  EXPECT_EQ(model.forward_backward(batch, 1, 8192, false, &spent).nats, nats);
  EXPECT_EQ(spent.further.label_bytes, 1 + 1 + 4 + 4 + 5 + 1 + 1 + 4);
  EXPECT_GT(spent.further.nats.item<double>(), 0);
  EXPECT_FALSE(spent.masked.nats.defined());
  for (const char* head : {"auxiliary.further.0", "auxiliary.further.1"})
    for (const char* tensor : {".weight", ".bias", ".norm.weight"})
      EXPECT_GT(value_of(model, std::string(head) + tensor).grad().abs().max().item<double>(), 0) << head << tensor;
  EXPECT_FALSE(value_of(model, "auxiliary.masked.weight").grad().defined());
  EXPECT_FALSE(
      value_of(model, "encoder_mapping.weight").grad().equal(value_of(plain, "encoder_mapping.weight").grad()));
}

TEST(AuxiliaryHeads, TheWeightScalesTheGradient) {
  const auto gradient = [](double weight) {
    WeltModel model = with_all();
    model.set_auxiliary({.further_weight = weight});
    model.forward_backward(two_documents(), 1, 8192, false);
    return value_of(model, "auxiliary.further.0.weight").grad().clone();
  };
  EXPECT_TRUE(gradient(2).equal(gradient(0.5).mul(4))) << "powers of two scale exactly";
}

// Whatever the decoder computes at once, and however many latents the next word's rows begin with.
TEST(AuxiliaryHeads, ChunksOfTheDecoderChangeNothing) {
  const auto learnt = [](std::int64_t chunk_tokens, PassStatistics& spent) {
    WeltModel model = model_of({"model.further_words=2", "model.decoder_context=2"});
    model.set_auxiliary({.further_weight = 0.5});
    model.forward_backward(two_documents(), 1, chunk_tokens, false, &spent);
    return value_of(model, "auxiliary.further.1.weight").grad().clone();
  };
  PassStatistics whole, parts;
  const at::Tensor gradient = learnt(8192, whole), in_parts = learnt(1, parts);
  EXPECT_EQ(whole.further.label_bytes, parts.further.label_bytes);
  EXPECT_NEAR(whole.further.nats.item<double>(), parts.further.nats.item<double>(), 1e-4);
  EXPECT_LT((gradient - in_parts).abs().max().item<double>(), 1e-4 * gradient.abs().max().item<double>());
}

TEST(AuxiliaryHeads, AMaskedWordIsNotSeenAndIsSpelt) {
  const auto nats = [](const std::string& noun, bool masked, PassStatistics& spent) {
    WeltModel model = with_all();
    model.set_auxiliary({.mask_share = 0.5, .mask_weight = 1});
    Batch batch = two_documents(noun);
    batch.label[1] = -1;  // which would spell it, too
    StepPlan plan = plan_step(batch, 8192);
    if (masked) mask_words(plan, batch, {0, 0, 1, 0, 0, 0, 0, 0}, 8192);
    const double found = model.forward_backward(plan, {}, model.modalities(), 1, false, &spent).nats;
    const bool learns = value_of(model, "auxiliary.mask").grad().defined();
    EXPECT_EQ(learns, masked);
    EXPECT_EQ(value_of(model, "auxiliary.masked.weight").grad().defined(), masked);
    return found;
  };
  PassStatistics cat, dog, shown;
  EXPECT_NEAR(nats("cat ", true, cat), nats("bug ", true, dog), 1e-5);
  EXPECT_GT(std::abs(nats("cat ", false, shown) - nats("bug ", false, shown)), 1e-4);
  EXPECT_EQ(cat.masked.label_bytes, 5);
  EXPECT_FALSE(shown.masked.nats.defined());
  EXPECT_GT(std::abs(cat.masked.nats.item<double>() - dog.masked.nats.item<double>()), 1e-6) << "other bytes";
}

TEST(AuxiliaryHeads, WordsAreMaskedByTheDrawsOfTheStep) {
  const Batch batch = two_documents();
  std::vector<int> often(8);
  for (std::uint64_t step = 0; step < 400; ++step) {
    seed_default_generator(7, RandomPurpose::micro_step, step);
    const std::vector<std::uint8_t> masked = draw_masked(batch, 0.25);
    for (std::size_t slot = 0; slot < 8; ++slot) often[slot] += masked[slot];
    seed_default_generator(7, RandomPurpose::micro_step, step);
    EXPECT_EQ(draw_masked(batch, 0.25), masked);
  }
  for (const std::size_t never : {0, 4, 7}) EXPECT_EQ(often[never], 0) << "a beginning or no word";
  for (const std::size_t word : {1, 2, 3, 5, 6}) EXPECT_NEAR(often[word], 100, 40);
}

TEST(AuxiliaryHeads, CheckpointsKeepThemAndExportsDoNot) {
  const test::TempFolder folder;
  const std::filesystem::path saved = folder / "saved", exported = folder / "exported";
  std::filesystem::create_directory(saved);
  WeltModel model = with_all();
  save_model(model, saved, 16);
  WeltModel loaded = load_model(saved);
  EXPECT_EQ(loaded.spec().further_words, 2);
  EXPECT_TRUE(loaded.spec().masked_words);
  ASSERT_EQ(loaded.tensors().size(), model.tensors().size());
  for (const ModelTensor& tensor : model.tensors())
    EXPECT_TRUE(value_of(loaded, tensor.name).equal(tensor.tensor)) << tensor.name;
  std::string told;
  for (const std::string& line : export_model(saved, exported, 1 << 30).told) told += line;
  EXPECT_CONTAINS(told, "only training reads");
  WeltModel plain = load_model(exported);
  EXPECT_FALSE(plain.spec().has_auxiliary());
  EXPECT_EQ(read_file(exported / "model.safetensors").find("auxiliary"), std::string::npos);
  plain.set_training(false), loaded.set_training(false);
  EXPECT_EQ(plain.evaluate(two_documents(), 8192, false).nats, loaded.evaluate(two_documents(), 8192, false).nats);
  for (const auto& [key, value] : {std::pair{"further_words", -1}, {"further_words", 9}, {"masked_words", 3}}) {
    nlohmann::json own = loaded.spec().welt_json();
    own[key] = value;
    write_file(saved / "welt.json", own.dump());
    EXPECT_CONTAINS(test::error_of([&] { load_model(saved); }), "welt.json");
  }
  nlohmann::json fewer = loaded.spec().welt_json();
  fewer["further_words"] = 1;
  write_file(saved / "welt.json", fewer.dump());
  EXPECT_EQ(load_model(saved).spec().further_words, 1) << "the second head is told to be unused";
}

TEST(AuxiliaryHeads, MaskingWithoutAMaskVectorIsRefused) {
  const Recipe recipe = parse_recipe(parts, "test.toml", {"train.mask_words=0.1"});
  const std::string refusal = test::error_of([&] { auxiliary_options(recipe, model_of({}).spec()); });
  EXPECT_CONTAINS(refusal, "train.mask_words");
  EXPECT_CONTAINS(refusal, "model.init_from");
  EXPECT_EQ(auxiliary_options(recipe, with_all().spec()).mask_share, 0.1);
}

}  // namespace
}  // namespace welt
