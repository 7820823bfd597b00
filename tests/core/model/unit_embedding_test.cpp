// Embeddings and logits of units, and byte tables, against tests/goldens/text/embeddings.safetensors.
#include "core/model/unit_embedding.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "core/kernels/cross_entropy.h"
#include "core/model/byte_table.h"
#include "core/tensor/tensor_io.h"

namespace welt {
namespace {

class UnitGoldens : public ::testing::Test {
 protected:
  at::Tensor read(const std::string& name) const { return copied_tensor(file_, *file_.find(name)); }
  ByteTable table(const std::string& prefix) const {
    return {read(prefix + "base").requires_grad_(), read(prefix + "projection").requires_grad_()};
  }

 private:
  SafetensorsFile file_ = SafetensorsFile::open(WELT_TEST_DATA "/text/embeddings.safetensors");
};
using ByteTableParity = UnitGoldens;
using UnitEmbeddingParity = UnitGoldens;

// Sums of at most 256 products in float32, in another order.
constexpr double tolerance = 1e-5;

#define EXPECT_NEAR_ALL(a, b) EXPECT_TRUE(at::allclose((a), (b), tolerance, tolerance)) << (a) << (b)

TEST_F(ByteTableParity, ValuesAndGradients) {
  for (const std::string prefix : {"bits8.", "bits12."}) {
    const ByteTable bytes = table(prefix);
    const at::Tensor folded = bytes.folded(), embedded = at::embedding(folded, read(prefix + "ids"));
    EXPECT_NEAR_ALL(folded, read(prefix + "folded"));
    EXPECT_NEAR_ALL(embedded, read(prefix + "embedded"));
    embedded.backward(read(prefix + "grad_output"));
    EXPECT_NEAR_ALL(bytes.base.grad(), read(prefix + "grad_base"));
    EXPECT_NEAR_ALL(bytes.projection.grad(), read(prefix + "grad_projection"));
  }
}

// Units int64 […] as their bytes, flat.
at::Tensor bytes_of(const at::Tensor& units, Units encoding) {
  std::vector<std::int64_t> bytes;
  const at::Tensor flat = units.contiguous().flatten();
  for (std::int64_t i = 0; i < flat.numel(); ++i)
    encoding.append_unit(static_cast<std::uint32_t>(flat[i].item<std::int64_t>()), bytes);
  return at::tensor(bytes, at::kLong);
}

TEST_F(UnitEmbeddingParity, EmbedsDecodesAndLoses) {
  for (const auto& [prefix, encoding] :
       {std::pair{std::string("char2."), Encoding::utf16}, std::pair{std::string("char4."), Encoding::utf32}}) {
    const Units units(encoding);
    const at::Tensor folded = table(prefix).folded(), tokens = read(prefix + "tokens");
    const at::Tensor bytes = bytes_of(tokens, units);
    EXPECT_TRUE(at::equal(bytes, read(prefix + "bytes").flatten()));
    const at::Tensor golden = read(prefix + "encoded"), encoded = embed_units(folded, bytes, units.bytes());
    EXPECT_NEAR_ALL(encoded.view_as(golden), golden);
    const at::Tensor expected = read(prefix + "grouped_logits");
    const at::Tensor logits = unit_logits(folded, read(prefix + "grouped").flatten(0, -2), units);
    EXPECT_NEAR_ALL(logits.view_as(expected), expected);
    EXPECT_TRUE(at::equal(at::argmax(logits, -1), bytes_of(read(prefix + "grouped_decoded"), units)));
    // The wrapped model is a linear map here; a position's logits are for the next unit, and PAD is not learnt.
    const at::Tensor wrapped = read(prefix + "wrapper_logits");
    const at::Tensor all =
        unit_logits(folded, at::linear(encoded, read(prefix + "linear_weight"), read(prefix + "linear_bias")), units)
            .view_as(wrapped);
    EXPECT_NEAR_ALL(all, wrapped);
    const std::int64_t length = tokens.size(1);
    const at::Tensor labels = tokens.slice(1, 1).flatten(), learnt = labels.ne(0);
    const at::Tensor shown = all.slice(1, 0, length - 1).flatten(0, 1).index({learnt}).view({-1, 256});
    const at::Tensor targets = bytes_of(labels.index({learnt}), units);
    EXPECT_NEAR(byte_cross_entropy(shown, targets).item<double>() / static_cast<double>(targets.numel()),
                read(prefix + "wrapper_loss").item<double>(), tolerance);
  }
}

TEST(UnitEmbedding, AByteIsARowOfTheTableAndItsHeadGivesTheLogits) {
  const at::Tensor table = at::rand({256, 8}), bytes = at::tensor({2, 0x61, 255}, at::kLong);
  EXPECT_TRUE(at::equal(embed_units(table, bytes, 1), at::embedding(table, bytes)));
  const at::Tensor head = at::rand({3, 256});
  EXPECT_TRUE(unit_logits(table, head, Units()).is_same(head));
}

TEST(UnitEmbedding, AUnitComesBackFromItsOwnEmbedding) {
  const at::Tensor rows = at::randn({256, 32});
  const at::Tensor table = rows.div(at::linalg_vector_norm(rows, 2, at::IntArrayRef{1}, true));
  for (const Encoding encoding : {Encoding::utf16, Encoding::utf32}) {
    const Units units(encoding);
    std::vector<std::int64_t> bytes;
    for (const std::uint32_t unit : {2u, 3u, 0x61u, 0x20ACu, 0xD83Du, 0xFFFFu}) units.append_unit(unit, bytes);
    units.append_unit(units.largest(), bytes);
    const at::Tensor list = at::tensor(bytes, at::kLong);
    EXPECT_TRUE(at::equal(at::argmax(unit_logits(table, embed_units(table, list, units.bytes()), units), -1), list));
  }
}

TEST(UnitEmbedding, NothingAboveTheLastCodePointIsPossible) {
  const at::Tensor logits =
      unit_logits(at::rand({256, 4}), at::rand({5, 16}), Units(Encoding::utf32)).view({5, 4, 256});
  const at::Tensor possible = logits.isfinite().sum(-1);
  for (const auto& [place, count] : {std::pair{0, 256}, {1, 256}, {2, 17}, {3, 1}})
    EXPECT_TRUE(possible.select(1, place).eq(count).all().item<bool>());
}

}  // namespace
}  // namespace welt
