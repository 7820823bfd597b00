// What a model keeps beside trained parameters: running statistics of a batch norm, and tensors under two names.
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "core/checkpoint/model_files.h"
#include "core/model/text_front_end.h"
#include "core/tensor/random.h"
#include "core/tensor/tensor_io.h"
#include "core/train/adamw.h"
#include "core/train/gradients.h"
#include "core/train/recipe_keys.h"
#include "tests/core/base/temp_folder.h"
#include "tests/sdk/toy_images.h"

namespace welt {
namespace {

const std::string small_model = R"(
[model.bytes_encoder]
enabled = false
[model.image_encoder]
plugin = "vit"
[model.latent]
plugin = "llama"
config = { hidden_size = 16, num_hidden_layers = 1, num_attention_heads = 2, num_key_value_heads = 2, intermediate_size = 16 }
[model.decoder]
plugin = "gpt2"
config = { n_embd = 16, n_layer = 1, n_head = 2, n_positions = 16 }
)";

WeltModel model_of(const nlohmann::json& toy, std::uint64_t seed = 1) {
  WeltSpec spec = WeltSpec::from_recipe(parse_recipe(small_model, "test.toml"));
  spec.image_encoder.type = &test::toy_images();
  spec.image_encoder.config = toy;
  seed_default_generator(seed, RandomPurpose::initialise);
  return WeltModel(std::move(spec));
}

const ModelTensor& tensor_of(const WeltModel& model, const std::string& name) {
  return *std::ranges::find(model.tensors(), "image_encoder." + name, &ModelTensor::name);
}

Batch batch_for(WeltModel& model) {
  const TextFrontEnd text(model);
  Batch batch;
  batch.rows = 1;
  batch.words = 2;
  for (const char* word : {"\x02", "ab ", ""}) {
    batch.table.add(word);
    batch.table.images.push_back(text.drawer()->draw(word));
  }
  batch.input = {0, 1};
  batch.label = {1, 2};
  batch.position = {0, 1};
  return batch;
}

void train(WeltModel& model, AdamW& optimizer, const Batch& batch, int steps) {
  model.set_training(true);
  seed_default_generator(7, RandomPurpose::initialise);  // of dropout: the same in each leg
  for (int step = 0; step < steps; ++step) {
    model.forward_backward(batch, 5, 8192, false);
    optimizer.step(0.01);
    Gradients(model.parameters()).drop();
  }
}

double loss(WeltModel& model, const Batch& batch) {
  model.set_training(false);
  return model.evaluate(batch, 8192, false).nats;
}

const nlohmann::json with_norm = {{"ragged", false}, {"norm", true}};

TEST(RunningStatistics, AreTrainedResumedAndEvaluatedButNotByTheOptimizer) {
  WeltModel model = model_of(with_norm);
  const Batch batch = batch_for(model);
  for (const ModelParameter& parameter : model.parameters())
    EXPECT_FALSE(parameter.name.find("running") != std::string::npos) << parameter.name;
  AdamW optimizer(model.parameters(), {});
  train(model, optimizer, batch, 3);
  EXPECT_NE(tensor_of(model, "norm.running_mean").tensor.sum().item<double>(), 0);
  const std::int64_t calls = tensor_of(model, "norm.num_batches_tracked").tensor.item<std::int64_t>();
  EXPECT_GE(calls, 3);

  const test::TempFolder folder;
  save_model(model, folder.path());
  optimizer.save(folder / "optimizer.safetensors");
  WeltModel resumed = model_of(with_norm, 2);
  init_from(resumed, folder.path(), /*strict=*/true);
  EXPECT_EQ(loss(model, batch), loss(resumed, batch));
  EXPECT_EQ(tensor_of(model, "norm.num_batches_tracked").tensor.item<std::int64_t>(), calls) << "evaluation counts";
  AdamW again(resumed.parameters(), {});
  again.load(folder / "optimizer.safetensors");
  train(model, optimizer, batch, 2);
  train(resumed, again, batch, 2);
  for (std::size_t i = 0; i < model.tensors().size(); ++i)
    EXPECT_TRUE(model.tensors()[i].tensor.equal(resumed.tensors()[i].tensor)) << model.tensors()[i].name;
}

TEST(RunningStatistics, ThatAreNotFiniteAreRefusedByName) {
  const WeltModel model = model_of(with_norm);
  const test::TempFolder folder;
  save_model(model, folder.path());
  std::vector<NamedTensor> tensors;
  {
    const SafetensorsFile file = SafetensorsFile::open(folder / "model.safetensors");
    for (const SafetensorsEntry& entry : file.entries()) tensors.emplace_back(entry.name, copied_tensor(file, entry));
  }
  for (NamedTensor& tensor : tensors)
    if (tensor.first.ends_with("norm.running_var")) tensor.second.fill_(std::numeric_limits<float>::infinity());
  save_tensors(folder / "model.safetensors", tensors);
  WeltModel other = model_of(with_norm, 2);
  EXPECT_CONTAINS(test::error_of([&] { init_from(other, folder.path(), true); }),
                  "buffer \"image_encoder.norm.running_var\"");
}

TEST(TiedTensors, AreSavedOnceAndFoundUnderEitherName) {
  const nlohmann::json toy = {{"ragged", false}, {"tied", true}};
  const WeltModel model = model_of(toy);
  EXPECT_EQ(tensor_of(model, "weight").other_names, std::vector<std::string>{"image_encoder.again"});
  const test::TempFolder folder;
  save_model(model, folder.path());
  std::vector<NamedTensor> renamed;
  {
    const SafetensorsFile file = SafetensorsFile::open(folder / "model.safetensors");
    EXPECT_EQ(file.find("image_encoder.again"), nullptr);
    for (const SafetensorsEntry& entry : file.entries())
      renamed.emplace_back(entry.name == "image_encoder.weight" ? "image_encoder.again" : entry.name,
                           copied_tensor(file, entry));
  }
  save_tensors(folder / "model.safetensors", renamed);
  WeltModel other = model_of(toy, 2);
  init_from(other, folder.path(), /*strict=*/true);
  EXPECT_TRUE(tensor_of(other, "weight").tensor.equal(tensor_of(model, "weight").tensor));
}

}  // namespace
}  // namespace welt
