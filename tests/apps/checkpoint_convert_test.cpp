// `welt checkpoint convert`, `export` and `diff` as a user runs them, on a checkpoint of the Python WeLT.
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>

#include "core/tensor/tensor_io.h"
#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class CheckpointFiles : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(original());
    for (const char* name : {"config.json", "model.safetensors"})
      fs::copy(fs::path(WELT_TEST_DATA) / "welt" / "bytes-only" / name, original() / name);
  }
  fs::path original() const { return folder_ / "original"; }
  fs::path out() const { return folder_ / "out"; }
  Outcome checkpoint(const std::string& verb, std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"checkpoint", verb, original().string(), out().string()});
    return run_welt(more);
  }
  Json diff(const fs::path& a, const fs::path& b) const {
    return Json::parse(run_welt({"checkpoint", "diff", a.string(), b.string(), "--json"}).out);
  }
  TempFolder folder_;
};

TEST_F(CheckpointFiles, OneInSeveralFilesIsTheSameModel) {
  const Outcome converted = checkpoint("convert", {"--max-shard-size", "100KB"});
  ASSERT_EQ(converted.status, 0) << converted.err;
  EXPECT_CONTAINS(converted.out, "104 tensors in 5 files");
  EXPECT_TRUE(fs::exists(out() / "model-00005-of-00005.safetensors"));
  EXPECT_FALSE(fs::exists(out() / "model.safetensors"));
  const Outcome inspected = run_welt({"checkpoint", "inspect", out().string(), "--check"});
  EXPECT_EQ(inspected.status, 0) << inspected.out << inspected.err;
  EXPECT_EQ(run_welt({"checkpoint", "diff", original().string(), out().string()}).status, 0);
  const std::vector<std::string> generate{"--prompt", "in the", "--words", "3"};
  std::vector<std::string> texts;
  for (const fs::path& folder : {original(), out()}) {
    std::vector<std::string> arguments{"generate", folder.string()};
    arguments.insert(arguments.end(), generate.begin(), generate.end());
    const Outcome run = run_welt(arguments);
    EXPECT_EQ(run.status, 0) << run.err;
    texts.push_back(run.out);
  }
  EXPECT_EQ(texts[0], texts[1]);
}

TEST_F(CheckpointFiles, ANarrowerTypeIsNearAndNamedInTheConfiguration) {
  const Outcome converted = checkpoint("convert", {"--dtype", "bfloat16"});
  ASSERT_EQ(converted.status, 0) << converted.err;
  EXPECT_EQ(Json::parse(slurp(out() / "config.json")).at("dtype"), "bfloat16");
  EXPECT_EQ(run_welt({"checkpoint", "inspect", out().string(), "--check"}).status, 0);
  const Json found = diff(original(), out());
  EXPECT_FALSE(found.at("equal"));
  EXPECT_TRUE(found.at("only_a").empty() && found.at("only_b").empty());
  for (const Json& tensor : found.at("tensors")) {
    EXPECT_EQ(tensor.at("types"), Json({"F32", "BF16"}));
    EXPECT_LT(tensor.at("relative"), 1.0 / 256) << tensor;
  }
}

TEST_F(CheckpointFiles, AValueThatTheTypeCannotHoldWritesNothing) {
  save_tensors(original() / "model.safetensors", {{"small", at::full({2}, 1.0)}, {"large", at::full({2}, 1e6)}});
  const Outcome converted = checkpoint("convert", {"--dtype", "float16"});
  EXPECT_EQ(converted.status, 1);
  EXPECT_CONTAINS(converted.err, "large: values up to 1e+06, beyond the range of float16");
  EXPECT_FALSE(fs::exists(out()));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 1) << "something was left behind";
}

TEST_F(CheckpointFiles, WhatIsThereAlreadyIsLeftAlone) {
  fs::create_directory(out());
  std::ofstream(out() / "mine") << "text";
  for (const char* verb : {"convert", "export"}) {
    const Outcome run = checkpoint(verb);
    EXPECT_EQ(run.status, 1);
    EXPECT_CONTAINS(run.err, "there is something of that name already");
  }
  EXPECT_EQ(slurp(out() / "mine"), "text");
}

TEST_F(CheckpointFiles, ATiedTensorIsKeptOnceWithItsOtherNameInTheMetadata) {
  const at::Tensor table = at::randn({4, 2});
  save_tensors(original() / "model.safetensors", {{"table", table}}, {{"format", "pt"}, {"head", "table"}});
  ASSERT_EQ(checkpoint("convert", {"--dtype", "float64"}).status, 0);
  const SafetensorsFile file = SafetensorsFile::open(out() / "model.safetensors");
  EXPECT_EQ(file.entries().size(), 1u);
  EXPECT_EQ(file.metadata().at("head"), "table");  // the name that carried the values does so still
}

// Infinity became a string, and weights of other modules in folders of their own were lost.
TEST_F(CheckpointFiles, WhatIsNotConvertedStaysAsItIs) {
  const std::string config = "{\"model_type\": \"bert\", \"limit\": Infinity, \"torch_dtype\": \"float32\"}\n";
  std::ofstream(original() / "config.json") << config;
  fs::create_directory(original() / "1_Dense");
  save_tensors(original() / "1_Dense" / "model.safetensors", {{"linear.weight", at::full({2}, 1.0)}});
  ASSERT_EQ(checkpoint("convert").status, 0);
  EXPECT_EQ(slurp(out() / "config.json"), config);
  EXPECT_EQ(slurp(out() / "1_Dense/model.safetensors"), slurp(original() / "1_Dense/model.safetensors"));
  fs::remove_all(out());
  ASSERT_EQ(checkpoint("convert", {"--dtype", "bfloat16"}).status, 0);
  EXPECT_EQ(slurp(out() / "config.json"),
            "{\"model_type\": \"bert\", \"limit\": Infinity, \"torch_dtype\": \"bfloat16\"}\n");
}

TEST_F(CheckpointFiles, APartKeepsTheTypeThatItIsStoredIn) {
  ASSERT_EQ(checkpoint("convert", {"--dtype", "float64"}).status, 0);
  const Outcome part =
      run_welt({"checkpoint", "export", out().string(), (folder_ / "part").string(), "--part", "bytes_decoder"});
  ASSERT_EQ(part.status, 0) << part.err;
  EXPECT_EQ(Json::parse(slurp(folder_ / "part/config.json")).at("dtype"), "float64");
  const SafetensorsFile file = SafetensorsFile::open(folder_ / "part/model.safetensors");
  EXPECT_EQ(file.entries().front().dtype, "F64");
}

TEST_F(CheckpointFiles, APickleIsSaidToBeOne) {
  fs::remove(original() / "model.safetensors");
  std::ofstream(original() / "pytorch_model.bin") << "pickle";
  const Outcome run = checkpoint("convert");
  EXPECT_EQ(run.status, 1);
  EXPECT_CONTAINS(run.err, "a Python pickle");
}

TEST_F(CheckpointFiles, AnExportedModelHasACardAndNoTrainingState) {
  fs::create_directory(original() / "training");
  std::ofstream(original() / "welt.json") << R"({"format": 1, "plugins": {}, "pooling": "first",
      "segmenter": {"plugin": "words", "max_bytes": 30, "config": {}}})";
  std::ofstream(original() / "training" / "state.json") << R"({"step": 40, "data": {"epoch": 2, "index": 17}})";
  std::ofstream(original() / "pytorch_model.bin") << "pickle";
  const Outcome exported = checkpoint("export");
  ASSERT_EQ(exported.status, 0) << exported.err;
  EXPECT_CONTAINS(exported.out, "training: moments");
  EXPECT_CONTAINS(exported.out, "pytorch_model.bin: weights in another format");
  EXPECT_FALSE(fs::exists(out() / "training"));
  const std::string card = slurp(out() / "README.md");
  for (const char* said : {"| bytes_decoder | gpt2 |", "segmenter `words`", "UTF-8", "from_pretrained"})
    EXPECT_CONTAINS(card, said);
  EXPECT_TRUE(diff(original(), out()).at("equal"));
}

TEST_F(CheckpointFiles, EveryPartIsItsOwnHuggingFaceFolder) {
  const std::vector<std::array<std::string, 4>> parts{
      {"bytes_encoder", "BertModel", "embeddings.word_embeddings.weight",
       "bytes_encoder.bert.embeddings.word_embeddings.weight"},
      {"latent_transformer", "LlamaModel", "norm.weight", "latent_transformer.model.norm.weight"},
      {"bytes_decoder", "GPT2LMHeadModel", "transformer.wte.weight", "bytes_decoder.transformer.wte.weight"}};
  const SafetensorsFile whole = SafetensorsFile::open(original() / "model.safetensors");
  for (const auto& [part, class_name, tensor, source] : parts) {
    fs::remove_all(out());
    const Outcome exported = checkpoint("export", {"--part", part});
    ASSERT_EQ(exported.status, 0) << exported.err;
    EXPECT_EQ(Json::parse(slurp(out() / "config.json")).at("architectures").at(0), class_name);
    const SafetensorsFile file = SafetensorsFile::open(out() / "model.safetensors");
    ASSERT_NE(file.find(tensor), nullptr) << tensor;
    ASSERT_NE(whole.find(source), nullptr) << source;
    EXPECT_TRUE(copied_tensor(file, *file.find(tensor)).equal(copied_tensor(whole, *whole.find(source)))) << tensor;
    for (const SafetensorsEntry& entry : file.entries()) EXPECT_EQ(entry.name.find("bit_proj"), std::string::npos);
  }
  fs::remove_all(out());
  const Outcome none = checkpoint("export", {"--part", "image_encoder"});
  EXPECT_EQ(none.status, 1);
  EXPECT_CONTAINS(none.err, "no such part in this model; expected one of bytes_encoder, latent_transformer");
}

TEST_F(CheckpointFiles, NamesWithACommonBeginningAreThoseOfTheModel) {
  const SafetensorsFile whole = SafetensorsFile::open(original() / "model.safetensors");
  std::vector<NamedTensor> wrapped;
  for (const SafetensorsEntry& entry : whole.entries())
    wrapped.emplace_back("_orig_mod." + entry.name, copied_tensor(whole, entry));
  fs::create_directory(out());
  save_tensors(out() / "model.safetensors", wrapped);
  fs::copy(original() / "config.json", out() / "config.json");
  const Outcome inspected = run_welt({"checkpoint", "inspect", out().string(), "--check"});
  EXPECT_EQ(inspected.status, 0) << inspected.out;
  const Outcome part =
      run_welt({"checkpoint", "export", out().string(), (folder_ / "part").string(), "--part", "bytes_decoder"});
  EXPECT_EQ(part.status, 0) << part.err;
  const Outcome model = run_welt({"checkpoint", "export", out().string(), (folder_ / "model").string()});
  EXPECT_EQ(model.status, 0) << model.err;
  EXPECT_TRUE(diff(original(), folder_ / "model").at("only_a").empty()) << "the wrapper's beginning is left off";
}

TEST_F(CheckpointFiles, ADifferenceIsNamedWithItsNorm) {
  fs::create_directory(out());
  save_tensors(original() / "model.safetensors",
               {{"a", at::full({4}, 3.0)}, {"b", at::full({2}, 1.0)}, {"x", at::full({1}, 0.0)}});
  save_tensors(out() / "model.safetensors",
               {{"a", at::full({4}, 5.0)}, {"b", at::full({3}, 1.0)}, {"y", at::full({1}, 0.0)}});
  std::ofstream(out() / "config.json") << R"({"model_type": "welt", "more": {"key": 1}})";
  const Outcome text = run_welt({"checkpoint", "diff", original().string(), out().string()});
  EXPECT_EQ(text.status, 1);
  for (const char* said :
       {"0 of 2 tensors of the same name are equal", "/more", "shapes [2] and [3]", "only in A: x", "only in B: y"})
    EXPECT_CONTAINS(text.out, said);
  const Json found = diff(original(), out());
  EXPECT_EQ(found.at("tensors").at(0).at("norm"), 4.0);
  EXPECT_EQ(found.at("tensors").at(0).at("a_norm"), 6.0);
}

}  // namespace
}  // namespace welt::test
