// Checkpoints of models in reduced precision: weights and moments are kept, saved and resumed in the recipe's dtype.
#include "core/checkpoint/model_files.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/generate/generator.h"
#include "core/tensor/random.h"
#include "core/tensor/tensor_io.h"
#include "core/train/evaluation.h"
#include "core/train/recipe_keys.h"
#include "core/train/stepper.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

const std::string small = R"(
precision = "bf16"
[model.segmenter]
max_bytes = 12
[model.bytes_encoder]
plugin = "bert"
pooling = "mean"
config = { hidden_size = 8, num_hidden_layers = 1, num_attention_heads = 2, intermediate_size = 16, max_position_embeddings = 16 }
[model.latent]
plugin = "llama"
config = { hidden_size = 16, num_hidden_layers = 1, num_attention_heads = 2, num_key_value_heads = 2, intermediate_size = 16 }
[model.decoder]
plugin = "gpt2"
config = { n_embd = 16, n_layer = 1, n_head = 2, n_positions = 16 }
[train]
steps = 40
learning_rate = 2e-2
schedule = "constant"
warmup_steps = 0
)";

class Bfloat16 : public ::testing::Test {
 protected:
  Bfloat16() {
    seed_default_generator(42, RandomPurpose::initialise);
    model_.emplace(WeltSpec::from_recipe(recipe_));
    DatasetOptions options{{.files = {folder_.put("text.txt", "a cat\na dog\n")}, .format = "lines"}};
    options.batch = 2;
    options.words = 4;
    options.max_bytes = 12;
    data_ = Dataset::open(options, make_segmenter(model_->spec().segmenter), nullptr);
  }

  const test::TempFolder folder_;
  const Recipe recipe_ = parse_recipe(small, "bf16.toml");
  std::optional<WeltModel> model_;
  std::shared_ptr<const Dataset> data_;
};

TEST_F(Bfloat16, TrainsWithWeightsAndMomentsInItAndResumesExactly) {
  for (const ModelTensor& tensor : model_->tensors()) EXPECT_EQ(tensor.tensor.scalar_type(), at::kBFloat16);
  Stepper straight(*model_, *data_, stepper_options(recipe_));
  double first = 0, last = 0;
  for (std::int64_t step = 1; step <= 20; ++step) (step == 1 ? first : last) = straight.step(step).loss;
  EXPECT_TRUE(std::isfinite(last));
  EXPECT_LT(last, first - 1) << "the loss falls from " << first;

  save_model(*model_, folder_.path());
  straight.optimizer().save(folder_ / "optimizer.safetensors");
  const SafetensorsFile moments = SafetensorsFile::open(folder_ / "optimizer.safetensors"),
                        weights = SafetensorsFile::open(folder_ / "model.safetensors");
  EXPECT_EQ(moments.find("encoder_norm.weight.exp_avg_sq")->dtype, "BF16");
  for (const SafetensorsEntry& entry : weights.entries()) EXPECT_EQ(entry.dtype, "BF16") << entry.name;

  WeltModel loaded = load_model(folder_.path());
  Stepper resumed(loaded, *data_, stepper_options(recipe_), straight.position());
  resumed.optimizer().load(folder_ / "optimizer.safetensors");
  EXPECT_EQ(straight.step(21).loss, resumed.step(21).loss);
  for (std::size_t i = 0; i < loaded.tensors().size(); ++i)
    EXPECT_TRUE(loaded.tensors()[i].tensor.equal(model_->tensors()[i].tensor)) << loaded.tensors()[i].name;
}

// The last update of a run made NaN of its weights, and a checkpoint of them was written as if all were well.
TEST_F(Bfloat16, AModelThatIsNotFiniteIsNotSaved) {
  for (const double value : {std::nan(""), 1e30}) {  // the square of the second is infinite
    const std::vector<ModelTensor> tensors = model_->tensors();
    tensors.front().tensor.detach().fill_(value);
    EXPECT_CONTAINS(test::error_of([&] { save_model(*model_, folder_.path()); }), tensors.front().name);
    if (std::isnan(value)) {
      EXPECT_CONTAINS(test::error_of([&] { evaluate(*model_, data_->evaluation_batches(), 8192, false); }),
                      "output is not finite");
    }
    EXPECT_FALSE(std::filesystem::exists(folder_ / "config.json"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "model.safetensors"));
  }
}

TEST_F(Bfloat16, EvaluatesAndGeneratesInIt) {
  save_model(*model_, folder_.path());
  WeltModel loaded = load_model(folder_.path());
  EXPECT_TRUE(std::isfinite(evaluate(loaded, data_->evaluation_batches(), 8192, false).loss()));
  EXPECT_EQ(Generator(loaded).generate({"a "}, {.words = 2}).size(), 1);
  loaded.to(at::kCPU, at::kFloat);
  for (const ModelTensor& tensor : loaded.tensors()) EXPECT_EQ(tensor.tensor.scalar_type(), at::kFloat);
  EXPECT_EQ(loaded.spec().config_json().at("dtype"), "float32");
}

}  // namespace
}  // namespace welt
