// A whole training pass on the meta device: the stand-in for a second device. Whatever asks for a value inside a step,
// or makes a tensor elsewhere, is found.
#include <gtest/gtest.h>

#include "core/conformance/tensor/meta_kernels.h"
#include "core/model/text_front_end.h"
#include "core/model/welt_model.h"
#include "core/train/recipe_keys.h"

namespace welt {
namespace {

constexpr const char* small_model = R"(
[model.bytes_encoder]
plugin = "bert"
config = { hidden_size = 8, num_hidden_layers = 1, num_attention_heads = 2, intermediate_size = 8 }
[model.image_encoder]
plugin = "vit"
config = { hidden_size = 12, num_hidden_layers = 1, num_attention_heads = 2, intermediate_size = 16, image_size = 32, patch_size = 16 }
[model.latent]
plugin = "llama"
config = { hidden_size = 16, num_hidden_layers = 1, num_attention_heads = 2, num_key_value_heads = 2, intermediate_size = 16 }
[model.decoder]
plugin = "gpt2"
config = { n_embd = 16, n_layer = 1, n_head = 2, n_positions = 40 }
)";

TEST(MetaDevice, AStepAsksForNoValueAndMakesNothingElsewhere) {
  const conformance::MetaKernels kernels;
  WeltModel model = WeltModel::outline(WeltSpec::from_recipe(parse_recipe(small_model, "test.toml")));
  ASSERT_TRUE(model.device().is_meta());
  model.set_training(true);
  const TextFrontEnd text(model);
  Batch batch;
  batch.rows = 2;
  batch.words = 3;
  for (const char* word : {"\x02", "a ", "bcd ", ""}) {
    batch.table.add(word);
    batch.table.images.push_back(text.drawer()->draw(word));
  }
  batch.input = {0, 1, 2, 0, 2, -1};
  batch.label = {1, 2, 3, 2, 3, -1};
  batch.position = {0, 1, 2, 0, 1, 0};
  EXPECT_NO_THROW(model.forward_backward(batch, 14, 8192, /*amp=*/false));
  for (const ModelParameter& parameter : model.parameters()) {
    EXPECT_TRUE(parameter.tensor.is_meta()) << parameter.name;
    EXPECT_TRUE(parameter.tensor.grad().defined()) << parameter.name;
  }
}

// It asked the plugins for the device "meta", so that nothing of bf16 could be trained.
TEST(MetaDevice, AnOutlineHasAnyDtype) {
  const Recipe recipe = parse_recipe(small_model, "test.toml", {"precision=bf16"});
  const WeltModel model = WeltModel::outline(WeltSpec::from_recipe(recipe));
  EXPECT_EQ(model.dtype(), at::kBFloat16);
  for (const ModelTensor& tensor : model.tensors()) {
    EXPECT_TRUE(tensor.tensor.is_meta()) << tensor.name;
    if (!tensor.tensor.is_floating_point()) continue;
    EXPECT_EQ(tensor.tensor.scalar_type(), at::kBFloat16) << tensor.name;
  }
}

}  // namespace
}  // namespace welt
