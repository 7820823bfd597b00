// The recurrent template (sdk/templates/recurrent) through the host: chunks, steps, documents and padding give the same
// states, also where a chunk of 64 tokens ends; and what a component that never looks ahead refuses.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <welt/abi/latent_transformer.h>

#include <limits>

#include "core/base/error.h"
#include "core/tensor/random.h"
#include "core/tensor/tensor_component.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

using test::error_of;

constexpr std::int64_t width = 8, length = 150;  // two chunks and a part of one

class Recurrent : public testing::Test {
 protected:
  Recurrent() : model_(made()) {}

  static TensorComponent made() {
    const char* const file = WELT_PLUGIN_ZOO "/my_plugin/welt_my_plugin.plugin.so";
    const ComponentType& type = Registry::instance().find(WELT_LATENT_TRANSFORMER_INTERFACE, file);
    seed_default_generator(3, RandomPurpose::initialise);
    const nlohmann::json config = {
        {"hidden_size", width}, {"num_hidden_layers", 2}, {"num_heads", 2}, {"initializer_range", 0.8}};
    TensorComponent model(type, WELT_LATENT_TRANSFORMER_INTERFACE, ConfigView(type, config, true, "test"),
                          WELT_INIT_RANDOM);
    model.to(at::kCPU, at::kDouble);
    return model;
  }
  at::Tensor run(const at::Tensor& rows, const AttentionView& attention = {}, Cache* cache = nullptr) {
    return model_.forward({rows, {}}, attention, {}, cache);
  }
  static void expect_equal(const at::Tensor& seen, const at::Tensor& expected) {
    EXPECT_LT((seen - expected).abs().max().item<double>(), 1e-9);
  }

  const at::NoGradGuard no_grad_;
  TensorComponent model_;
  at::Tensor rows_ = at::randn({2, length, width}, at::kDouble);
};

TEST_F(Recurrent, ChunksGiveWhatStepsGive) {
  const at::Tensor whole = run(rows_);
  Cache cache = model_.make_cache(2, length);
  std::vector<at::Tensor> steps;
  for (std::int64_t t = 0; t < length; ++t) steps.push_back(run(rows_.narrow(1, t, 1), {}, &cache));
  expect_equal(at::cat(steps, 1), whole);
}

TEST_F(Recurrent, TheCacheDoesNotGrowWithTheRow) {
  Cache cache = model_.make_cache(2, length, /*rollback=*/1);
  run(rows_.narrow(1, 0, 2), {}, &cache);
  const std::int64_t few = cache.bytes();
  run(rows_.narrow(1, 2, length - 2), {}, &cache);
  EXPECT_EQ(cache.bytes(), few);
}

// Documents begin inside a chunk, at its first token, and in rows at other places.
TEST_F(Recurrent, EachDocumentOfARowBeginsAnew) {
  const at::Tensor slots = at::arange(length);
  const at::Tensor ids =
      at::cat({(slots >= 64).to(at::kLong) + (slots >= 100), (slots >= 30).to(at::kLong)}).view({2, length});
  const at::Tensor seen = run(rows_, {.document_id = ids});
  const auto part = [&](const at::Tensor& x, std::int64_t row, std::int64_t from, std::int64_t to) {
    return x.narrow(0, row, 1).narrow(1, from, to - from);
  };
  for (const auto& [row, from, to] :
       {std::array<std::int64_t, 3>{0, 0, 64}, {0, 64, 100}, {0, 100, length}, {1, 0, 30}, {1, 30, length}})
    expect_equal(part(seen, row, from, to), run(part(rows_, row, from, to)));
}

TEST_F(Recurrent, PaddingNeverReachesAState) {
  at::Tensor valid = at::ones({2, length}, at::kBool);
  valid[0].narrow(0, 60, 10).fill_(false);
  const at::Tensor odd = rows_.masked_fill(valid.logical_not().unsqueeze(-1), std::numeric_limits<double>::quiet_NaN());
  const at::Tensor seen = run(odd, {.key_valid = valid});
  const at::Tensor alone = run(at::cat({rows_.narrow(1, 0, 60), rows_.narrow(1, 70, length - 70)}, 1));
  expect_equal(seen[0].narrow(0, 70, length - 70), alone[0].narrow(0, 60, length - 70));
  expect_equal(seen[1], run(rows_)[1]);
}

TEST_F(Recurrent, PackedRowsOfUnequalLengthGoOnInACache) {
  const at::Tensor tokens = at::cat({rows_[0].narrow(0, 0, 5), rows_[1].narrow(0, 0, 70)});
  Cache cache = model_.make_cache(2, length);
  model_.forward({tokens, at::tensor({0, 5, 75}, at::kLong)}, {}, {}, &cache);
  const at::Tensor next = at::cat({rows_[0].narrow(0, 5, 1), rows_[1].narrow(0, 70, 1)});
  const at::Tensor seen = model_.forward({next, at::tensor({0, 1, 2}, at::kLong)}, {}, {}, &cache), whole = run(rows_);
  expect_equal(seen[0], whole[0][5]);
  expect_equal(seen[1], whole[1][70]);
}

TEST_F(Recurrent, WhatLooksAheadIsNotImplemented) {
  const at::Tensor block = at::zeros({2, length}, at::kLong);
  const auto refused = [&](const AttentionView& attention, const char* what) {
    try {
      run(rows_, attention);
      ADD_FAILURE() << what;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unimplemented);
      EXPECT_CONTAINS(error.what(), std::string(what) + " was asked for, but this model cannot look ahead");
    }
  };
  refused({.prefix_id = block}, "a prefix block");
  refused({.dense = at::ones({2, 1, length, length}, at::kBool)}, "a dense mask");
  refused({.kind = WELT_ATTENTION_FULL}, "full attention");
}

TEST_F(Recurrent, AStateTruncatedPastItsRollbackIsRefusedInOneSentence) {
  Cache cache = model_.make_cache(2, length, /*rollback=*/3);
  run(rows_.narrow(1, 0, 10), {}, &cache);
  EXPECT_CONTAINS(error_of([&] {
                    cache.truncate({10, 5});
                  }),
                  "truncate would take row 1 from 10 slots to 5; the cache was made to go back at most 3");
  cache.truncate({8, 10});
  EXPECT_CONTAINS(error_of([&] { cache.truncate({6, 10}); }), "only those of the last 1 slots are left");
  EXPECT_EQ(cache.lengths(), (std::vector<std::int64_t>{8, 10}));
  const at::Tensor seen = run(rows_.narrow(1, 8, 1), {}, &cache);
  expect_equal(seen[0][0], run(rows_)[0][8]);
}

}  // namespace
}  // namespace welt
