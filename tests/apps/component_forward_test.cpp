// `welt component forward` beyond parity: file names of other classes and old files, and one paragraph for bad input.
#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "core/tensor/tensor_io.h"
#include "tests/apps/run_welt.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using test::Outcome;
using test::TempFolder;

const fs::path model_goldens = fs::path(WELT_TEST_DATA) / "models";

std::vector<NamedTensor> read_all(const fs::path& path) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  std::vector<NamedTensor> result;
  for (const SafetensorsEntry& entry : file.entries()) result.emplace_back(entry.name, copied_tensor(file, entry));
  return result;
}

// A model folder that a test may spoil.
class ComponentForward : public testing::Test {
 protected:
  void use(const std::string& model) {
    for (const char* name : {"config.json", "model.safetensors", "io.safetensors"})
      fs::copy_file(model_goldens / model / name, folder_ / name, fs::copy_options::overwrite_existing);
  }
  void change_config(const std::function<void(nlohmann::json&)>& change) {
    nlohmann::json config = nlohmann::json::parse(test::slurp(folder_ / "config.json"));
    change(config);
    folder_.put("config.json", config.dump());
  }
  // Renames, replaces or (with an empty name) drops tensors of a file.
  void change(const char* file, const std::function<void(NamedTensor&)>& change) {
    std::vector<NamedTensor> tensors = read_all(folder_ / file);
    for (NamedTensor& tensor : tensors) change(tensor);
    std::erase_if(tensors, [](const NamedTensor& tensor) { return tensor.first.empty(); });
    save_tensors(folder_ / file, tensors);
  }
  void cases(const std::vector<NamedTensor>& tensors) { save_tensors(folder_ / "io.safetensors", tensors); }
  Outcome forward(const std::string& role, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"component",
                                       "forward",
                                       folder_.path().string(),
                                       "--role",
                                       role,
                                       "--in",
                                       (folder_ / "io.safetensors").string(),
                                       "--out",
                                       out().string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return test::run_welt(arguments, "WELT_PLUGIN_PATH=" WELT_PLUGIN_DIR);
  }
  fs::path out() const { return folder_ / "out.safetensors"; }
  // One paragraph, a status of its own, nothing written.
  std::string refusal(const std::string& role, const std::vector<std::string>& more = {}) {
    const Outcome run = forward(role, more);
    EXPECT_EQ(run.status, 1) << run.out << run.err;
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
    EXPECT_FALSE(fs::exists(out()));
    return run.err;
  }

  TempFolder folder_;
};

at::Tensor ids(std::int64_t batch, std::int64_t length, std::int64_t value = 1) {
  return at::full({batch, length}, value, at::kLong);
}

void replace(std::string& text, std::string_view from, std::string_view to) {
  if (const std::size_t at = text.find(from); at != std::string::npos) text.replace(at, from.size(), to);
}

TEST_F(ComponentForward, NamesWithoutPrefixAndOfOldBertFilesGiveTheSameValues) {
  use("bert-mlm");
  ASSERT_EQ(forward("bytes_encoder", {"--grad"}).status, 0);
  const std::vector<NamedTensor> before = read_all(out());
  change("model.safetensors", [](NamedTensor& tensor) {
    if (tensor.first.starts_with("bert.")) tensor.first.erase(0, 5);
    replace(tensor.first, "LayerNorm.weight", "LayerNorm.gamma");
    replace(tensor.first, "LayerNorm.bias", "LayerNorm.beta");
  });
  const Outcome run = forward("bytes_encoder", {"--grad"});
  ASSERT_EQ(run.status, 0) << run.err;
  const SafetensorsFile after = SafetensorsFile::open(out());
  ASSERT_EQ(after.entries().size(), before.size());
  for (auto [name, value] : before) {
    replace(name, "grad_norm/bert.", "grad_norm/");
    replace(name, "LayerNorm.weight", "LayerNorm.gamma");
    replace(name, "LayerNorm.bias", "LayerNorm.beta");
    ASSERT_NE(after.find(name), nullptr) << name;
    EXPECT_TRUE(copied_tensor(after, *after.find(name)).allclose(value)) << name;
  }
}

TEST_F(ComponentForward, UnusedTensorsAreNoError) {
  use("bert-mlm");
  change_config([](nlohmann::json& config) { config["architectures"] = {"BertModel"}; });
  const Outcome run = forward("bytes_encoder");  // the MLM head is unused, and the pooler is not in the file
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_CONTAINS(run.err, "pooler.dense.weight");
  const SafetensorsFile file = SafetensorsFile::open(out());
  EXPECT_NE(file.find("plain/out/last_hidden_state"), nullptr);
  EXPECT_EQ(file.find("plain/out/pooler_output"), nullptr) << "random weights are nobody's output";
  EXPECT_EQ(file.find("plain/out/logits"), nullptr);
}

TEST_F(ComponentForward, AClassifiersFileServesTheBodyWithoutItsPooler) {
  use("vit-classifier");
  ASSERT_EQ(forward("image_encoder").status, 0);
  const at::Tensor expected = [&] {
    const SafetensorsFile file = SafetensorsFile::open(out());
    return copied_tensor(file, *file.find("4x20/out/last_hidden_state"));
  }();
  change_config([](nlohmann::json& config) { config["architectures"] = {"ViTModel"}; });
  const Outcome run = forward("image_encoder");
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_CONTAINS(run.err, "pooler.dense.weight");
  const SafetensorsFile file = SafetensorsFile::open(out());
  EXPECT_TRUE(copied_tensor(file, *file.find("4x20/out/last_hidden_state")).equal(expected));
  EXPECT_EQ(file.find("4x20/out/pooler_output"), nullptr) << "random weights are nobody's output";
}

TEST_F(ComponentForward, InvalidPositionsAreZero) {
  use("llama-gqa");
  at::Tensor valid = at::ones({1, 3}, at::kBool);
  valid.select(1, 0).fill_(false);
  cases({{"a/in/input_ids", ids(1, 3)}, {"a/in/attention_mask", at::zeros({1, 3}, at::kLong)}, {"a/valid", valid}});
  ASSERT_EQ(forward("latent").status, 0);
  const SafetensorsFile file = SafetensorsFile::open(out());
  for (const char* name : {"a/out/last_hidden_state", "a/out/logits", "a/out/hidden_states.0"}) {
    const at::Tensor value = copied_tensor(file, *file.find(name));
    EXPECT_EQ(value.select(1, 0).abs().sum().item<float>(), 0) << name;
    EXPECT_GT(value.select(1, 1).abs().sum().item<float>(), 0) << name;
  }
  EXPECT_EQ(copied_tensor(file, *file.find("a/out/first_position")).abs().sum().item<float>(), 0);
}

TEST_F(ComponentForward, MissingAndMisshapenTensorsAreToldAllAtOnce) {
  use("llama-gqa");
  change("model.safetensors", [](NamedTensor& tensor) {
    if (tensor.first == "model.norm.weight") tensor.first = "model.norn.weight";
    if (tensor.first == "model.layers.0.mlp.up_proj.weight") tensor.second = at::ones({3, 4});
    if (tensor.first == "lm_head.weight") tensor.first.clear();
    if (tensor.first == "model.layers.1.input_layernorm.weight") tensor.second = tensor.second.to(at::kLong);
  });
  const std::string message = refusal("decoder");
  EXPECT_CONTAINS(message, "4 of its tensors");
  EXPECT_CONTAINS(message, "\"model.norm.weight\" is missing (nearest in the file: \"model.norn.weight\")");
  EXPECT_CONTAINS(message, "\"model.layers.0.mlp.up_proj.weight\" is [3, 4] in the file, expected [64, 32]");
  EXPECT_CONTAINS(message, "\"lm_head.weight\" is missing");
  EXPECT_CONTAINS(message, "\"model.layers.1.input_layernorm.weight\" has type I64");
}

TEST_F(ComponentForward, APromptMayBeTheWholeText) {
  use("llama-gqa");
  cases({{"a/in/input_ids", ids(2, 5)}, {"a/in/prompt_lengths", at::full({2}, 5, at::kLong)}});
  ASSERT_EQ(forward("latent").status, 0);
  const SafetensorsFile file = SafetensorsFile::open(out());
  EXPECT_EQ(file.find("a/out/step_logits")->shape, (std::vector<std::int64_t>{2, 0, 60}));
  EXPECT_TRUE(copied_tensor(file, *file.find("a/out/prefill_logits"))
                  .allclose(copied_tensor(file, *file.find("a/out/full_logits")), 1e-4, 1e-5));
}

TEST_F(ComponentForward, AFailedRunLeavesTheOldResult) {
  use("bert-pooler");
  ASSERT_EQ(forward("bytes_encoder").status, 0);
  const std::string before = test::slurp(out());
  cases({{"a/in/input_ids", ids(1, 3, 1000)}});
  EXPECT_EQ(forward("bytes_encoder").status, 1);
  EXPECT_EQ(test::slurp(out()), before);
}

TEST_F(ComponentForward, HelpEndsInExamplesAndUsageErrorsAreTold) {
  const Outcome help = test::run_welt({"component", "forward", "--help"});
  EXPECT_EQ(help.status, 0);
  EXPECT_CONTAINS(help.out, "Examples:");
  EXPECT_CONTAINS(help.out, "float32");
  EXPECT_NE(test::run_welt({"component", "forward", "x", "--role", "cook"}).status, 0);
  const Outcome nowhere =
      test::run_welt({"component", "forward", "/no/such", "--role", "latent", "--in", "a", "--out", "b"});
  EXPECT_EQ(nowhere.status, 1);
  EXPECT_CONTAINS(nowhere.err, "/no/such");
}

TEST_F(ComponentForward, TraceAndCompareNameTheFirstValueThatDiffers) {
  use("llama-gqa");
  ASSERT_EQ(forward("decoder", {"--trace"}).status, 0);
  fs::copy_file(out(), folder_ / "before.safetensors");
  const auto compare = [&] {
    return test::run_welt({"component", "compare", (folder_ / "before.safetensors").string(), out().string()});
  };
  EXPECT_EQ(compare().status, 0);
  change("model.safetensors", [](NamedTensor& tensor) {
    if (tensor.first.ends_with("layers.1.mlp.down_proj.weight")) tensor.second = tensor.second * 2;
  });
  ASSERT_EQ(forward("decoder", {"--trace"}).status, 0);
  const Outcome found = compare();
  EXPECT_EQ(found.status, 1);
  EXPECT_CONTAINS(found.out, "first difference: ");
  EXPECT_CONTAINS(found.out, "/trace/layers.1.mlp");
}

}  // namespace
}  // namespace welt
