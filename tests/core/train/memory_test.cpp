// The estimate of a step's memory: what it grows with. How far it is off is measured by bench/memory.py.
#include "core/train/memory.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "core/kernels/instructions.h"
#include "core/kernels/linear.h"
#include "core/train/micro_batches.h"
#include "core/train/recipe_keys.h"

namespace welt {
namespace {

constexpr const char* small = R"(
[model.bytes_encoder]
plugin = "bert"
config = { hidden_size = 32, num_hidden_layers = 2, num_attention_heads = 2, intermediate_size = 64 }
[model.latent]
plugin = "llama"
config = { hidden_size = 64, num_hidden_layers = 4, num_attention_heads = 2, num_key_value_heads = 2, intermediate_size = 128 }
[model.decoder]
plugin = "llama"
config = { hidden_size = 32, num_hidden_layers = 2, num_attention_heads = 2, num_key_value_heads = 2, intermediate_size = 64, max_position_embeddings = 160, tie_word_embeddings = true }
)";

MemoryNeed need(const std::vector<std::string>& settings, std::int64_t rows = 16) {
  const Recipe recipe = parse_recipe(small, "test.toml", settings);
  return memory_need(recipe, WeltSpec::from_recipe(recipe), rows);
}

TEST(MemoryNeed, GrowsWithWhatIsComputed) {
  const MemoryNeed plain = need({});
  EXPECT_GT(plain.activations, 0);
  // Twice the rows: twice the words, but words repeat and the decoder's chunk is full.
  const MemoryNeed twice = need({}, 32);
  EXPECT_GT(twice.activations, plain.activations * 5 / 4);
  EXPECT_LT(twice.activations, plain.activations * 2);
  EXPECT_EQ(twice.weights, plain.weights);
  EXPECT_EQ(need({"train.words=256"}, 8).activations, plain.activations);
  EXPECT_LT(need({"train.decoder_chunk_tokens=512"}).activations, plain.activations);
  EXPECT_LT(need({"train.activation_checkpoint_every=1"}).activations,
            need({"train.activation_checkpoint_every=2"}).activations);
  EXPECT_LT(need({"train.activation_checkpoint_every=2"}).activations, plain.activations);
}

// It was not counted: the decoder reads more positions for a word.
TEST(MemoryNeed, CountsTheLatentsOfTheDecodersContext) {
  EXPECT_GT(need({"model.decoder_context=3"}, 2).activations, need({}, 2).activations * 21 / 20);
}

TEST(MemoryNeed, KnowsThePrecisions) {
  const MemoryNeed wide = need({"precision=fp32"}), mixed = need({"precision=amp"}), half = need({"precision=bf16"});
  EXPECT_EQ(wide.copies, 0);
  EXPECT_EQ(mixed.copies > 0, !kernels::makes_products());
  EXPECT_LT(half.weights * 10, wide.weights * 6);
  EXPECT_LT(half.activations, mixed.activations);
  EXPECT_LT(mixed.activations, wide.activations);
}

TEST(MemoryNeed, IsMoreWithoutKernels) {
  const kernels::InstructionSet* before = kernels::chosen_instructions();
  kernels::choose_instructions(&kernels::instruction_sets().front());
  const MemoryNeed with = need({});
  kernels::choose_instructions(nullptr);
  const MemoryNeed without = need({});
  kernels::choose_instructions(before);
  EXPECT_GT(without.activations, with.activations * 5 / 4);
}

// LibTorch's products read copies of the weights in bfloat16, those of the kernels the weights.
TEST(MemoryNeed, OfAmpHasCopiesWhereLibTorchMultiplies) {
  const kernels::InstructionSet* before = kernels::chosen_instructions();
  kernels::choose_instructions(nullptr);
  const MemoryNeed off = need({"precision=amp"});
  kernels::choose_instructions(before);
  EXPECT_GT(off.copies, 0);
  EXPECT_LT(off.copies, off.weights);
}

TEST(MemoryNeed, WillNotDoWithLessThanTheLeast) {
  const MemoryNeed plain = need({});
  EXPECT_EQ(plain.total(), plain.weights + plain.gradients + plain.optimizer + plain.copies + plain.activations);
  EXPECT_LT(plain.least(), plain.total());
  EXPECT_GT(plain.least(), plain.total() - plain.activations / 5);
  EXPECT_EQ(plain.peak(), plain.total() + plain.program);
  EXPECT_GT(plain.program, 100'000'000);
}

// Its convolutions were taken to run over every pixel, and no machine had the memory that they would need.
TEST(MemoryNeed, TakesFeatureMapsToShrink) {
  const std::vector<std::string> images{"model.image_encoder.plugin=resnet", "model.image_encoder.preset=nano"};
  const std::int64_t plain = need({}).activations, with = need(images).activations;
  EXPECT_GT(with, plain);
  EXPECT_LT(with, plain * 10);
}

TEST(MemoryNeed, OfTheLargestRecipeIsANumber) {
  const MemoryNeed most =
      need({"train.words=1000000", "model.decoder_context=64", "train.decoder_chunk_tokens=1000000000"}, 1'000'000);
  EXPECT_GT(most.activations, 1'000'000'000'000);
  EXPECT_GT(most.least(), most.activations / 2);
  EXPECT_LT(most.peak(), std::numeric_limits<std::int64_t>::max() / 2);
}

// A single row cannot be cut: it is refused only where it is with train.auto_micro_batch = false, too.
TEST(MicroBatches, ASingleRowIsTriedWithinTheEstimatesError) {
  const MemoryNeed one = need({}, 1);
  const std::string limit =
      fmt::format("train.memory_gb={:.9f}", static_cast<double>((one.least() + one.total()) / 2) / 1e9);
  for (const char* automatic : {"true", "false"}) {
    const Recipe recipe =
        parse_recipe(small, "test.toml", {"train.batch=1", limit, std::string("train.auto_micro_batch=") + automatic});
    EXPECT_EQ(micro_batches(recipe, WeltSpec::from_recipe(recipe)), 1) << automatic;
  }
}

}  // namespace
}  // namespace welt
