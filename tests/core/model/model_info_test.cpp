// Sizes of models: against the counts of the Python WeLT and of transformers, and against what components really take.
#include "core/model/model_info.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/image_encoder.h>
#include <welt/abi/latent_transformer.h>

#include <algorithm>
#include <cmath>

#include "core/base/resources.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

using Json = nlohmann::json;
using test::error_of;

constexpr const char* latent_role = WELT_LATENT_TRANSFORMER_INTERFACE;

Json preset(const char* role, const char* plugin, const char* name) {
  return Registry::instance().preset(Registry::instance().find(role, plugin), name);
}

const Json none = {{"model_type", "noop_model"}, {"hidden_size", 0}};

// The model of a checkpoint that has nothing but its config.json, as the Python WeLT writes it.
WeltModel outline(const Json& image, const Json& bytes, const Json& latent, const Json& decoder) {
  const test::TempFolder folder;
  folder.put("config.json", Json{{"model_type", "welt"},
                                 {"image_encoder", image},
                                 {"bytes_encoder", bytes},
                                 {"latent_transformer", latent},
                                 {"bytes_decoder", decoder}}
                                .dump());
  return WeltModel::outline(WeltSpec::from_checkpoint(folder.path()));
}

// The Python WeLT's default model.
WeltModel default_model() {
  return outline(preset(WELT_IMAGE_ENCODER_INTERFACE, "vit", "vit-tiny"),
                 preset(WELT_BYTES_ENCODER_INTERFACE, "bert", "bert-tiny"),
                 preset(latent_role, "gpt_neox", "pythia-70m"), preset(WELT_DECODER_INTERFACE, "llama", "tiny-lm"));
}

const PartInfo& part(const ModelInfo& info, const std::string& name) {
  const auto found = std::ranges::find(info.parts, name, &PartInfo::name);
  if (found == info.parts.end()) throw Error("no part " + name);
  return *found;
}

// Measured with the Python package; it counts a byte table's folded copy as well, and a latent transformer with the
// mapping that takes its head's place.
TEST(ModelInfoParity, ParametersOfTheDefaultModelAreThoseOfThePythonWeLT) {
  const ModelInfo info = describe_model(default_model(), {});
  constexpr std::int64_t encoder_folded = 256 * 128, decoder_folded = 256 * 256;
  EXPECT_EQ(part(info, "image_encoder").parameters, 5'561'472);
  EXPECT_EQ(part(info, "bytes_encoder").parameters + encoder_folded, 529'152);
  EXPECT_EQ(part(info, "latent_transformer").parameters + part(info, "decoder_mapping").parameters - 256, 19'046'656);
  EXPECT_EQ(part(info, "bytes_decoder").parameters + decoder_folded, 2'822'400);
  EXPECT_EQ(part(info, "encoder_mapping").parameters, (192 + 128) * 512 + 512 + 512);
  EXPECT_EQ(info.parameters + encoder_folded + decoder_folded, 28'124'800);
}

// transformers' models of these configurations, without token table and head.
TEST(ModelInfoParity, BodiesHaveTheParametersOfTransformers) {
  const Json llama_1b = {{"model_type", "llama"},     {"hidden_size", 2048},      {"num_hidden_layers", 16},
                         {"num_attention_heads", 32}, {"num_key_value_heads", 8}, {"head_dim", 64},
                         {"intermediate_size", 8192}, {"rms_norm_eps", 1e-5},     {"tie_word_embeddings", true}};
  const Json smollm_135m = {{"model_type", "llama"},      {"hidden_size", 576},       {"num_hidden_layers", 30},
                            {"num_attention_heads", 9},   {"num_key_value_heads", 3}, {"intermediate_size", 1536},
                            {"tie_word_embeddings", true}};
  const Json bert = preset(WELT_BYTES_ENCODER_INTERFACE, "bert", "bert-tiny"),
             gpt2 = preset(WELT_DECODER_INTERFACE, "gpt2", "gpt2-medium");
  const auto without_bytes = [](const PartInfo& info, std::int64_t width) {
    return info.parameters - 256 * width - 8 * width;
  };
  const ModelInfo medium = describe_model(outline(none, bert, llama_1b, gpt2), {});
  EXPECT_EQ(part(medium, "latent_transformer").parameters, 973'146'112);
  EXPECT_EQ(without_bytes(part(medium, "bytes_decoder"), 1024), 303'360'000);
  EXPECT_EQ(without_bytes(part(medium, "bytes_encoder"), 128), 462'592);
  const ModelInfo small =
      describe_model(outline(none, bert, preset(latent_role, "gpt_neox", "pythia-70m"), smollm_135m), {});
  EXPECT_EQ(part(small, "latent_transformer").parameters, 18'915'328);
  EXPECT_EQ(without_bytes(part(small, "bytes_decoder"), 576), 106'203'456);
}

TEST(ModelInfo, ABigModelIsDescribedWithoutItsWeights) {
  const Json huge = {{"model_type", "llama"},
                     {"hidden_size", 2048},
                     {"num_hidden_layers", 32},
                     {"num_attention_heads", 32},
                     {"intermediate_size", 6144}};
  const std::int64_t before = peak_memory();
  const ModelInfo info = describe_model(outline(none, preset(WELT_BYTES_ENCODER_INTERFACE, "bert", "bert-tiny"), huge,
                                                preset(WELT_DECODER_INTERFACE, "llama", "tiny-lm")),
                                        {});
  EXPECT_GT(info.parameters, 1'700'000'000);
  EXPECT_LT(peak_memory() - before, 256 << 20);
}

TEST(ModelInfo, TablesAreWhatIsLookedUpOrAdded) {
  const ModelInfo info = describe_model(default_model(), {});
  EXPECT_EQ(part(info, "image_encoder").tables, (1 + 14 * 14 + 1) * 192);  // class token and positions; not the patches
  EXPECT_EQ(part(info, "bytes_encoder").tables, (256 + 8 + 512 + 2) * 128);
  EXPECT_EQ(part(info, "latent_transformer").tables, 0);
  EXPECT_EQ(part(info, "bytes_decoder").tables, (256 + 8) * 256);
  EXPECT_EQ(part(info, "encoder_mapping").tables, 0);
  EXPECT_EQ(info.tables, 198 * 192 + 778 * 128 + 264 * 256);
  const ModelInfo other =
      describe_model(outline(none, preset(WELT_BYTES_ENCODER_INTERFACE, "gpt2", "nano"),
                             preset(latent_role, "gpt2", "gpt2"), preset(WELT_DECODER_INTERFACE, "gpt_neox", "nano")),
                     {});
  EXPECT_EQ(part(other, "latent_transformer").tables, 1024 * 768);
}

TEST(ModelInfo, WhatHasNoPartInTheModelIsCountedApart) {
  const ModelInfo info = describe_model(default_model(), {});
  EXPECT_EQ(part(info, "bytes_encoder").idle, 128 * 128 + 3 * 128);  // the masked LM's transform and its norm
  EXPECT_EQ(part(info, "image_encoder").idle, 0);
  EXPECT_EQ(info.weight_bytes, 4 * (info.parameters + info.idle));
  EXPECT_EQ(info.gradient_bytes, 4 * info.parameters);
  EXPECT_EQ(info.optimizer_bytes, 8 * info.parameters);
}

// The plugin `wave` has no class with a head, so that its names have no prefix: nothing of it was trained or saved.
TEST(ModelInfo, TheBodyOfEveryBytesEncoderIsPartOfTheModel) {
  for (const ComponentType& type : Registry::instance().components()) {
    if (!type.has_role(WELT_BYTES_ENCODER_INTERFACE) || type.hf_model_types.empty()) continue;
    const ModelInfo info = count_model(outline(none, Json{{"model_type", type.hf_model_types.front()}},
                                               preset(latent_role, "gpt_neox", "pythia-70m"),
                                               preset(WELT_DECODER_INTERFACE, "llama", "tiny-lm")));
    const PartInfo& encoder = part(info, "bytes_encoder");
    if (type.id != "wordllama") {  // which is a table
      EXPECT_GT(encoder.parameters, encoder.tables) << type.id;
    }
    if (type.id == "wave") {
      EXPECT_EQ(encoder.idle, 0);
    }
  }
}

TEST(ModelInfo, WeightsIn2BitsAreMemoryAndNotIdle) {
  Json latent = preset(latent_role, "matmul_free", "nano");
  latent["packed_weights"] = true;
  const ModelInfo info = describe_model(outline(none, preset(WELT_BYTES_ENCODER_INTERFACE, "bert", "bert-tiny"), latent,
                                                preset(WELT_DECODER_INTERFACE, "llama", "tiny-lm")),
                                        {});
  EXPECT_EQ(part(info, "latent_transformer").idle, 0);
  const std::int64_t codes = (4 * 128 + 2 * 256) * 32 + 128 * 64, matrices = 6;  // of a layer, D 128, M 256
  EXPECT_EQ(info.weight_bytes, 4 * (info.parameters + info.idle) + 2 * (codes + matrices * 4));
}

// Matrix weights as counted for the Python package's presets: 393,216 and 5,492,736 and 19,005,440 (with the decoder
// mapping) and 2,686,976 (with the head).
TEST(ModelInfo, FlopsFollowTheFormula) {
  const ModelInfo info = describe_model(default_model(), {.bytes = 5, .image_width = 48, .words = 128});
  const PartInfo &image = part(info, "image_encoder"), &bytes = part(info, "bytes_encoder"),
                 &latent = part(info, "latent_transformer"), &decoder = part(info, "bytes_decoder");
  EXPECT_EQ(info.lengths.image_height, 16);
  EXPECT_EQ(image.positions, 4);
  EXPECT_EQ(*image.weight_flops, 2.0 * 5'492'736 * 4);
  EXPECT_EQ(*image.attention_flops, 4.0 * 12 * 192 * 16);
  EXPECT_EQ(bytes.positions, 7);
  EXPECT_EQ(*bytes.weight_flops, 2.0 * 393'216 * 7);
  EXPECT_EQ(*bytes.attention_flops, 4.0 * 2 * 128 * 49);
  EXPECT_EQ(*latent.weight_flops + *part(info, "decoder_mapping").weight_flops, 2.0 * 19'005'440);
  EXPECT_EQ(*latent.attention_flops, 4.0 * 6 * 512 * 129 / 2);
  EXPECT_EQ(*decoder.weight_flops, 2.0 * (2'686'976 - 65'536) * 7 + 2.0 * 65'536 * 6);
  EXPECT_EQ(*decoder.attention_flops, 4.0 * 4 * 256 * 28);
  EXPECT_EQ(*part(info, "encoder_mapping").weight_flops, 2.0 * 320 * 512);
  double sum = 0;
  for (const PartInfo& one : info.parts) sum += one.flops();
  EXPECT_EQ(info.flops(), sum);
}

TEST(ModelInfo, AHeadOfItsOwnCostsAsATiedOne) {
  Json decoder = preset(WELT_DECODER_INTERFACE, "llama", "tiny-lm");
  const Json bert = preset(WELT_BYTES_ENCODER_INTERFACE, "bert", "bert-tiny"),
             latent = preset(latent_role, "llama", "nano");
  decoder["tie_word_embeddings"] = true;
  const ModelInfo tied = describe_model(outline(none, bert, latent, decoder), {});
  decoder["tie_word_embeddings"] = false;
  const ModelInfo untied = describe_model(outline(none, bert, latent, decoder), {});
  EXPECT_EQ(*part(tied, "bytes_decoder").weight_flops, *part(untied, "bytes_decoder").weight_flops);
  EXPECT_EQ(part(untied, "bytes_decoder").parameters - part(tied, "bytes_decoder").parameters, 256 * 256);
  EXPECT_EQ(part(untied, "bytes_decoder").tables, part(tied, "bytes_decoder").tables);
}

TEST(ModelInfo, EncodersThatAreOffCostNothing) {
  const test::TempFolder folder;
  folder.put("config.json", Json{{"model_type", "welt"},
                                 {"image_encoder", preset(WELT_IMAGE_ENCODER_INTERFACE, "vit", "vit-tiny")},
                                 {"bytes_encoder", preset(WELT_BYTES_ENCODER_INTERFACE, "bert", "bert-tiny")},
                                 {"latent_transformer", preset(latent_role, "llama", "nano")},
                                 {"bytes_decoder", preset(WELT_DECODER_INTERFACE, "llama", "nano")}}
                                .dump());
  WeltSpec spec = WeltSpec::from_checkpoint(folder.path());
  SpecChanges changes;
  changes.image_encoder.enabled = false;
  spec.apply(changes);
  const ModelInfo info = describe_model(WeltModel::outline(spec), {});
  EXPECT_EQ(part(info, "image_encoder").flops(), 0);
  EXPECT_EQ(part(info, "image_encoder").parameters, 5'561'472);
  EXPECT_GT(part(info, "bytes_encoder").flops(), 0);
}

// What a cache takes is known from the configuration alone; here from caches that hold something.
TEST(ModelInfo, CachesTakeTheBytesThatTheConfigurationTells) {
  const at::AutoGradMode no_grad(false);
  const Json grouped = {
      {"hidden_size", 48}, {"num_hidden_layers", 3},  {"num_attention_heads", 6},      {"num_key_value_heads", 2},
      {"head_dim", 10},    {"intermediate_size", 16}, {"max_position_embeddings", 32}, {"vocab_size", 8}};
  const auto check = [](const char* plugin, const Json& config) {
    const ComponentType& type = Registry::instance().find(latent_role, plugin);
    TensorComponent component(type, latent_role, ConfigView(type, config, /*strict=*/false, "test"), WELT_INIT_RANDOM);
    Cache cache = component.make_cache(2, 5);
    component.forward({at::zeros({2, 1, component.width()}), {}}, {.kind = WELT_ATTENTION_CAUSAL}, {}, &cache);
    const auto sizes = AttentionSizes::from(component.config());
    ASSERT_TRUE(sizes.has_value()) << plugin;
    EXPECT_EQ(cache.bytes(), 2 * 5 * sizes->slot_bytes()) << plugin;
  };
  check("llama", grouped);
  for (const char* plugin : {"llama", "gpt_neox", "gpt2"}) check(plugin, preset(latent_role, plugin, "nano"));
}

TEST(ModelInfo, CachesOfAGenerationAreAsLongAsWordsAndContext) {
  const ModelInfo info = describe_model(default_model(), {.words = 300});
  EXPECT_EQ(info.latent_cache.slots, 300);
  EXPECT_EQ(*info.latent_cache.row_bytes, 300 * 6 * 512 * 2 * 4);
  EXPECT_EQ(info.decoder_cache.slots, 32);
  EXPECT_EQ(*info.decoder_cache.row_bytes, 32 * 4 * 256 * 2 * 4);
}

TEST(ModelInfo, AttentionIsNotGuessedFromOtherKeys) {
  EXPECT_FALSE(AttentionSizes::from({{"depths", {2, 2}}, {"num_heads", {3, 6}}, {"embed_dim", 96}}).has_value());
  EXPECT_FALSE(AttentionSizes::from({{"num_hidden_layers", 2}, {"num_attention_heads", {3, 6}}, {"hidden_size", 8}})
                   .has_value());
  const auto sizes = AttentionSizes::from(
      {{"n_layer", 3}, {"num_hidden_layers", 5}, {"n_head", 2}, {"n_embd", 8}, {"num_key_value_heads", nullptr}});
  ASSERT_TRUE(sizes.has_value());
  EXPECT_EQ(sizes->layers, 5);
  EXPECT_EQ(sizes->kv_heads, 2);
  EXPECT_EQ(sizes->head_width, 4);
}

TEST(ModelInfo, LengthsThatAPartDoesNotTakeAreRefused) {
  const WeltModel model = default_model();
  const auto refusal = [&](const WordLengths& lengths) { return error_of([&] { describe_model(model, lengths); }); };
  EXPECT_CONTAINS(refusal({.bytes = 511}), "at most 512, which the bytes encoder has");
  EXPECT_CONTAINS(refusal({.bytes = -1}), "expected 0 to 1024");
  EXPECT_CONTAINS(refusal({.bytes = std::nan("")}), "expected 0 to 1024");
  EXPECT_CONTAINS(refusal({.words = 0}), "expected 1 or more");
  EXPECT_CONTAINS(refusal({.image_width = 40}), "image: 16 x 40 pixels");
  EXPECT_CONTAINS(refusal({.image_width = -16}), "image: 16 x -16 pixels");
  const WeltModel gpt2 = outline(none, preset(WELT_BYTES_ENCODER_INTERFACE, "bert", "bert-tiny"),
                                 preset(latent_role, "gpt2", "gpt2"), preset(WELT_DECODER_INTERFACE, "llama", "nano"));
  EXPECT_CONTAINS(error_of([&] { describe_model(gpt2, {.words = 1025}); }),
                  "words: 1025 positions; expected at most 1024, which the latent transformer has");
}

}  // namespace
}  // namespace welt
