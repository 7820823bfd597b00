// Overfitting four short texts orders the losses of seen and unseen ones: by character, by word and by byte, with both
// encoders and with either removed after training, packed and unpacked. (The orderings of the Python WeLT's
// tests/test_model_overfitting.py; no loss is asserted as a number.)
#include <gtest/gtest.h>

#include "core/model/text_front_end.h"
#include "core/tensor/random.h"
#include "core/train/evaluation.h"
#include "core/train/recipe_keys.h"
#include "core/train/stepper.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

const std::string model_text = R"(
[model]
modality_dropout = 0.15
[model.segmenter]
max_bytes = 14
[model.bytes_encoder]
plugin = "bert"
preset = "bert-nano"
config = { hidden_dropout_prob = 0.0, attention_probs_dropout_prob = 0.0 }
[model.image_encoder]
plugin = "vit"
preset = "nano"
[model.latent]
plugin = "llama"
preset = "nano"
[model.decoder]
plugin = "llama"
preset = "nano"
[train]
steps = 300
learning_rate = 5e-4
schedule = "constant"
warmup_steps = 0
weight_decay = 0.0
)";

class OverfittingSlow : public ::testing::TestWithParam<bool> {
 protected:
  OverfittingSlow()
      : recipe_(parse_recipe(model_text, "overfit.toml")),
        model_([&] {
          seed_default_generator(42, RandomPurpose::initialise);
          return WeltModel(WeltSpec::from_recipe(recipe_));
        }()),
        text_(model_) {}

  std::shared_ptr<const Dataset> dataset(const std::string& lines, std::int64_t batch, std::int64_t words) const {
    DatasetOptions options{{.files = {folder_.put("text.txt", lines)}, .format = "lines"}};
    options.batch = batch;
    options.words = words;
    options.max_bytes = 14;
    return Dataset::open(options, text_.segmenter_component(), text_.drawer());
  }

  // `packed`: two texts to a row of 7 words; else a row for each.
  void train(bool packed) {
    const auto data = dataset("a b\nb a\na cat\na dog\n", packed ? 2 : 4, packed ? 7 : 3);
    ASSERT_EQ(data->rows(), packed ? 2 : 4);
    Stepper stepper(model_, *data, stepper_options(recipe_));
    for (std::int64_t step = 1; step <= recipe_.integer("train.steps"); ++step) stepper.step(step);
  }

  double loss(const std::string& text, Modalities use) {
    return evaluate(model_, dataset(text + "\n", 1, 8)->evaluation_batches(), 8192, false, use).loss();
  }

  void expect_order(const char* what, const std::string& seen, const std::string& unseen, Modalities use) {
    const double known = loss(seen, use), strange = loss(unseen, use);
    std::printf("%-10s %-6s %.3f  %-6s %.3f%s%s\n", what, seen.c_str(), known, unseen.c_str(), strange,
                use.bytes ? "" : "  without the bytes encoder", use.image ? "" : "  without the image encoder");
    EXPECT_LT(known, strange) << what << ": " << seen << " was learnt, " << unseen << " was not";
  }

  test::TempFolder folder_;
  Recipe recipe_;
  WeltModel model_;
  TextFrontEnd text_;
};

TEST_P(OverfittingSlow, SeenTextsCostLessThanUnseenOnes) {
  train(GetParam());
  const Modalities both{}, without_bytes{.bytes = false}, without_image{.image = false};
  for (const Modalities use : {both, without_image}) {
    expect_order("characters", "a b", "a a", use);
    expect_order("characters", "b a", "b b", use);
  }
  for (const Modalities use : {both, without_bytes, without_image}) {
    expect_order("words", "a cat", "a dat", use);
    expect_order("words", "a dog", "a cog", use);
    expect_order("bytes", "a cat", "a cog", use);
    expect_order("bytes", "a dog", "a dat", use);
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, OverfittingSlow, testing::Bool(),
                         [](const auto& packed) { return packed.param ? "packed" : "unpacked"; });

}  // namespace
}  // namespace welt
