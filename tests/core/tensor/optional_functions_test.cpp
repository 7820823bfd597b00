// Functions and interfaces that a plugin may lack: null, short tables and WELT_UNIMPLEMENTED say the same, and nothing
// fails that can do without.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>
#include <welt/abi/gradients.h>
#include <welt/abi/head.h>
#include <welt/abi/kv_cache.h>
#include <welt/abi/latent_transformer.h>
#include <welt/abi/mode.h>
#include <welt/abi/words.h>

#include <cstddef>

#include "core/plugin/strings.h"
#include "core/tensor/offers.h"
#include "core/tensor/own_head.h"
#include "core/tensor/own_words.h"
#include "core/tensor/tensor_service.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

using test::error_of;

const nlohmann::json sizes = {
    {"hidden_size", 8}, {"num_hidden_layers", 1}, {"num_attention_heads", 2}, {"intermediate_size", 8}};

const ComponentType& llama() { return Registry::instance().find(WELT_LATENT_TRANSFORMER_INTERFACE, "llama"); }

// What a component of plugin llama answers for an interface, instead of its own tables.
struct Answer {
  std::string_view id;
  const void* table;
};
Answer answer;
decltype(welt_component::get_interface) own_interface;

TensorComponent made(Answer given) {
  static welt_component_factory_v1 factory = *llama().factory;
  static ComponentType type = llama();
  factory.create = [](std::uint64_t index, const welt_config* config, std::uint32_t init, const welt_host* host,
                      welt_component** out, welt_error* error) {
    const welt_status status = llama().factory->create(index, config, init, host, out, error);
    if (status != WELT_OK) return status;
    own_interface = (*out)->get_interface;
    (*out)->get_interface = [](const welt_component* self, welt_string id) {
      return view_of(id) == answer.id ? answer.table : own_interface(self, id);
    };
    return status;
  };
  type.factory = &factory;
  answer = given;
  return {type, WELT_LATENT_TRANSFORMER_INTERFACE, ConfigView(type, sizes, true, "test"), WELT_INIT_RANDOM};
}

welt_status set_mode(welt_component*, std::uint32_t, welt_error*) { return WELT_OK; }
welt_status unimplemented_checkpoint(welt_component*, std::int64_t, welt_error*) { return WELT_UNIMPLEMENTED; }
welt_status failing_checkpoint(welt_component*, std::int64_t, welt_error*) { return WELT_INTERNAL; }
welt_status unimplemented_cache(welt_component*, std::int64_t, std::int64_t, std::int64_t, welt_kv_cache**,
                                welt_error*) {
  return WELT_UNIMPLEMENTED;
}
welt_status unimplemented_transform(welt_component*, const welt_tensor*, welt_tensor**, welt_error*) {
  return WELT_UNIMPLEMENTED;
}

welt_status unimplemented_logits(welt_component*, const welt_tensor*, const welt_tensor*, welt_tensor**, welt_error*) {
  return WELT_UNIMPLEMENTED;
}

template <std::int64_t symbols>
welt_status twos(welt_component*, const welt_tensor*, const welt_tensor*, welt_tensor** out, welt_error*) {
  *out = give_tensor(at::full({2, symbols}, 2.0));
  return WELT_OK;
}

TEST(OptionalFunctions, ActivationCheckpointingMayBeMissing) {
  EXPECT_TRUE(checkpoint_every(made({"none", nullptr}), 1));
  welt_mode_v1 table = {.struct_size = sizeof table, .reserved = 0, .set = set_mode, .checkpoint_every = nullptr};
  const auto does = [&] { return checkpoint_every(made({WELT_MODE_INTERFACE, &table}), 1); };
  EXPECT_FALSE(does());
  table.checkpoint_every = unimplemented_checkpoint;
  EXPECT_FALSE(does());
  table.checkpoint_every = failing_checkpoint;
  EXPECT_CONTAINS(error_of(does), "activation checkpointing");
  table.struct_size = offsetof(welt_mode_v1, checkpoint_every);
  EXPECT_FALSE(does());
  EXPECT_FALSE(checkpoint_every(made({WELT_MODE_INTERFACE, nullptr}), 1));
}

TEST(OptionalFunctions, ACacheMayBeMissing) {
  const auto has = [](const Answer& given) {
    TensorComponent component = made(given);
    return has_cache(component);
  };
  EXPECT_TRUE(has({"none", nullptr}));
  EXPECT_FALSE(has({WELT_KV_CACHE_INTERFACE, nullptr}));
  welt_kv_cache_v1 table =
      *static_cast<const welt_kv_cache_v1*>(made({"none", nullptr}).component().interface(WELT_KV_CACHE_INTERFACE));
  table.create = unimplemented_cache;
  EXPECT_FALSE(has({WELT_KV_CACHE_INTERFACE, &table}));
}

TEST(OptionalFunctions, AHeadTransformMayBeMissing) {
  const at::NoGradGuard no_grad;
  welt_vocabulary_v1 table =
      *static_cast<const welt_vocabulary_v1*>(made({"none", nullptr}).component().interface(WELT_VOCABULARY_INTERFACE));
  const at::Tensor hidden = at::randn({2, 8});
  for (const auto function : {decltype(table.head_transform){}, &unimplemented_transform}) {
    table.head_transform = function;
    EXPECT_TRUE(at::equal(made({WELT_VOCABULARY_INTERFACE, &table}).head_transform(hidden), hidden));
  }
}

TEST(OptionalFunctions, AHeadOfItsOwnMayBeMissing) {
  const at::NoGradGuard no_grad;
  const at::Tensor hidden = at::randn({2, 8}), head = at::randn({5, 8}), bias = at::ones({5});
  const auto logits = [&](const Answer& given) {
    TensorComponent component = made(given);
    return own_head_logits(component, hidden, head, bias);
  };
  EXPECT_FALSE(logits({"none", nullptr}).defined());
  welt_head_v1 table = {.struct_size = sizeof table, .reserved = 0, .logits = twos<5>};
  EXPECT_TRUE(at::equal(logits({WELT_HEAD_INTERFACE, &table}), at::full({2, 5}, 3.0)));
  table.logits = twos<4>;
  EXPECT_CONTAINS(error_of([&] { logits({WELT_HEAD_INTERFACE, &table}); }), "[2, 5]");
  table.logits = unimplemented_logits;
  EXPECT_FALSE(logits({WELT_HEAD_INTERFACE, &table}).defined());
  table.logits = nullptr;  // a table that is there has its one function
  EXPECT_CONTAINS(error_of([&] { logits({WELT_HEAD_INTERFACE, &table}); }), "its logits is null");
}

template <std::int64_t width>
welt_status word_lengths(welt_component*, const welt_string* words, std::uint64_t count, welt_tensor** out,
                         welt_error*) {
  at::Tensor lengths = at::ones({static_cast<std::int64_t>(count), width});
  for (std::uint64_t i = 0; i < count; ++i) lengths[static_cast<std::int64_t>(i)].mul_(double(words[i].size));
  *out = give_tensor(lengths);
  return WELT_OK;
}

TEST(OptionalFunctions, WordsAreReadAsTextOnlyByAComponentThatOffersIt) {
  const at::NoGradGuard no_grad;
  EXPECT_FALSE(reads_words(made({"none", nullptr})));
  welt_words_v1 table = {.struct_size = sizeof table, .reserved = 0, .encode = word_lengths<8>};
  TensorComponent reader = made({WELT_WORDS_INTERFACE, &table});
  EXPECT_TRUE(reads_words(reader));
  EXPECT_TRUE(at::equal(word_vectors(reader, std::vector<std::string>{"abc"}), at::full({1, 8}, 3.0)));
  table.encode = word_lengths<7>;
  EXPECT_CONTAINS(error_of([&] { word_vectors(reader, std::vector<std::string>{"abc"}); }), "[1, 8]");
  table.encode = nullptr;
  EXPECT_FALSE(reads_words(reader));
  table.struct_size = offsetof(welt_words_v1, encode);
  EXPECT_FALSE(reads_words(reader));
}

TEST(OptionalFunctions, GradientsAreExactUnlessAComponentSaysOtherwise) {
  EXPECT_FALSE(gradients_pass_roundings(made({"none", nullptr})));
  welt_gradients_v1 table = {
      .struct_size = sizeof table, .reserved = 0, .kind = [](const welt_component*) { return 7u; }};
  EXPECT_FALSE(gradients_pass_roundings(made({WELT_GRADIENTS_INTERFACE, &table})));
  table.kind = [](const welt_component*) { return WELT_GRADIENTS_STRAIGHT_THROUGH; };
  EXPECT_TRUE(gradients_pass_roundings(made({WELT_GRADIENTS_INTERFACE, &table})));
}

}  // namespace
}  // namespace welt
