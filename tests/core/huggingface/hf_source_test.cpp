// core/model/hf_source: folders, the hub's local cache, shards, and what is refused.
#include "core/huggingface/hf_source.h"

#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <optional>

#include "core/base/file.h"
#include "core/huggingface/hf_load.h"
#include "core/tensor/tensor_io.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using test::error_of;
using test::TempFolder;

// Environment variables for the time of a test, in which nothing is downloaded.
class Environment {
 public:
  explicit Environment(const std::map<std::string, std::string>& values) {
    for (const char* name :
         {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "HOME", "HF_HUB_OFFLINE"}) {
      const char* old = std::getenv(name);
      old_[name] = old == nullptr ? std::nullopt : std::optional<std::string>(old);
      const auto value = values.find(name);
      set(name, value == values.end() ? std::nullopt : std::optional(value->second));
    }
    set("HF_HUB_OFFLINE", "1");
  }
  ~Environment() {
    for (const auto& [name, value] : old_) set(name, value);
  }

 private:
  static void set(const std::string& name, const std::optional<std::string>& value) {
    if (value)
      setenv(name.c_str(), value->c_str(), 1);
    else
      unsetenv(name.c_str());
  }
  std::map<std::string, std::optional<std::string>> old_;
};

void put(const fs::path& path, std::string_view content) {
  fs::create_directories(path.parent_path());
  write_file(path, content);
}

TEST(HfSource, OfAModelOfSeveralPartsTheOneForARoleIsTaken) {
  const TempFolder folder;
  folder.put("config.json", R"({"model_type": "gemma3", "architectures": ["Gemma3ForConditionalGeneration"],
                                "text_config": {"model_type": "gemma3_text", "hidden_size": 8},
                                "vision_config": {"model_type": "siglip_vision_model", "architectures": ["Some"]}})");
  const HfSource whole = HfSource::find(folder.path().string());
  EXPECT_EQ(whole.for_role("welt.decoder/1").config()["hidden_size"], 8);
  EXPECT_EQ(whole.for_role("welt.bytes_encoder/1").architecture(), "");
  EXPECT_EQ(whole.for_role("welt.image_encoder/1").architecture(), "Some");
  folder.put("config.json", R"({"model_type": "llama", "text_config": {"hidden_size": 8}})");  // of no known type
  EXPECT_EQ(HfSource::find(folder.path().string()).for_role("welt.decoder/1").config()["model_type"], "llama");
  folder.put("config.json", R"({"model_type": "gemma3", "text_config": {"model_type": "x", "architectures": 3}})");
  EXPECT_CONTAINS(error_of([&] { HfSource::find(folder.path().string()).for_role("welt.decoder/1"); }),
                  "architectures");
}

TEST(HfSource, AFolderIsTakenAsItIs) {
  const TempFolder folder;
  folder.put("config.json", R"({"model_type": "bert", "architectures": ["BertModel", "Other"]})");
  const HfSource source = HfSource::find(folder.path().string());
  EXPECT_EQ(source.config()["model_type"], "bert");
  EXPECT_EQ(source.architecture(), "BertModel");
  folder.put("config.json", R"({"model_type": "bert", "architectures": null})");
  EXPECT_EQ(HfSource::find(folder.path().string()).architecture(), "");
}

TEST(HfSource, HubNamesAreLookedUpInTheLocalCache) {
  const TempFolder folder;
  const fs::path repository = folder.path() / "hub" / "models--org--name";
  put(repository / "snapshots" / "aaa" / "config.json", R"({"model_type": "old"})");
  put(repository / "snapshots" / "bbb" / "config.json", R"({"model_type": "main"})");
  put(repository / "snapshots" / "ccc" / "README.md", "");
  put(repository / "refs" / "main", "bbb");
  const Environment environment({{"HF_HOME", folder.path().string()}});
  EXPECT_EQ(HfSource::find("org/name").config()["model_type"], "main");
  fs::remove(repository / "refs" / "main");
  fs::remove_all(repository / "snapshots" / "bbb");
  EXPECT_EQ(HfSource::find("org/name").config()["model_type"], "old");
}

// Another snapshot than the one asked for was taken, without a word.
TEST(HfSource, AHubNameWhoseSnapshotIsNotWholeIsRefused) {
  const TempFolder folder;
  const fs::path repository = folder.path() / "hub" / "models--org--name";
  put(repository / "snapshots" / "aaa" / "config.json", R"({"model_type": "old"})");
  put(repository / "snapshots" / "bbb" / "README.md", "");
  const Environment environment({{"HF_HOME", folder.path().string()}});
  for (const char* named : {"bbb", "../../elsewhere", "ccc", ""}) {
    put(repository / "refs" / "main", named);
    const std::string message = error_of([] { HfSource::find("org/name"); });
    EXPECT_CONTAINS(message, "has no config.json");
    EXPECT_CONTAINS(message, "hf download org/name");
  }
}

TEST(HfSource, NotFoundNamesEveryPathTriedAndThatNothingIsDownloaded) {
  const TempFolder folder;
  const Environment environment({{"HF_HUB_CACHE", folder.path() / "a"}, {"HOME", folder.path() / "b"}});
  const std::string message = error_of([] { HfSource::find("org/name"); });
  EXPECT_CONTAINS(message, (folder.path() / "a/models--org--name/snapshots/*").string());
  EXPECT_CONTAINS(message, (folder.path() / "b/.cache/huggingface/hub/models--org--name/snapshots/*").string());
  EXPECT_CONTAINS(message, "Nothing is downloaded");
  // Not a hub's name: no cache is asked.
  const std::string path = error_of([] { HfSource::find("../org/na me"); });
  EXPECT_EQ(path.find("snapshots"), std::string::npos);
}

TEST(HfSource, HostileConfigsGetOneParagraph) {
  const TempFolder folder;
  const auto refusal = [&](std::string_view content) {
    const fs::path path = folder.put("config.json", content);
    const std::string message = error_of([&] { HfSource::find(folder.path().string()); });
    EXPECT_CONTAINS(message, path.string());
    return message;
  };
  EXPECT_CONTAINS(refusal("{\"model_type\": "), "not JSON");
  EXPECT_CONTAINS(refusal("[1, 2]"), "expected an object");
  EXPECT_CONTAINS(refusal("{\"a\": \"\xff\"}"), "not JSON");
  EXPECT_CONTAINS(refusal(R"({"model_type": 3})"), "model_type");
  EXPECT_CONTAINS(refusal(R"({"architectures": "BertModel"})"), "architectures");
  EXPECT_CONTAINS(refusal(R"({"architectures": [1]})"), "architectures");
  EXPECT_CONTAINS(refusal("{\"a\":" + std::string(100000, '[') + std::string(100000, ']') + "}"), "levels deep");
  EXPECT_CONTAINS(refusal("{\"a\":\"" + std::string((4 << 20) + 1, 'x') + "\"}"), "at most");
  fs::remove(folder.path() / "config.json");
  EXPECT_CONTAINS(error_of([&] { HfSource::find(folder.path().string()); }), "No such file");
}

TEST(HfSource, PickledWeightsAreRefusedWithTheCommandThatConvertsThem) {
  const TempFolder folder;
  EXPECT_CONTAINS(error_of([&] { HfWeights::open(folder.path()); }), "model.safetensors");
  folder.put("pytorch_model.bin", "x");
  const std::string message = error_of([&] { HfWeights::open(folder.path()); });
  EXPECT_CONTAINS(message, "save_pretrained");
  EXPECT_CONTAINS(message, "weights = false");
}

TEST(HfSource, ShardsAreOneSetOfTensors) {
  const TempFolder folder;
  save_tensors(folder.path() / "one.safetensors", {{"a", at::ones({2})}});
  save_tensors(folder.path() / "two.safetensors", {{"b", at::ones({3})}, {"c", at::ones({4})}});
  const fs::path index = folder.path() / "model.safetensors.index.json";
  write_file(index, R"({"weight_map": {"a": "one.safetensors", "b": "two.safetensors", "c": "two.safetensors"}})");
  const HfWeights weights = HfWeights::open(folder.path());
  ASSERT_EQ(weights.items().size(), 3U);
  EXPECT_EQ(weights.find("c")->entry->shape, std::vector<std::int64_t>{4});
  EXPECT_EQ(weights.find("d"), nullptr);

  write_file(index, R"({"weight_map": {"a": "two.safetensors", "b": "../two.safetensors", "c": 3}})");
  const std::string message = error_of([&] { HfWeights::open(folder.path()); });
  EXPECT_CONTAINS(message, "\"a\" is not in two.safetensors");
  EXPECT_CONTAINS(message, "\"b\" is not in a file of the same folder");
  EXPECT_CONTAINS(message, "\"c\" is not in a file of the same folder");
  write_file(index, R"({"weight_map": []})");
  EXPECT_CONTAINS(error_of([&] { HfWeights::open(folder.path()); }), "weight_map");
}

TEST(HfLoad, FileNamesWithAndWithoutPrefixAndOfOldBertFiles) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(file_name_candidates("bert.encoder.a.weight", "bert"),
            (Names{"bert.encoder.a.weight", "encoder.a.weight"}));
  EXPECT_EQ(file_name_candidates("layers.0.q.weight", "model"),
            (Names{"layers.0.q.weight", "model.layers.0.q.weight"}));
  EXPECT_EQ(file_name_candidates("a.LayerNorm.weight", ""), (Names{"a.LayerNorm.weight", "a.LayerNorm.gamma"}));
  EXPECT_EQ(file_name_candidates("bert.a.LayerNorm.bias", "bert"),
            (Names{"bert.a.LayerNorm.bias", "a.LayerNorm.bias", "bert.a.LayerNorm.beta", "a.LayerNorm.beta"}));
}

TEST(HfSource, AConfigurationOfTimmIsThatOfItsWrapper) {
  const test::TempFolder folder;
  folder.put("config.json",
             R"({"architecture": "fastvit_t8", "num_features": 768, "pretrained_cfg": {"tag": "apple"}})");
  EXPECT_EQ(HfSource::find(folder.path().string()).config().at("model_type"), "timm_wrapper");
}

// What stands beside the tables of parts was lost: packed weights, and an older spelling that transformers lets win.
TEST(HfSource, WhatIsSaidOfAllPartsReachesEachPart) {
  const TempFolder folder;
  const auto part = [&](const std::string& beside) {
    folder.put("config.json",
               R"({"model_type": "clip", "vision_config": {"model_type": "x", "width": 8}, )" + beside + "}");
    return HfSource::find(folder.path().string()).for_role("welt.image_encoder/1").config();
  };
  EXPECT_TRUE(part(R"("quantization_config": {"bits": 4})").contains("quantization_config"));
  EXPECT_EQ(part(R"("vision_config_dict": {"width": 8})").at("width"), 8);
  EXPECT_CONTAINS(error_of([&] { part(R"("vision_config_dict": {"width": 16})"); }), "width is 16");
}

}  // namespace
}  // namespace welt
