// Packed rows on components that take dense ones only: the same values and gradients as dense calls row by row.
#include "core/tensor/row_buckets.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randn_like.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>

#include <map>
#include <string>
#include <vector>

#include "core/huggingface/hf_source.h"
#include "core/tensor/tensor_component.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

using test::error_of;

// A plugin's component as it would be without WELT_COMPONENT_PACKED: the flag is gone, and packed rows are refused.
class DenseOnly {
 public:
  explicit DenseOnly(const ComponentType& packed) : type_(packed) {
    real_factory = packed.factory;
    factory_ = *packed.factory;
    factory_.create = create;
    type_.factory = &factory_;
    type_.flags &= ~WELT_COMPONENT_PACKED;
  }
  const ComponentType& type() const { return type_; }

 private:
  static welt_status refuse(welt_error* error) {
    const auto* errors = static_cast<const welt_error_service*>(
        host().get_service(&host(), {WELT_ERROR_SERVICE, sizeof(WELT_ERROR_SERVICE) - 1}));
    errors->set(error, WELT_INVALID_ARGUMENT, {"packed rows", 11}, {}, {});
    return WELT_INVALID_ARGUMENT;
  }
  static welt_status encode(welt_component* self, const welt_rows* rows, const welt_attention* attention,
                            const welt_tensor* positions, const welt_tensor* types, welt_tensor** hidden,
                            welt_tensor** pooled, welt_error* error) {
    if (rows->row_offsets != nullptr) return refuse(error);
    return real_encoder->encode(self, rows, attention, positions, types, hidden, pooled, error);
  }
  static welt_status forward(welt_component* self, const welt_rows* rows, const welt_attention* attention,
                             const welt_tensor* positions, welt_kv_cache* cache, welt_tensor** hidden,
                             welt_error* error) {
    if (rows->row_offsets != nullptr) return refuse(error);
    return real_decoder->forward(self, rows, attention, positions, cache, hidden, error);
  }
  static const void* get_interface(const welt_component* self, welt_string id) {
    const void* real = real_get_interface(self, id);
    const std::string_view name(id.data, id.size);
    if (real != nullptr && name == WELT_BYTES_ENCODER_INTERFACE) {
      real_encoder = static_cast<const welt_bytes_encoder_v1*>(real);
      static welt_bytes_encoder_v1 table;
      table = *real_encoder;
      table.encode = encode;
      return &table;
    }
    if (real != nullptr && name == WELT_DECODER_INTERFACE) {
      real_decoder = static_cast<const welt_decoder_v1*>(real);
      static welt_decoder_v1 table;
      table = *real_decoder;
      table.forward = forward;
      return &table;
    }
    return real;
  }
  static welt_status create(std::uint64_t index, const welt_config* config, std::uint32_t init, const welt_host* from,
                            welt_component** out, welt_error* error) {
    const welt_status status = real_factory->create(index, config, init, from, out, error);
    if (status != WELT_OK) return status;
    real_get_interface = (*out)->get_interface;
    (*out)->get_interface = get_interface;
    return status;
  }

  inline static const welt_component_factory_v1* real_factory = nullptr;
  inline static const welt_bytes_encoder_v1* real_encoder = nullptr;
  inline static const welt_decoder_v1* real_decoder = nullptr;
  inline static const void* (*real_get_interface)(const welt_component*, welt_string) = nullptr;
  ComponentType type_;
  welt_component_factory_v1 factory_;
};

// A golden model's component twice, with the same parameters: as it is, and as one that takes dense rows only.
struct Pair {
  Pair(const char* folder, std::string_view role)
      : source(HfSource::find(std::string(WELT_TEST_DATA) + "/models/" + folder)),
        type(Registry::instance().find_for_config(role, source.config())),
        dense_only(type),
        real(type, role, ConfigView(type, source.config(), false, "config.json"), WELT_INIT_RANDOM),
        dense(dense_only.type(), role, ConfigView(type, source.config(), false, "config.json"), WELT_INIT_RANDOM) {
    const std::vector<at::Tensor> tensors = real.tensors();
    for (std::size_t i = 0; i < tensors.size(); ++i) dense.bind(i, tensors[i]);
    real.set_training(false);
    dense.set_training(false);
  }
  HfSource source;
  const ComponentType& type;
  DenseOnly dense_only;
  TensorComponent real, dense;
};

// Lengths neither sorted nor all different.
const std::vector<std::int64_t> lengths{3, 1, 4, 3, 2, 4, 1};
constexpr std::int64_t tokens = 18;

at::Tensor offsets_of(const std::vector<std::int64_t>& rows) {
  std::vector<std::int64_t> offsets{0};
  for (const std::int64_t length : rows) offsets.push_back(offsets.back() + length);
  return at::tensor(offsets, at::kLong);
}

at::Tensor leaf() { return at::randn({tokens, 32}).set_requires_grad(true); }

// Gradients of `total` with respect to embeds and all parameters, in that order; undefined: none.
std::vector<at::Tensor> gradients(const at::Tensor& total, const at::Tensor& embeds, const TensorComponent& component) {
  std::vector<at::Tensor> leaves = component.tensors(), found;
  leaves.insert(leaves.begin(), embeds);
  for (const at::Tensor& tensor : leaves) tensor.mutable_grad() = at::Tensor();
  total.backward();
  for (const at::Tensor& tensor : leaves)
    found.push_back(tensor.grad().defined() ? tensor.grad().clone() : at::Tensor());
  return found;
}

void expect_same(const std::vector<at::Tensor>& found, const std::vector<at::Tensor>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i].defined(), expected[i].defined()) << i;
    if (found[i].defined()) {
      EXPECT_TRUE(found[i].allclose(expected[i], 1e-4, 1e-5)) << i;
    }
  }
}

TEST(RowBuckets, AnEncoderOfDenseRowsGetsBlocksOfEqualLength) {
  Pair bert("bert-pooler", WELT_BYTES_ENCODER_INTERFACE);
  const at::Tensor embeds = leaf(), positions = at::randint(0, 8, {tokens}, at::kLong),
                   types = at::randint(0, 2, {tokens}, at::kLong);
  at::Tensor valid = at::arange(tokens).remainder(5).ne(2);
  const AttentionView attention{.kind = WELT_ATTENTION_FULL, .key_valid = valid};
  const auto [hidden, pooled] = bert.dense.encode({embeds, offsets_of(lengths)}, attention, positions, types, true);

  std::vector<at::Tensor> rows, row_pools;
  std::int64_t first = 0;
  for (const std::int64_t length : lengths) {
    const auto row = [&](const at::Tensor& x) { return x.narrow(0, first, length).unsqueeze(0); };
    const auto one = bert.real.encode({row(embeds), {}}, {.kind = WELT_ATTENTION_FULL, .key_valid = row(valid)},
                                      row(positions), row(types), true);
    rows.push_back(one.hidden.squeeze(0));
    row_pools.push_back(one.pooled);
    first += length;
  }
  const at::Tensor expected = at::cat(rows), expected_pools = at::cat(row_pools);
  EXPECT_TRUE(hidden.allclose(expected, 1e-4, 1e-5));
  EXPECT_TRUE(pooled.allclose(expected_pools, 1e-4, 1e-5));
  const at::Tensor weight = at::randn_like(hidden), pool_weight = at::randn_like(pooled);
  const auto total = [&](const at::Tensor& x, const at::Tensor& pool) {
    return x.mul(weight).sum().add(pool.mul(pool_weight).sum());
  };
  expect_same(gradients(total(hidden, pooled), embeds, bert.real),
              gradients(total(expected, expected_pools), embeds, bert.real));
}

TEST(RowBuckets, ADecoderOfDenseRowsEqualsAPackedOne) {
  Pair llama("llama-gqa", WELT_DECODER_INTERFACE);
  const at::Tensor embeds = leaf();
  const AttentionView attention{.kind = WELT_ATTENTION_CAUSAL,
                                .document_id = at::arange(tokens).remainder(3).gt(0).to(at::kLong),
                                .prefix_id = at::arange(tokens).remainder(4).lt(2).to(at::kLong).sub(1)};
  std::map<std::string, at::Tensor> packed_trace, dense_trace;
  llama.real.set_trace([&](std::string_view name, const at::Tensor& value) { packed_trace.emplace(name, value); });
  llama.dense.set_trace([&](std::string_view name, const at::Tensor& value) {
    EXPECT_TRUE(dense_trace.emplace(name, value).second) << name << " is told once";
  });
  const RowsView rows{embeds, offsets_of(lengths)};
  const at::Tensor packed = llama.real.forward(rows, attention), dense = llama.dense.forward(rows, attention);
  EXPECT_TRUE(dense.allclose(packed, 1e-4, 1e-5));
  ASSERT_EQ(dense_trace.size(), packed_trace.size());
  EXPECT_EQ(dense_trace.size(), 16U);  // three layers: four hidden states, and four parts of each layer
  for (const auto& [name, value] : packed_trace) EXPECT_TRUE(dense_trace.at(name).allclose(value, 1e-4, 1e-5)) << name;
  const at::Tensor weight = at::randn_like(dense);
  expect_same(gradients(dense.mul(weight).sum(), embeds, llama.real),
              gradients(packed.mul(weight).sum(), embeds, llama.real));
}

TEST(RowBuckets, ACacheTakesRowsOfOneLength) {
  Pair llama("llama-gqa", WELT_DECODER_INTERFACE);
  const at::Tensor embeds = at::randn({6, 32});
  Cache cache = llama.dense.make_cache(2, 8);
  const at::Tensor expected = llama.real.forward({embeds.view({2, 3, 32}), {}}, {}).flatten(0, 1);
  const at::Tensor found = llama.dense.forward({embeds, offsets_of({3, 3})}, {}, {}, &cache);
  EXPECT_TRUE(found.allclose(expected, 1e-4, 1e-5));
  EXPECT_EQ(cache.lengths(), (std::vector<std::int64_t>{3, 3}));
  EXPECT_CONTAINS(error_of([&] {
                    llama.dense.forward({embeds, offsets_of({2, 4})}, {}, {}, &cache);
                  }),
                  "a cache with rows of several lengths");
  EXPECT_CONTAINS(error_of([&] {
                    llama.dense.forward({embeds, offsets_of({6, 0})}, {}, {}, &cache);
                  }),
                  "a cache with rows of several lengths");
  EXPECT_EQ(cache.lengths(), (std::vector<std::int64_t>{3, 3}));
}

TEST(RowBuckets, EmptyRowsHaveNoTokensAndNothingToPool) {
  Pair bert("bert-pooler", WELT_BYTES_ENCODER_INTERFACE);
  const AttentionView full{.kind = WELT_ATTENTION_FULL};
  const at::Tensor embeds = at::randn({3, 32});
  const RowsView rows{embeds, offsets_of({0, 2, 0, 1})};
  EXPECT_TRUE(bert.dense.encode(rows, full).hidden.allclose(bert.real.encode(rows, full).hidden, 1e-4, 1e-5));
  EXPECT_CONTAINS(error_of([&] { bert.dense.encode(rows, full, {}, {}, true); }), "an empty row");
  EXPECT_EQ(bert.dense.encode({at::randn({0, 32}), offsets_of({0, 0})}, full).hidden.sizes(), (at::IntArrayRef{0, 32}));
}

TEST(RowBuckets, WhatDoesNotFitIsRefusedByName) {
  const auto make = [](const at::Tensor& offsets) { return error_of([&] { RowBuckets(offsets, 4, "here"); }); };
  EXPECT_CONTAINS(make(at::tensor({0, 3, 2, 4}, at::kLong)), "here: row_offsets");
  EXPECT_CONTAINS(make(at::tensor({0, 3, 2, 4}, at::kLong)), "not ascending");
  EXPECT_CONTAINS(make(at::tensor({0, 5}, at::kLong)), "ascending from 0 to 4");
  EXPECT_CONTAINS(make(at::tensor({1, 4}, at::kLong)), "ascending from 0 to 4");
  EXPECT_CONTAINS(make(at::tensor({0, 4}, at::kInt)), "Int [2]");
  const RowBuckets buckets(at::tensor({0, 1, 4}, at::kLong), 4, "here");
  EXPECT_CONTAINS(error_of([&] { buckets.split(at::randn({5}), "positions"); }), "here: positions");
  Pair llama("llama-gqa", WELT_DECODER_INTERFACE);
  EXPECT_CONTAINS(error_of([&] {
                    llama.dense.forward({at::randn({4, 32}), offsets_of({4})}, {.dense = at::randn({1}).gt(0)});
                  }),
                  "a dense mask");
  EXPECT_CONTAINS(error_of([&] { llama.dense.forward({at::randn({1, 4, 32}), offsets_of({4})}, {}); }), "[tokens, E]");
}

}  // namespace
}  // namespace welt
