// Character embeddings and byte tables against tests/goldens/text/embeddings.safetensors.
#include "core/model/character_table.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/model/tensor_io.h"

namespace welt {
namespace {

class CharacterGoldens : public ::testing::Test {
 protected:
  at::Tensor read(const std::string& name) const { return copied_tensor(file_, *file_.find(name)); }
  ByteTable table(const std::string& prefix) const {
    return {read(prefix + "base").requires_grad_(), read(prefix + "projection").requires_grad_()};
  }

 private:
  SafetensorsFile file_ = SafetensorsFile::open(WELT_TEST_DATA "/text/embeddings.safetensors");
};
using ByteTableParity = CharacterGoldens;
using CharacterTableParity = CharacterGoldens;

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

TEST_F(CharacterTableParity, EncodesDecodesAndLoses) {
  for (const auto& [prefix, encoding] :
       {std::pair{std::string("char2."), Encoding::utf16}, std::pair{std::string("char4."), Encoding::utf32}}) {
    const CharacterTable characters(encoding, table(prefix));
    const at::Tensor tokens = read(prefix + "tokens");
    EXPECT_TRUE(at::equal(characters.bytes(tokens), read(prefix + "bytes")));
    const at::Tensor encoded = characters.encode(tokens);
    EXPECT_NEAR_ALL(encoded, read(prefix + "encoded"));
    const at::Tensor logits = characters.logits(read(prefix + "grouped"));
    EXPECT_NEAR_ALL(logits, read(prefix + "grouped_logits"));
    EXPECT_TRUE(at::equal(characters.decode(logits), read(prefix + "grouped_decoded")));
    // The wrapped model is a linear map here; a position's logits are for the next unit.
    const at::Tensor wrapped =
        characters.logits(at::linear(encoded, read(prefix + "linear_weight"), read(prefix + "linear_bias")));
    EXPECT_NEAR_ALL(wrapped, read(prefix + "wrapper_logits"));
    const std::int64_t length = tokens.size(1);
    const at::Tensor loss = characters.loss(wrapped.slice(1, 0, length - 1), tokens.slice(1, 1));
    EXPECT_NEAR(loss.item<double>(), read(prefix + "wrapper_loss").item<double>(), tolerance);
  }
}

TEST(CharacterTable, AUnitComesBackFromItsOwnEmbedding) {
  for (const auto& [encoding, highest] : {std::pair{Encoding::utf16, 0x10000}, std::pair{Encoding::utf32, 0x110000}}) {
    const CharacterTable characters(encoding, 256);
    EXPECT_TRUE(at::allclose(at::linalg_vector_norm(characters.table().base, 2, at::IntArrayRef{1}), at::ones({256})));
    const at::Tensor units = at::randint(0, highest, {3, 50}, at::kLong);
    EXPECT_TRUE(at::equal(characters.decode(characters.logits(characters.encode(units))), units));
  }
}

// Gradients of the loss in double precision against differences of it.
TEST(CharacterTable, GradientsOfTheLossAreItsSlopes) {
  for (const Encoding encoding : {Encoding::utf16, Encoding::utf32}) {
    const CharacterTable characters(encoding, 8, at::kDouble);
    const at::Tensor units = at::tensor({2, 0x61, 0x20AC, 3, 0}, at::kLong);
    const auto loss = [&] { return characters.loss(characters.logits(characters.encode(units).mul(3)), units); };
    loss().backward();
    for (const at::Tensor& parameter : {characters.table().base, characters.table().projection}) {
      for (const auto& [row, column] : {std::pair{0, 0}, std::pair{0, 1}, std::pair{1, 1}}) {
        const at::Tensor entry = parameter.detach()[row][column];  // shares its memory
        constexpr double step = 1e-6;
        entry.add_(step);
        const double above = loss().item<double>();
        entry.sub_(2 * step);
        const double below = loss().item<double>();
        entry.add_(step);
        EXPECT_NEAR(parameter.grad()[row][column].item<double>(), (above - below) / (2 * step), 1e-7);
      }
    }
  }
}

TEST(CharacterTable, NoCodePointBeyondUnicodeIsDecoded) {
  const CharacterTable characters(Encoding::utf32, 16);
  const at::Tensor decoded = characters.decode(characters.logits(at::rand({1000, 16}).sub(0.5)));
  EXPECT_LE(decoded.max().item<std::int64_t>(), 0x10FFFF);
}

TEST(CharacterTable, PaddingIsNotLearnt) {
  const CharacterTable characters(Encoding::utf16, 8);
  const at::Tensor units = at::tensor({5, 0, 7}, at::kLong);
  const at::Tensor logits = characters.logits(at::rand({3, 8}));
  const at::Tensor other = logits.detach().clone();
  other[1].fill_(100);
  EXPECT_EQ(characters.loss(logits, units).item<float>(), characters.loss(other, units).item<float>());
}

TEST(CharacterTable, RefusesWidthsAndEncodingsItHasNoFormFor) {
  EXPECT_THROW(CharacterTable(Encoding::utf8, 8), Error);
  EXPECT_THROW(CharacterTable(Encoding::utf32, 10), Error);
  EXPECT_THROW(CharacterTable(Encoding::utf16, 0), Error);
}

}  // namespace
}  // namespace welt
