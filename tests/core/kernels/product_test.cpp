// Products of many rows beside their definition in float64: values and gradients, of every shape's edges, with every
// instruction set of this machine.
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randn.h>
#include <torch/csrc/autograd/autograd.h>

#include <limits>

#include "core/kernels/linear.h"
#include "core/kernels/operators.h"
#include "tests/core/kernels/each_set.h"

namespace welt::kernels {
namespace {

struct Shape3 {
  std::int64_t rows, depth, outputs;
};

// float32, or float32 weights multiplied in bfloat16, or all in bfloat16.
struct Types {
  at::ScalarType x, weight;
  bool narrow;
};

at::Tensor leaf(const at::Tensor& x) { return x.detach().clone().requires_grad_(); }

void compare(const Shape3& shape, const Types& types, bool turned, bool biased) {
  SCOPED_TRACE(testing::Message() << shape.rows << " x " << shape.depth << " x " << shape.outputs << ", turned " << turned
                                  << ", bias " << biased << ", narrow " << types.narrow);
  const at::Tensor x = leaf(at::randn({shape.rows, shape.depth}).to(types.x)),
                   w = leaf((turned ? at::randn({shape.depth, shape.outputs}) : at::randn({shape.outputs, shape.depth}))
                                .to(types.weight)),
                   b = leaf(at::randn({shape.outputs}).to(types.weight));
  const at::Tensor ahead = at::randn({shape.rows, shape.outputs}).to(types.narrow ? at::kBFloat16 : at::kFloat);
  // What is multiplied is what is left of the numbers in bfloat16; sums are exact beside that.
  const auto seen = [&](const at::Tensor& t) {
    const at::Tensor kept = t.detach();
    return (types.narrow ? kept.to(at::kBFloat16) : kept).to(at::kDouble).requires_grad_();
  };
  const at::Tensor x64 = seen(x), w64 = seen(w), b64 = b.detach().to(at::kDouble).requires_grad_();
  const std::optional<at::Tensor> bias = biased ? std::optional(b) : std::nullopt;
  const at::Tensor y = many_rows_product(x, w, bias, turned, types.narrow);
  const at::Tensor y64 = at::linear(x64, turned ? w64.t() : w64, biased ? std::optional(b64) : std::nullopt);
  const double tolerance = types.narrow ? 4e-3 : 2e-6;  // the rounding of what comes out
  EXPECT_LT(distance(y.detach(), y64.detach()), tolerance);
  {
    const at::NoGradGuard no_grad;
    EXPECT_TRUE(many_rows_product(x, w, bias, turned, types.narrow).equal(y.detach()));
  }
  std::vector<at::Tensor> of{x, w}, of64{x64, w64};
  if (biased) of.push_back(b), of64.push_back(b64);
  const auto got = torch::autograd::grad({y}, of, {ahead}), expected = torch::autograd::grad({y64}, of64, {ahead.to(at::kDouble)});
  for (std::size_t i = 0; i < of.size(); ++i) {
    EXPECT_EQ(got[i].scalar_type(), of[i].scalar_type());
    EXPECT_LT(distance(got[i], expected[i]), got[i].scalar_type() == at::kBFloat16 || i == 0 ? tolerance : 2e-6) << i;
  }
}

TEST(ManyRows, MatchTheirDefinition) {
  const std::vector<Types> all{{at::kFloat, at::kFloat, false},
                               {at::kFloat, at::kFloat, true},
                               {at::kBFloat16, at::kFloat, true},
                               {at::kBFloat16, at::kBFloat16, true}};
  with_each_set([&] {
    for (const Types& types : all)
      for (const Shape3& shape : {Shape3{1, 2, 2}, {13, 34, 30}, {29, 62, 66}, {15, 32, 1}, {300, 70, 100}}) {
        if (types.narrow && shape.outputs % 2 == 1) continue;
        for (const bool turned : {false, true}) compare(shape, types, turned, shape.rows % 2 == 1);
      }
  });
}

// Rows of 4,096 bytes would stand in each other's places in the cache and are packed; more than one block of tokens and
// columns in a gradient, more than one part of a weight.
TEST(ManyRows, LargeSidesMatchToo) {
  with_each_set([] {
    compare({70, 1024, 66}, {at::kFloat, at::kFloat, false}, false, true);
    compare({70, 2048, 34}, {at::kBFloat16, at::kBFloat16, true}, true, false);
    compare({520, 34, 1100}, {at::kBFloat16, at::kFloat, true}, false, true);
  });
  compare({33, 2050, 1200}, {at::kFloat, at::kFloat, false}, false, false);
}

TEST(ManyRows, ARowIsTheSameWhateverStandsBesideIt) {
  with_each_set([] {
    const at::Tensor x = at::randn({101, 64}), w = at::randn({48, 64});
    const at::Tensor all = many_rows_product(x, w, {}, false, false);
    for (const std::int64_t row : {0, 13, 57, 100})
      EXPECT_TRUE(many_rows_product(x.narrow(0, row, 1), w, {}, false, false).equal(all.narrow(0, row, 1))) << row;
  });
}

TEST(ManyRows, NotANumberComesOutWhereItWentIn) {
  with_each_set([] {
    for (const bool narrow : {false, true}) {
      at::Tensor x = at::randn({31, 20}), w = at::randn({34, 20});
      x[7][19].fill_(std::numeric_limits<float>::quiet_NaN());
      w[33][0].fill_(std::numeric_limits<float>::infinity());
      const at::Tensor y = many_rows_product(x, w, {}, false, narrow).to(at::kFloat), odd = y.isfinite().logical_not();
      EXPECT_EQ(odd[7].sum().item<std::int64_t>(), 34);
      EXPECT_EQ(odd.select(1, 33).sum().item<std::int64_t>(), 31);
      EXPECT_EQ(odd.sum().item<std::int64_t>(), 34 + 31 - 1);
    }
  });
}

TEST(ManyRows, StridesAndNoRows) {
  with_each_set([] {
    const at::Tensor x = at::randn({40, 9}).t(), w = at::randn({6, 80}).narrow(1, 40, 40);  // not dense
    EXPECT_LT(distance(many_rows_product(x, w, {}, false, false), at::linear(x.to(at::kDouble), w.to(at::kDouble))), 2e-6);
    const at::Tensor three = at::randn({3, 5, 40});
    EXPECT_EQ(many_rows_product(three, w, {}, false, false).sizes(), (std::vector<std::int64_t>{3, 5, 6}));
    EXPECT_EQ(many_rows_product(x.narrow(0, 0, 0), w, {}, false, false).sizes(), (std::vector<std::int64_t>{0, 6}));
    const at::Tensor none = leaf(x.narrow(0, 0, 0)), weight = leaf(w.contiguous());
    many_rows_product(none, weight, {}, false, false).sum().backward();
    EXPECT_TRUE(weight.grad().eq(0).all().item<bool>());
  });
}

TEST(ManyRows, ShapesThatDoNotFitAreRefused) {
  const at::Tensor x = at::randn({4, 6}), w = at::randn({8, 5});
  EXPECT_THROW(many_rows_product(x, w, {}, false, false), c10::Error);
  EXPECT_THROW(many_rows_product(x, at::randn({8, 6}), at::randn({7}), false, false), c10::Error);
  EXPECT_THROW(many_rows_product(x, at::randn({7, 6}), {}, false, true), c10::Error);  // odd, in bfloat16
}

// Frozen weights, and inputs that need no gradient, get none.
TEST(ManyRows, OnlyWhatIsAskedForIsComputed) {
  const at::Tensor x = at::randn({20, 8}), w = leaf(at::randn({6, 8}));
  many_rows_product(x, w, {}, false, false).sum().backward();
  EXPECT_TRUE(w.grad().defined());
  EXPECT_FALSE(x.grad().defined());
  const at::Tensor y = leaf(at::randn({20, 8})), frozen = at::randn({6, 8});
  many_rows_product(y, frozen, {}, false, false).sum().backward();
  EXPECT_TRUE(y.grad().defined());
}

TEST(Linear, IsThatOfLibTorchInEveryCase) {
  with_each_set([] {
    for (const bool turned : {false, true})
      for (const std::int64_t rows : {3, 200}) {
        const at::Tensor x = at::randn({rows, 24}), w = turned ? at::randn({24, 10}) : at::randn({10, 24}),
                         b = at::randn({10});
        EXPECT_LT(distance(linear(x, w, b, turned), at::linear(x, turned ? w.t() : w, b)), 2e-6);
        EXPECT_LT(distance(linear(x.to(at::kDouble), w.to(at::kDouble), {}, turned),
                           at::linear(x.to(at::kDouble), (turned ? w.t() : w).to(at::kDouble))),
                  1e-14);
        EXPECT_EQ(linear(x.narrow(0, 0, 0), w, b, turned).sizes(), (std::vector<std::int64_t>{0, 10}));
      }
  });
}

}  // namespace
}  // namespace welt::kernels
