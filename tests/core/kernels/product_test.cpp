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

at::Tensor leaf(const at::Tensor& x) { return x.detach().clone().requires_grad_(); }

void compare(const Shape3& shape, at::ScalarType x_type, at::ScalarType weight_type, bool turned, bool biased) {
  SCOPED_TRACE(testing::Message() << shape.rows << " x " << shape.depth << " x " << shape.outputs << ", turned "
                                  << turned << ", bias " << biased << ", " << weight_type);
  const at::Tensor given = turned ? at::randn({shape.depth, shape.outputs}) : at::randn({shape.outputs, shape.depth});
  const at::Tensor x = leaf(at::randn({shape.rows, shape.depth}).to(x_type)), w = leaf(given.to(weight_type)),
                   b = leaf(at::randn({shape.outputs}).to(weight_type)),
                   ahead = at::randn({shape.rows, shape.outputs}).to(at::kBFloat16);
  // What is multiplied is what is left of the numbers in bfloat16; sums are exact beside that.
  const auto seen = [](const at::Tensor& t) { return t.detach().to(at::kBFloat16).to(at::kDouble).requires_grad_(); };
  const at::Tensor x64 = seen(x), w64 = seen(w), b64 = b.detach().to(at::kDouble).requires_grad_();
  const std::optional<at::Tensor> bias = biased ? std::optional(b) : std::nullopt;
  const at::Tensor y = many_rows_product(x, w, bias, turned);
  const at::Tensor y64 = at::linear(x64, turned ? w64.t() : w64, biased ? std::optional(b64) : std::nullopt);
  constexpr double rounding = 4e-3, sums = 2e-6;  // of what comes out in bfloat16, and of what does in float32
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
  EXPECT_LT(distance(y.detach(), y64.detach()), rounding);
  {
    const at::NoGradGuard no_grad;
    EXPECT_TRUE(many_rows_product(x, w, bias, turned).equal(y.detach()));
  }
  std::vector<at::Tensor> of{x, w}, of64{x64, w64};
  if (biased) of.push_back(b), of64.push_back(b64);
  const auto got = torch::autograd::grad({y}, of, {ahead}),
             expected = torch::autograd::grad({y64}, of64, {ahead.to(at::kDouble)});
  for (std::size_t i = 0; i < of.size(); ++i) {
    EXPECT_EQ(got[i].scalar_type(), of[i].scalar_type());
    EXPECT_LT(distance(got[i], expected[i]), i == 0 || weight_type == at::kBFloat16 ? rounding : sums) << i;
  }
}

TEST(ManyRows, MatchTheirDefinition) {
  with_each_set([&] {
    for (const auto& [x, weight] :
         {std::pair{at::kFloat, at::kFloat}, {at::kBFloat16, at::kFloat}, {at::kBFloat16, at::kBFloat16}})
      for (const Shape3& shape : {Shape3{1, 2, 2}, {13, 34, 30}, {29, 62, 66}, {300, 70, 100}})
        for (const bool turned : {false, true}) compare(shape, x, weight, turned, shape.rows % 2 == 1);
  });
}

// Rows of 4,096 bytes would stand in each other's places in the cache and are packed; more than one block of tokens and
// columns in a gradient, more than one part of a weight.
TEST(ManyRows, LargeSidesMatchToo) {
  with_each_set([] {
    compare({70, 2048, 34}, at::kBFloat16, at::kBFloat16, true, false);
    compare({520, 34, 1100}, at::kBFloat16, at::kFloat, false, true);
  });
  compare({33, 2050, 1200}, at::kFloat, at::kFloat, false, false);
}

TEST(ManyRows, ARowIsTheSameWhateverStandsBesideIt) {
  with_each_set([] {
    const at::Tensor x = at::randn({101, 64}), w = at::randn({48, 64}), all = many_rows_product(x, w, {}, false);
    for (const std::int64_t row : {0, 13, 57, 100})
      EXPECT_TRUE(many_rows_product(x.narrow(0, row, 1), w, {}, false).equal(all.narrow(0, row, 1))) << row;
  });
}

TEST(ManyRows, NotANumberComesOutWhereItWentIn) {
  with_each_set([] {
    const at::Tensor x = at::randn({31, 20}), w = at::randn({34, 20});
    x[7][19].fill_(std::numeric_limits<float>::quiet_NaN());
    w[33][0].fill_(std::numeric_limits<float>::infinity());
    const at::Tensor odd = many_rows_product(x, w, {}, false).to(at::kFloat).isfinite().logical_not();
    EXPECT_EQ(odd[7].sum().item<std::int64_t>(), 34);
    EXPECT_EQ(odd.select(1, 33).sum().item<std::int64_t>(), 31);
    EXPECT_EQ(odd.sum().item<std::int64_t>(), 34 + 31 - 1);
  });
}

TEST(ManyRows, StridesAndNoRows) {
  with_each_set([] {
    const at::Tensor x = at::randn({40, 9}).t(), w = at::randn({6, 80}).narrow(1, 40, 40);  // not dense
    EXPECT_TRUE(many_rows_product(x, w, {}, false).equal(many_rows_product(x.contiguous(), w.contiguous(), {}, false)));
    EXPECT_EQ(many_rows_product(at::randn({3, 5, 40}), w, {}, false).sizes(), (std::vector<std::int64_t>{3, 5, 6}));
    EXPECT_EQ(many_rows_product(x.narrow(0, 0, 0), w, {}, false).sizes(), (std::vector<std::int64_t>{0, 6}));
    const at::Tensor weight = leaf(w);
    many_rows_product(leaf(x.narrow(0, 0, 0)), weight, {}, false).sum().backward();
    EXPECT_TRUE(weight.grad().eq(0).all().item<bool>());
  });
}

TEST(ManyRows, ShapesThatDoNotFitAreRefused) {
  const at::Tensor x = at::randn({4, 6});
  for (const at::Tensor& w : {at::randn({8, 4}), at::randn({7, 6}), at::randn({8, 6, 1}), at::randn({0, 6})})
    EXPECT_THROW(many_rows_product(x, w, {}, false), c10::Error) << w.sizes();
  EXPECT_THROW(many_rows_product(x, at::randn({8, 6}), at::randn({7}), false), c10::Error);
}

// Frozen weights, and inputs that need no gradient, get none.
TEST(ManyRows, OnlyWhatIsAskedForIsComputed) {
  const at::Tensor x = at::randn({20, 8}), w = leaf(at::randn({6, 8})), y = leaf(at::randn({20, 8}));
  many_rows_product(x, w, {}, false).sum().backward();
  EXPECT_TRUE(w.grad().defined());
  EXPECT_FALSE(x.grad().defined());
  many_rows_product(y, w.detach(), {}, false).sum().backward();
  EXPECT_TRUE(y.grad().defined());
}

TEST(Linear, IsThatOfLibTorchInEveryCase) {
  with_each_set([] {
    for (const bool turned : {false, true})
      for (const bool cast : {false, true})
        for (const std::int64_t rows : {0, 3, 200}) {
          SCOPED_TRACE(testing::Message() << rows << " rows, turned " << turned << ", autocast " << cast);
          const at::Tensor x = at::randn({rows, 24}), w = turned ? at::randn({24, 10}) : at::randn({10, 24}),
                           b = at::randn({10});
          const at::Tensor expected = at::linear(x, turned ? w.t() : w, b),
                           wide = at::linear(x.to(at::kDouble), (turned ? w.t() : w).to(at::kDouble));
          at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
          at::autocast::set_autocast_enabled(at::kCPU, cast);
          const at::Tensor y = kernels::linear(x, w, b, turned);
          const at::Tensor same = kernels::linear(x.to(at::kDouble), w.to(at::kDouble), {}, turned);
          at::autocast::set_autocast_enabled(at::kCPU, false);
          at::autocast::clear_cache();
          EXPECT_EQ(y.scalar_type(), cast ? at::kBFloat16 : at::kFloat);
          EXPECT_LT(distance(y, expected), cast ? 1e-2 : 2e-6);
          EXPECT_LT(distance(same, wide), 1e-14);
        }
  });
}

TEST(Linear, ABiasThatIsAnUndefinedTensorIsNone) {
  const at::Tensor w = at::randn({6, 8});
  for (const bool grad : {false, true})
    for (const std::int64_t rows : {2, 200}) {
      const at::AutoGradMode mode(grad);
      const at::Tensor x = at::randn({rows, 8});
      EXPECT_LT(distance(welt::linear(x, w, at::Tensor()), at::linear(x, w)), 2e-6);
      EXPECT_LT(distance(welt::linear(x.to(at::kBFloat16), w.to(at::kBFloat16), at::Tensor()), at::linear(x, w)), 2e-2);
    }
}

}  // namespace
}  // namespace welt::kernels
