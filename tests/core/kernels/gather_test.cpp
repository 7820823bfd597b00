// Rows by index and the way back, beside index_select and index_add in float64, on every instruction set of the
// machine.
#include "core/kernels/gather.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_add.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <string>
#include <vector>

#include "core/kernels/operators.h"
#include "tests/core/kernels/each_set.h"

namespace welt::kernels {
namespace {

struct Case {
  std::int64_t rows, width;
  at::Tensor index;
};

// Every width on each side of a vector's and of a block's; repeated and absent rows, one row thousands of times, none.
std::vector<Case> cases() {
  std::vector<Case> all;
  for (const std::int64_t width : {1, 7, 16, 33, 64, 130})
    all.push_back({50, width, at::randint(0, 40, {9, 31}, at::kLong)});  // rows 40 … 49: no place
  all.push_back({3, 48, at::randint(0, 3, {6000}, at::kLong)});
  all.push_back({5, 8, at::tensor({4}, at::kLong)});
  all.push_back({5, 8, at::empty({0}, at::kLong)});
  all.push_back({0, 8, at::empty({0}, at::kLong)});
  all.push_back({4, 0, at::tensor({1, 3, 1}, at::kLong)});
  return all;
}

void compare(at::ScalarType type, double tolerance) {
  for (const Case& one : cases()) {
    SCOPED_TRACE(testing::Message() << one.rows << " rows of " << one.width << ", index of " << one.index.numel());
    const at::Tensor table = at::randn({one.rows, one.width}).to(type).requires_grad_();
    const at::Tensor out = gather_rows(table, one.index);
    std::vector<std::int64_t> sizes = one.index.sizes().vec();
    sizes.push_back(one.width);
    EXPECT_EQ(out.sizes(), sizes);
    EXPECT_TRUE(out.detach()
                    .view({one.index.numel(), one.width})
                    .equal(at::index_select(table.detach(), 0, one.index.flatten())));
    const at::Tensor ahead = at::randn(out.sizes()).to(type);
    out.backward(ahead);
    const at::Tensor expected = at::index_add(at::zeros({one.rows, one.width}, at::kDouble), 0, one.index.flatten(),
                                              ahead.to(at::kDouble).view({one.index.numel(), one.width}));
    ASSERT_TRUE(table.grad().defined());
    EXPECT_EQ(table.grad().scalar_type(), type);
    EXPECT_LT(distance(table.grad(), expected), tolerance);
  }
}

TEST(GatherKernel, MatchesIndexSelect) {
  with_each_set([] {
    compare(at::kFloat, 2e-6);
    compare(at::kDouble, 1e-14);
  });
}
TEST(GatherKernel, BfloatSumsInFloat) {
  with_each_set([] { compare(at::kBFloat16, 4e-3); });  // the rounding of the result, however many rows were added
}

TEST(GatherKernel, TakesTensorsThatAreNotDense) {
  with_each_set([] {
    const at::Tensor wide = at::randn({20, 30}).requires_grad_();
    const at::Tensor table = wide.t();                                                 // [30,20]
    const at::Tensor index = at::randint(0, 30, {8, 6}, at::kLong).slice(1, 0, 6, 2);  // [8,3], strided
    const at::Tensor out = gather_rows(table, index);
    EXPECT_TRUE(out.equal(at::index_select(table, 0, index.flatten()).view({8, 3, 20})));
    const at::Tensor ahead = at::randn({20, 8, 3}).permute({1, 2, 0});
    out.backward(ahead);
    const at::Tensor expected =
        at::index_add(at::zeros({30, 20}, at::kDouble), 0, index.flatten(), ahead.to(at::kDouble).reshape({-1, 20}));
    EXPECT_LT(distance(wide.grad().t(), expected), 2e-6);
  });
}

TEST(GatherKernel, IsTheSameWithAnyNumberOfThreads) {
  const int before = at::get_num_threads();
  const at::Tensor table = at::randn({300, 65}), index = at::randint(0, 300, {5000}, at::kLong);
  const at::Tensor ahead = at::randn({5000, 65});
  std::vector<at::Tensor> gradients;
  for (const int threads : {1, 2, 3}) {
    at::set_num_threads(threads);
    const at::Tensor leaf = table.clone().requires_grad_();
    gather_rows(leaf, index).backward(ahead);
    gradients.push_back(leaf.grad());
  }
  at::set_num_threads(before);
  EXPECT_TRUE(gradients[1].equal(gradients[0]));
  EXPECT_TRUE(gradients[2].equal(gradients[0]));
}

TEST(GatherKernel, RefusesWhatIsNoRow) {
  const at::Tensor table = at::randn({5, 4});
  for (const std::int64_t wrong : {std::int64_t{-1}, std::int64_t{5}, std::int64_t{1} << 40}) try {
      gather_rows(table, at::tensor({std::int64_t{0}, wrong}, at::kLong));
      FAIL() << wrong;
    } catch (const c10::IndexError& error) {
      EXPECT_NE(std::string(error.what()).find("index " + std::to_string(wrong) + " at place 1 is not one of 5 rows"),
                std::string::npos)
          << error.what();
    }
  EXPECT_THROW(gather_rows(at::randn({5}), at::tensor({0}, at::kLong)), c10::Error);
  EXPECT_THROW(gather_rows(table, at::tensor({0}, at::kInt)), c10::Error);
}

TEST(GatherRows, WithoutKernelsIsLibTorchs) {
  const InstructionSet* before = chosen_instructions();
  choose_instructions(nullptr);
  const at::Tensor table = at::randn({5, 4}).requires_grad_();
  const at::Tensor out = welt::gather_rows(table, at::tensor({4, 0, 4}, at::kLong));
  choose_instructions(before);
  EXPECT_TRUE(out.equal(at::index_select(table, 0, at::tensor({4, 0, 4}, at::kLong))));
  out.sum().backward();
  EXPECT_TRUE(table.grad().select(1, 0).equal(at::tensor({1, 0, 0, 0, 2}, at::kFloat)));
}

}  // namespace
}  // namespace welt::kernels
