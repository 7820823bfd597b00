// The folded byte table: exact under autocast, gradients to both of its parameters.
#include "core/model/byte_table.h"

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include "core/tensor/autocast.h"

namespace welt {
namespace {

TEST(ByteTable, IsNotRoundedUnderAutocast) {
  const ByteTable table(16, 0.02);
  const at::Tensor exact = table.folded();
  EXPECT_TRUE(at::equal(exact, table.base)) << "a new projection adds nothing";
  const AutocastRegion autocast(true, at::kCPU);
  const at::Tensor folded = table.folded();
  EXPECT_EQ(folded.scalar_type(), at::kFloat);
  EXPECT_TRUE(at::equal(folded, exact));
}

TEST(ByteTable, GradientsReachBaseAndProjection) {
  const ByteTable table(4, 0.02);
  table.folded().sum().backward();
  EXPECT_EQ(table.base.grad().sum().item<double>(), 256 * 4);
  EXPECT_EQ(table.projection.grad().sum().item<double>(), 128 * 8 * 4) << "each bit is set in half of the bytes";
}

}  // namespace
}  // namespace welt
