// `welt model forward`, `welt model trace` and `welt generate` on what is not as it should be. What the program only
// passes on is tested in this process, which is faster; each verb is run once as a user would.
#include <gtest/gtest.h>

#include <ATen/ops/zeros_like.h>

#include <cmath>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/checkpoint/model_files.h"
#include "core/parity/dense_forward.h"
#include "core/parity/trace.h"
#include "core/tensor/tensor_io.h"
#include "tests/apps/run_welt.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Tensors = std::map<std::string, at::Tensor>;
using test::Outcome;
using test::TempFolder;

const fs::path goldens = fs::path(WELT_TEST_DATA) / "welt";

// What a call throws; "" when it succeeds.
std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

void expect_words(const std::string& message, const std::vector<std::string>& words) {
  EXPECT_FALSE(message.empty()) << "it was accepted";
  for (const std::string& word : words) EXPECT_NE(message.find(word), std::string::npos) << word << "\n" << message;
}

void expect_refused(const Outcome& outcome, const std::vector<std::string>& words) {
  EXPECT_EQ(outcome.status, 1) << outcome.out;
  expect_words(outcome.err, words);
  EXPECT_EQ(outcome.err.find("frame #"), std::string::npos) << outcome.err;
}

// The golden batch, changed, as `welt model forward --grad` reads and runs it.
std::string forward(const char* name, const std::function<void(Tensors&)>& change) {
  const TempFolder folder;
  const SafetensorsFile file = SafetensorsFile::open(goldens / name / "io.safetensors");
  Tensors tensors;
  for (const SafetensorsEntry& entry : file.entries())
    if (entry.name.starts_with("batch/")) tensors[entry.name.substr(6)] = copied_tensor(file, entry);
  change(tensors);
  std::vector<NamedTensor> named;
  for (const auto& [field, tensor] : tensors) named.emplace_back("batch/" + field, tensor);
  save_tensors(folder / "in.safetensors", named);
  WeltModel model = load_model(goldens / name);
  return refusal([&] {
    const SafetensorsFile changed = SafetensorsFile::open(folder / "in.safetensors");
    dense_forward(model, read_dense_batch(changed, "batch/", model, Predictors::shown, 8192), true);
  });
}

TEST(ModelForward, ARefusalIsOneParagraphAndLeavesNoFile) {
  const TempFolder folder;
  expect_refused(test::run_welt({"model", "forward", goldens / "bytes-only", "--in",
                                 goldens / "trace-bytes-only" / "batches.safetensors", "--out", folder / "out"}),
                 {"batch/input_ids", "missing", "batch_0/input_ids"});
  EXPECT_FALSE(fs::exists(folder / "out"));
}

TEST(ModelForward, FieldsThatAreMissingOrMisshapenAreNamed) {
  expect_words(forward("bytes-only", [](Tensors& t) { t.erase("labels_output"); }), {"batch/labels_output", "missing"});
  expect_words(forward("bytes-only", [](Tensors& t) { t["input_attention_mask"] = t["attention_mask"]; }),
               {"input_attention_mask", "shape", "[2, 8,"});
  expect_words(forward("bytes-only", [](Tensors& t) { t["input_ids"] = t["input_ids"].to(at::kFloat); }),
               {"input_ids", "Float", "whole numbers"});
  expect_words(forward("bytes-only", [](Tensors& t) { t["labels_input"][0][0][0] = 256; }),
               {"labels_input", "256", "0 to 255"});
  expect_words(forward("bytes-only", [](Tensors& t) { t["input_ids"][1][2][1] = -3; }), {"input_ids", "-3"});
  expect_words(forward("bytes-only", [](Tensors& t) { t["position_ids"][0][0] = -1; }), {"position"});
  expect_words(forward("bytes-only", [](Tensors& t) { t["input_attention_mask"].zero_(); }), {"no word has a byte"});
}

TEST(ModelForward, PositionsBeyondTheModelsAreRefused) {
  expect_words(forward("image-only", [](Tensors& t) { t["position_ids"][0][3] = 32; }),
               {"position 32", "32 positions"});
}

TEST(ModelForward, ImagesOfNoWidthOrLargerThanTheirTensorAreRefused) {
  expect_words(forward("image-only", [](Tensors& t) { t["input_images_dimensions"][0][1][1] = 0; }),
               {"input_images_dimensions", "word 1 of row 0"});
  expect_words(forward("image-only", [](Tensors& t) { t["input_images_dimensions"][1][0][0] = 1000; }),
               {"input_images_dimensions", "1000"});
  expect_words(forward("image-only", [](Tensors& t) { t["input_images_dimensions"][0][0][1] = 7; }), {"8"});
  expect_words(forward("image-only", [](Tensors& t) { t.erase("input_images"); }), {"input_images", "missing"});
}

// With --grad, results full of NaN were written.
TEST(ModelForward, WeightsThatAreNotFiniteAreRefusedWithGradientsToo) {
  WeltModel model = load_model(goldens / "bytes-only");
  for (const ModelTensor& tensor : model.tensors())
    if (tensor.name == "encoder_mapping.weight") tensor.tensor.detach().fill_(std::nan(""));
  const SafetensorsFile file = SafetensorsFile::open(goldens / "bytes-only" / "io.safetensors");
  for (const bool gradients : {false, true})
    expect_words(refusal([&] {
                   dense_forward(model, read_dense_batch(file, "batch/", model, Predictors::shown, 8192), gradients);
                 }),
                 {"encoder_mapping", "not finite"});
}

TEST(ModelForward, ImageFieldsOfAModelWithoutImagesAreNotLookedAt) {
  EXPECT_EQ(forward("bytes-only",
                    [](Tensors& t) {
                      t["input_images"] = at::zeros_like(t["position_ids"]).to(at::kByte);
                      t.erase("input_images_dimensions");
                    }),
            "");
}

TEST(ModelForward, ABatchWithoutLabelsHasLossZero) {
  EXPECT_EQ(forward("bytes-only",
                    [](Tensors& t) {
                      for (const char* name : {"labels_input", "labels_output", "labels_attention_mask"})
                        t[name].zero_();
                    }),
            "");
}

TEST(ModelForward, PositionIdsMayBeLeftOut) {
  EXPECT_EQ(forward("bytes-only", [](Tensors& t) { t.erase("position_ids"); }), "");
}

// A checkpoint folder with one of its files changed.
struct ChangedCheckpoint {
  explicit ChangedCheckpoint(const char* name) {
    for (const char* file : {"config.json", "model.safetensors"}) fs::copy(goldens / name / file, folder / file);
  }
  void change_config(const std::function<void(Json&)>& change) const {
    Json config = Json::parse(test::slurp(folder / "config.json"));
    change(config);
    folder.put("config.json", config.dump());
  }
  std::string load() const {
    return refusal([&] { load_model(folder.path()); });
  }
  TempFolder folder;
};

TEST(Generate, TwoFilesMakeACheckpoint) {
  const ChangedCheckpoint checkpoint("bytes-only");
  const Outcome outcome =
      test::run_welt({"generate", checkpoint.folder.path(), "--prompt", "the cat ", "--words", "1"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "the cat sat \n");
}

TEST(Generate, ACheckpointWithoutItsEncodersWeightsIsRefused) {
  const ChangedCheckpoint checkpoint("bytes-only");
  checkpoint.change_config([](Json& config) {
    const Json vit = Json::parse(test::slurp(goldens / "image-only" / "config.json")).at("image_encoder");
    config["image_encoder"] = vit;
  });
  expect_words(checkpoint.load(), {"image_encoder.embeddings.cls_token: missing", "encoder_mapping.weight: shape"});
}

TEST(Generate, DamagedCheckpointsAreRefusedInWords) {
  {
    const ChangedCheckpoint checkpoint("bytes-only");
    const std::string bytes = test::slurp(checkpoint.folder / "model.safetensors");
    checkpoint.folder.put("model.safetensors", bytes.substr(0, bytes.size() / 2));
    expect_words(checkpoint.load(), {"model.safetensors"});
  }
  const std::vector<std::pair<std::function<void(Json&)>, std::string>> changes{
      {[](Json& config) { config["model_type"] = "bert"; }, "\"welt\""},
      {[](Json& config) { config["encoding"] = "UTF-7"; }, "UTF-7"},
      {[](Json& config) { config["encoding"] = "UTF-32"; }, "char_embedding"},  // its names are those of bytes
      {[](Json& config) { config.erase("bytes_decoder"); }, "bytes_decoder"},
      {[](Json& config) { config["latent_transformer"]["model_type"] = "no_such_model"; }, "no_such_model"},
      {[](Json& config) {
         config["bytes_encoder"] = {{"model_type", "noop_model"}};
       },
       "at least one encoder"},
      {[](Json& config) { config["latent_transformer"]["hidden_size"] = "wide"; }, "hidden_size"},
      {[](Json& config) { config["latent_transformer"]["num_hidden_layers"] = 9; }, "missing"}};
  for (const auto& [change, word] : changes) {
    const ChangedCheckpoint checkpoint("bytes-only");
    checkpoint.change_config(change);
    expect_words(checkpoint.load(), {word});
  }
}

TEST(Generate, PromptsComeFromAFileToo) {
  const TempFolder folder;
  folder.put("prompts.txt", "the cat \non a big \n");
  const Outcome outcome = test::run_welt(
      {"generate", goldens / "bytes-only", "--prompts", folder / "prompts.txt", "--words", "1", "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 2);
}

TEST(Generate, ReturnsAndAMarkOfAPromptFileWereKept) {
  const TempFolder folder;
  folder.put("prompts.txt", "\xEF\xBB\xBFthe cat \r\non a big \r\n");
  const Outcome outcome = test::run_welt(
      {"generate", goldens / "bytes-only", "--prompts", folder / "prompts.txt", "--words", "1", "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const std::size_t second = outcome.out.find('\n');
  EXPECT_EQ(Json::parse(outcome.out.substr(0, second)).at("prompt"), "the cat ");
  EXPECT_EQ(Json::parse(outcome.out.substr(second)).at("prompt"), "on a big ");
}

// The command-line library takes "[a,b]" for a list of two unless it is told otherwise.
TEST(Generate, APromptInBracketsIsOneText) {
  const Outcome outcome =
      test::run_welt({"generate", goldens / "bytes-only", "--prompt", "[a,b]", "--words", "1", "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(Json::parse(outcome.out).at("prompt"), "[a,b]");
}

TEST(Generate, WithoutAPromptThereIsNothingToDo) {
  expect_refused(test::run_welt({"generate", goldens / "bytes-only"}), {"no prompt"});
}

TEST(Generate, TheLastEncoderCannotBeLeftOut) {
  expect_refused(test::run_welt({"generate", goldens / "bytes-only", "--prompt", "a", "--without", "bytes_encoder"}),
                 {"every encoder"});
}

TEST(Generate, OptionsOutOfRangeAreRefused) {
  const fs::path model = goldens / "bytes-only";
  EXPECT_EQ(test::run_welt({"generate", model, "--prompt", "a", "--words", "0"}).status, 2);
  EXPECT_EQ(test::run_welt({"generate", model, "--prompt", "a", "--without", "decoder"}).status, 2);
  expect_refused(test::run_welt({"generate", model, "--prompt", "a", "--top-p", "2", "--temperature", "1"}), {"top-p"});
}

TEST(Generate, NarrowWeightsWriteAndOthersAreRefused) {
  const fs::path model = goldens / "bytes-only";
  for (const char* weights : {"fp32", "bf16", "int8"}) {
    const Outcome outcome =
        test::run_welt({"generate", model, "--prompt", "the cat ", "--words", "2", "--weights", weights, "--json"});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_FALSE(Json::parse(outcome.out).at("text").get<std::string>().empty()) << weights;
  }
  expect_refused(test::run_welt({"generate", model, "--prompt", "a", "--weights", "int4"}), {"int4", "int8"});
}

TEST(Generate, ControlCharactersReachATerminalAsPicturesOnly) {
  const Outcome outcome =
      test::run_welt({"generate", goldens / "bytes-only", "--prompt", "\x1b[31m a ", "--words", "1"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out.find('\x1b'), std::string::npos);
  EXPECT_NE(outcome.out.find("␛[31m"), std::string::npos) << outcome.out;
}

TEST(ModelTrace, PlansThatDoNotFitAreRefused) {
  const fs::path trace = goldens / "trace-bytes-only";
  const Json plan = Json::parse(test::slurp(trace / "trace.json"));
  const auto run = [&](const std::function<void(Json&)>& change, const std::string& name = "plain") {
    const TempFolder folder;
    Json changed = plan;
    change(changed);
    folder.put("plan.json", changed.dump());
    return refusal([&] {
      const TracePlan read = TracePlan::load(folder / "plan.json", name);
      WeltModel model = load_model(trace);
      train_trace(model, read, trace / "batches.safetensors", name, folder / "out");
    });
  };
  expect_words(run([](Json&) {}, "plane"), {"plane", "plain"});
  expect_words(run([](Json& p) { p["decay"][0] = "no.such.weight"; }), {"no.such.weight", "neither group"});
  expect_words(run([](Json& p) { p["no_decay"].push_back(p["decay"][0]); }), {"named twice"});
  expect_words(run([](Json& p) { p["runs"]["plain"]["cycle"] = {77}; }), {"batch_77/input_ids"});
  expect_words(run([](Json& p) { p["runs"]["plain"]["cycle"] = Json::array(); }), {"empty"});
  expect_words(run([](Json& p) { p["optimizer"].erase("betas"); }), {"plan.json", "betas"});
  expect_words(run([](Json& p) { p["optimizer"]["type"] = "Lion"; }), {"Lion", "AdamW"});
  EXPECT_EQ(run([](Json& p) { p["optimizer"]["steps"] = 2; }), "");
}

}  // namespace
}  // namespace welt
