// Where two runs begin to differ: shapes, values, NaN, names.
#include "core/parity/compare_runs.h"

#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/tensor/tensor_io.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

using test::error_of;
using test::TempFolder;

class CompareRuns : public testing::Test {
 protected:
  RunComparison compare(const std::vector<NamedTensor>& a, const std::vector<NamedTensor>& b, double tolerance) {
    save_tensors(folder_ / "a.safetensors", a);
    save_tensors(folder_ / "b.safetensors", b);
    return compare_runs(folder_ / "a.safetensors", folder_ / "b.safetensors", tolerance);
  }
  TempFolder folder_;
};

TEST_F(CompareRuns, NamesTheFirstValueInTheOrderOfComputation) {
  const at::Tensor same = at::tensor({1.0F, 2.0F}), other = at::tensor({1.0F, 2.5F});
  const RunComparison found =
      compare({{"p/trace/z", same}, {"p/trace/b", same}, {"p/out/a", same}, {"p/in/x", same}},
              {{"p/out/a", other}, {"p/trace/b", other}, {"p/trace/z", same}, {"p/in/x", other}}, 1e-3);
  ASSERT_NE(found.first(), nullptr);
  EXPECT_EQ(found.first()->name, "p/trace/b");
  EXPECT_DOUBLE_EQ(found.first()->difference, 0.5);
  EXPECT_EQ(found.first()->at, std::vector<long>{1});
  EXPECT_EQ(found.tensors.size(), 3U);  // inputs are not compared
}

TEST_F(CompareRuns, ToleranceIsAShareOfTheLargestValue) {
  const std::vector<NamedTensor> a{{"p/out/a", at::tensor({100.0, 0.0})}}, b{{"p/out/a", at::tensor({100.0, 0.09})}};
  EXPECT_TRUE(compare(a, b, 1e-3).equal());
  EXPECT_FALSE(compare(a, b, 1e-4).equal());
}

TEST_F(CompareRuns, NanOnBothSidesIsEqualAndOnOneAnInfiniteDifference) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<NamedTensor> a{{"p/out/a", at::tensor({nan, 1.0})}}, b{{"p/out/a", at::tensor({1.0, 1.0})}};
  EXPECT_TRUE(compare(a, a, 0).equal());
  const RunComparison found = compare(a, b, 1e9);
  ASSERT_FALSE(found.equal());
  EXPECT_TRUE(std::isinf(found.first()->difference));
}

TEST_F(CompareRuns, ShapesAndNamesOfOneFileOnlyAreTold) {
  const RunComparison found = compare({{"p/out/a", at::zeros({2, 3})}, {"p/out/b", at::zeros({1})}},
                                      {{"p/out/a", at::zeros({3, 2})}, {"p/out/c", at::zeros({1})}}, 0);
  EXPECT_EQ(found.first()->problem, "[2, 3] and [3, 2]");
  EXPECT_EQ(found.only_a, std::vector<std::string>{"p/out/b"});
  EXPECT_EQ(found.only_b, std::vector<std::string>{"p/out/c"});
}

TEST_F(CompareRuns, FilesWithoutACommonNameAreRefused) {
  const std::string message = error_of([&] {
    compare({{"p/out/a", at::zeros({1})}}, {{"q/out/a", at::zeros({1})}}, 0);
  });
  EXPECT_NE(message.find("no name in common"), std::string::npos) << message;
}

}  // namespace
}  // namespace welt
