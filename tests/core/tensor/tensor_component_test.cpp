// core/model/component and hf_load: typed views over real plugins.
#include "core/tensor/tensor_component.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/latent_transformer.h>

#include <algorithm>
#include <cstring>

#include "core/base/file.h"
#include "core/huggingface/hf_load.h"
#include "core/tensor/tensor_io.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using test::error_of;
using test::TempFolder;

const fs::path goldens = fs::path(WELT_TEST_DATA) / "models";

TensorComponent make(const char* folder, std::string_view role, std::uint32_t init) {
  const HfSource source = HfSource::find((goldens / folder).string());
  const ComponentType& type = Registry::instance().find_for_config(role, source.config());
  return TensorComponent(type, role, ConfigView(type, source.config(), false, "config.json"), init);
}

TensorComponent loaded_llama(const LoadOptions& options = {}) {
  TensorComponent llama = make("llama-gqa", WELT_DECODER_INTERFACE, WELT_INIT_NONE);
  load_weights(llama, HfWeights::open(goldens / "llama-gqa"), options);
  return llama;
}

const AttentionView causal{.kind = WELT_ATTENTION_CAUSAL};

TEST(TensorComponent, TellsItsFacts) {
  const TensorComponent llama = make("llama-gqa", WELT_LATENT_TRANSFORMER_INTERFACE, WELT_INIT_NONE);
  EXPECT_EQ(llama.type().id, "llama");
  EXPECT_EQ(llama.width(), 32);
  EXPECT_EQ(llama.config()["num_hidden_layers"], 3);
  EXPECT_EQ(llama.vocabulary().table_name, "model.embed_tokens.weight");
  EXPECT_EQ(llama.vocabulary().base_prefix, "model");
  EXPECT_EQ(llama.vocabulary().padding_row, 0);
  EXPECT_EQ(llama.parameters().size(), llama.tensors().size());
  for (std::size_t i = 0; i < llama.parameters().size(); ++i)
    EXPECT_EQ(llama.tensors()[i].sizes(), at::IntArrayRef(llama.parameters()[i].shape));
  EXPECT_CONTAINS(error_of([] {
                    const HfSource source = HfSource::find((goldens / "llama-gqa").string());
                    const ComponentType& llama_type = Registry::instance().find(WELT_DECODER_INTERFACE, "llama");
                    TensorComponent(llama_type, "welt.image_encoder/1",
                                    ConfigView(llama_type, source.config(), false, "config.json"), WELT_INIT_NONE);
                  }),
                  "welt.image_encoder/1");
}

TEST(TensorComponent, BoundTensorsAreTheParametersThemselves) {
  TensorComponent llama = make("llama-gqa", WELT_DECODER_INTERFACE, WELT_INIT_RANDOM);
  const auto& names = llama.parameters();
  const auto norm =
      std::find_if(names.begin(), names.end(), [](const auto& p) { return p.name == "model.norm.weight"; });
  ASSERT_NE(norm, names.end());
  EXPECT_FALSE(norm->decay);
  const auto index = static_cast<std::size_t>(norm - names.begin());
  const at::Tensor mine = at::ones({32}).set_requires_grad(true);
  llama.bind(index, mine);
  EXPECT_TRUE(llama.tensors()[index].is_same(mine));
  llama.forward({.embeds = at::randn({1, 3, 32})}, causal).sum().backward();
  EXPECT_TRUE(mine.grad().defined());
  EXPECT_CONTAINS(error_of([&] { llama.bind(index, at::ones({31})); }), "model.norm.weight");
}

TEST(TensorComponent, CachesGoOnForkReorderAndShorten) {
  TensorComponent llama = loaded_llama();
  const at::AutoGradMode no_grad(false);
  const at::Tensor embeds = at::randn({2, 5, 32});
  const at::Tensor whole = llama.forward({.embeds = embeds}, causal);
  Cache cache = llama.make_cache(2, 8, 8);
  const auto step = [&](Cache& into, const at::Tensor& rows) {
    return llama.forward({.embeds = rows}, causal, {}, &into);
  };
  step(cache, embeds.narrow(1, 0, 3));
  EXPECT_EQ(cache.lengths(), (std::vector<std::int64_t>{3, 3}));
  EXPECT_GT(cache.bytes(), 0);
  Cache copy = cache.fork();
  EXPECT_TRUE(step(cache, embeds.narrow(1, 3, 2)).allclose(whole.narrow(1, 3, 2), 1e-4, 1e-4));
  EXPECT_EQ(copy.lengths(), (std::vector<std::int64_t>{3, 3})) << "a fork goes its own way";
  cache.truncate({3, 3});
  EXPECT_TRUE(step(cache, embeds.narrow(1, 3, 1)).allclose(whole.narrow(1, 3, 1), 1e-4, 1e-4));
  copy.reorder({1, 1, 0});
  EXPECT_EQ(copy.lengths().size(), 3U);
  const at::Tensor turned = at::cat({embeds.narrow(0, 1, 1), embeds.narrow(0, 1, 1), embeds.narrow(0, 0, 1)});
  EXPECT_TRUE(step(copy, turned.narrow(1, 3, 1)).select(0, 2).allclose(whole.select(0, 0).narrow(0, 3, 1), 1e-4, 1e-4));
  EXPECT_CONTAINS(error_of([&] { step(copy, at::randn({3, 7, 32})); }), "plugin llama");
  EXPECT_CONTAINS(error_of([&] { copy.reorder({7}); }), "reordering");
}

TEST(TensorComponent, ACacheMayOutliveItsComponent) {
  std::optional<Cache> cache;
  {
    TensorComponent llama = loaded_llama();
    cache = llama.make_cache(1, 4);
  }
  EXPECT_EQ(cache->lengths(), std::vector<std::int64_t>{0});
}

TEST(TensorComponent, WhatATraceThrowsComesOutOfTheCall) {
  TensorComponent llama = loaded_llama();
  llama.set_trace([](std::string_view, const at::Tensor&) { throw Error("enough"); });
  EXPECT_EQ(error_of([&] { llama.forward({.embeds = at::randn({1, 2, 32})}, causal); }), "enough");
  llama.set_trace({});
  EXPECT_EQ(llama.forward({.embeds = at::randn({1, 2, 32})}, causal).size(2), 32);
}

TEST(HfLoad, OwnMemoryTypeAndGradientAreAsAsked) {
  TensorComponent llama = loaded_llama({.dtype = at::kDouble, .requires_grad = true});
  for (at::Tensor& tensor : llama.tensors()) {
    EXPECT_EQ(tensor.scalar_type(), at::kDouble);
    EXPECT_TRUE(tensor.requires_grad());
  }
  TensorComponent trained = loaded_llama();
  for (at::Tensor& tensor : trained.tensors()) tensor.add_(1);  // memory of its own: writing is no fault
}

TEST(HfLoad, VocabularyOfAnotherSizeOrNone) {
  const TempFolder folder;
  const HfWeights original = HfWeights::open(goldens / "llama-gqa");
  std::vector<NamedTensor> tensors;
  for (const auto& [name, item] : original.items()) {
    at::Tensor tensor = copied_tensor(*item.file, *item.entry);
    if (name == "model.embed_tokens.weight") tensor = at::ones({7, 32});
    if (name != "lm_head.weight") tensors.emplace_back(name, tensor);
  }
  tensors.emplace_back("extra.weight", at::ones({1}));
  save_tensors(folder / "model.safetensors", tensors);
  const HfWeights weights = HfWeights::open(folder.path());
  TensorComponent llama = make("llama-gqa", WELT_DECODER_INTERFACE, WELT_INIT_NONE);
  const std::string message = error_of([&] { load_weights(llama, weights); });
  EXPECT_CONTAINS(message, "\"model.embed_tokens.weight\" is [7, 32] in the file, expected [60, 32]");
  EXPECT_CONTAINS(message, "\"lm_head.weight\" is missing");
  const LoadedWeights loaded = load_weights(llama, weights, {.whole_vocabulary = false});
  EXPECT_EQ(loaded.table.size(0), 7);
  EXPECT_FALSE(loaded.head.defined());
  EXPECT_EQ(loaded.unused, std::vector<std::string>{"extra.weight"});
}

TEST(HfLoad, APrefixOfEveryNameWasAWallOfMissingNames) {
  const HfWeights original = HfWeights::open(goldens / "llama-gqa");
  const LoadedWeights plain = [] {
    TensorComponent llama = make("llama-gqa", WELT_DECODER_INTERFACE, WELT_INIT_NONE);
    return load_weights(llama, HfWeights::open(goldens / "llama-gqa"));
  }();
  for (const std::string prefix : {"_orig_mod.", "module.", "model.", "module._orig_mod.", "model.base_model."}) {
    const TempFolder folder;
    std::vector<NamedTensor> tensors;
    for (const auto& [name, item] : original.items())
      tensors.emplace_back(prefix + name, copied_tensor(*item.file, *item.entry));
    save_tensors(folder / "model.safetensors", tensors);
    TensorComponent llama = make("llama-gqa", WELT_DECODER_INTERFACE, WELT_INIT_NONE);
    const LoadedWeights loaded = load_weights(llama, HfWeights::open(folder.path()));
    EXPECT_EQ(loaded.file_names, plain.file_names) << prefix;
    EXPECT_EQ(loaded.head_file_name, plain.head_file_name) << prefix;
    EXPECT_TRUE(loaded.unused.empty()) << prefix;
    EXPECT_TRUE(loaded.table.equal(plain.table)) << prefix;
  }
}

TEST(HfLoad, BlocksThatWereCompiledInPlaceWereAWallOfMissingNames) {
  const HfWeights original = HfWeights::open(goldens / "llama-gqa");
  const TempFolder folder;
  std::vector<NamedTensor> tensors;
  for (const auto& [name, item] : original.items()) {
    std::string compiled = name;
    if (const std::size_t at = name.find("layers.1."); at != name.npos) compiled.insert(at + 9, "_orig_mod.");
    tensors.emplace_back(compiled, copied_tensor(*item.file, *item.entry));
  }
  save_tensors(folder / "model.safetensors", tensors);
  TensorComponent llama = make("llama-gqa", WELT_DECODER_INTERFACE, WELT_INIT_NONE);
  const LoadedWeights loaded = load_weights(llama, HfWeights::open(folder.path()));
  EXPECT_TRUE(loaded.unused.empty());
  EXPECT_TRUE(loaded.initialized.empty());
}

TEST(HfLoad, ATensorOfATypeThatIsNotReadIsNamedOnlyWhenItIsAskedFor) {
  const TempFolder folder;
  std::string file = read_file(goldens / "llama-gqa" / "model.safetensors");
  const auto with_type = [&](const std::string& name) {
    std::string changed = file;
    const std::size_t at = changed.find("\"F32\"", changed.find("\"" + name + "\""));
    folder.put("model.safetensors", changed.replace(at, 5, "\"U32\""));
    TensorComponent llama = make("llama-gqa", WELT_LATENT_TRANSFORMER_INTERFACE, WELT_INIT_NONE);
    load_weights(llama, HfWeights::open(folder.path()), {.whole_vocabulary = false});
  };
  EXPECT_CONTAINS(error_of([&] { with_type("model.norm.weight"); }),
                  "\"model.norm.weight\" has type U32, which is not read here");
  const std::string extra = R"("quant.state":{"dtype":"U32","shape":[0],"data_offsets":[0,0]},)";
  file.insert(9, extra);
  std::uint64_t header = 0;
  std::memcpy(&header, file.data(), sizeof header);
  header += extra.size();
  std::memcpy(file.data(), &header, sizeof header);
  folder.put("model.safetensors", file);
  TensorComponent llama = make("llama-gqa", WELT_DECODER_INTERFACE, WELT_INIT_NONE);
  EXPECT_EQ(load_weights(llama, HfWeights::open(folder.path())).unused, std::vector<std::string>{"quant.state"});
}

TEST(HfLoad, AnAbsentPoolerIsFilledAndTold) {
  const TempFolder folder;
  const HfWeights original = HfWeights::open(goldens / "bert-pooler");
  std::vector<NamedTensor> tensors;
  for (const auto& [name, item] : original.items())
    if (!name.starts_with("pooler")) tensors.emplace_back(name, copied_tensor(*item.file, *item.entry));
  save_tensors(folder / "model.safetensors", tensors);
  TensorComponent bert = make("bert-pooler", WELT_BYTES_ENCODER_INTERFACE, WELT_INIT_NONE);
  const LoadedWeights loaded = load_weights(bert, HfWeights::open(folder.path()));
  EXPECT_EQ(loaded.initialized, (std::vector<std::string>{"pooler.dense.weight", "pooler.dense.bias"}));
  const auto encoded = bert.encode({.embeds = at::randn({1, 2, 32})}, {.kind = WELT_ATTENTION_FULL}, {}, {}, true);
  EXPECT_EQ(encoded.pooled.sizes(), (at::IntArrayRef{1, 32}));
}

// It was called missing.
TEST(HfLoad, AHeadsBiasIsFoundUnderTheNameOfTheProductThatItIsTiedTo) {
  const TempFolder folder;
  const HfWeights original = HfWeights::open(goldens / "bert-mlm");
  std::vector<NamedTensor> tensors;
  for (const auto& [name, item] : original.items())
    tensors.emplace_back(name == "cls.predictions.bias" ? "cls.predictions.decoder.bias" : name,
                         copied_tensor(*item.file, *item.entry));
  save_tensors(folder / "model.safetensors", tensors);
  TensorComponent bert = make("bert-mlm", WELT_BYTES_ENCODER_INTERFACE, WELT_INIT_NONE);
  const LoadedWeights loaded = load_weights(bert, HfWeights::open(folder.path()));
  const HfWeights::Item& bias = *original.find("cls.predictions.bias");
  EXPECT_TRUE(loaded.head_bias.equal(copied_tensor(*bias.file, *bias.entry)));
}

}  // namespace
}  // namespace welt
