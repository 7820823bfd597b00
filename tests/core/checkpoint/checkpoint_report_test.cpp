// Checkpoints, whole and damaged: what a report can say of each.
#include "core/checkpoint/checkpoint_report.h"

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "core/base/file.h"
#include "core/checkpoint/model_files.h"
#include "core/model/welt_model.h"
#include "core/tensor/tensor_io.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const fs::path golden = fs::path(WELT_TEST_DATA) / "welt" / "bytes-only";

// A checkpoint that a test may damage.
class CheckpointReports : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"config.json", "model.safetensors"}) fs::copy(golden / name, path() / name);
  }
  const fs::path& path() const { return folder_.path(); }
  void change_config(const std::function<void(Json&)>& change) const {
    Json config = Json::parse(read_file(path() / "config.json"));
    change(config);
    write_file(path() / "config.json", config.dump());
  }
  void change_weights(const std::function<void(std::vector<NamedTensor>&)>& change) const {
    const SafetensorsFile file = SafetensorsFile::open(golden / "model.safetensors");
    std::vector<NamedTensor> tensors;
    for (const SafetensorsEntry& entry : file.entries()) tensors.emplace_back(entry.name, copied_tensor(file, entry));
    change(tensors);
    save_tensors(path() / "model.safetensors", tensors);
  }
  CheckpointReport report(bool read_values = false) const { return report_checkpoint(path(), read_values); }
  test::TempFolder folder_;
};

const SlotReport& slot(const CheckpointReport& report, const std::string& name) {
  const auto found = std::ranges::find(report.slots, name, &SlotReport::slot);
  if (found == report.slots.end()) throw Error("no slot " + name);
  return *found;
}

std::string all(const CheckpointReport& report) {
  std::string text;
  for (const std::string& problem : report.problems) text += problem + "\n";
  return text;
}

TEST_F(CheckpointReports, AWholeOneOfThePythonWeLTHasNoProblem) {
  const CheckpointReport whole = report(true);
  EXPECT_EQ(all(whole), "");
  EXPECT_EQ(whole.format, "Python WeLT");
  EXPECT_FALSE(whole.training.has_value());
  EXPECT_EQ(whole.pooling, "first");
  EXPECT_EQ(whole.segmenter, "words");
  EXPECT_EQ(whole.renderer, "");
  EXPECT_TRUE(slot(whole, "image_encoder").empty);
  EXPECT_EQ(slot(whole, "bytes_encoder").plugin, "bert");
  EXPECT_EQ(slot(whole, "bytes_decoder").model_type, "gpt2");
  EXPECT_EQ(slot(whole, "latent_transformer").width, 32);
  EXPECT_EQ(whole.parameters, 106'496 - 2 * 256 * 32);  // Python counts the folded tables
  EXPECT_EQ(whole.values(), 106'496);
  EXPECT_EQ(whole.dtypes, (std::map<std::string, std::int64_t>{{"F32", 104}}));
  EXPECT_TRUE(whole.unused.empty());
  ASSERT_EQ(whole.folded.size(), 2u);
  for (const FoldedTable& table : whole.folded) {
    EXPECT_LT(table.difference, 1e-6);
    EXPECT_GT(table.largest, 0.5);
  }
  EXPECT_EQ(whole.files.size(), 2u);
  EXPECT_EQ(whole.files[1].bytes, fs::file_size(golden / "model.safetensors"));
}

TEST_F(CheckpointReports, OneOfOursTellsItsFormatAndWhereTrainingStands) {
  save_model(load_model(golden), path());
  fs::create_directory(path() / "training");
  write_file(path() / "training" / "state.json", R"({"step": 40, "data": {"epoch": 2, "index": 17}})");
  save_tensors(path() / "training" / "optimizer.safetensors", {});
  const CheckpointReport ours = report(true);
  EXPECT_EQ(all(ours), "");
  EXPECT_EQ(ours.format, "welt 1");
  ASSERT_TRUE(ours.training.has_value());
  EXPECT_EQ(ours.training->step, 40);
  EXPECT_EQ(ours.training->epoch, 2u);
  EXPECT_EQ(ours.training->row, 17u);
  EXPECT_TRUE(std::ranges::any_of(ours.files, [](const auto& file) { return file.name == "training/state.json"; }));
}

TEST_F(CheckpointReports, WithoutItsConfigurationTheWeightsAreTold) {
  fs::remove(path() / "config.json");
  const CheckpointReport left = report();
  EXPECT_FALSE(left.configuration_read);
  EXPECT_TRUE(left.weights_read);
  EXPECT_EQ(left.tensors.size(), 104u);
  EXPECT_EQ(left.folded.size(), 2u);
  EXPECT_EQ(left.parameters, 0);
  ASSERT_EQ(left.problems.size(), 1u) << all(left);
  EXPECT_CONTAINS(left.problems[0], "config.json: cannot be opened: No such file");
}

TEST_F(CheckpointReports, OfCutOffWeightsTheRestIsTold) {
  fs::resize_file(path() / "model.safetensors", 20'000);
  const CheckpointReport left = report(true);
  EXPECT_TRUE(left.configuration_read);
  EXPECT_FALSE(left.weights_read);
  EXPECT_EQ(slot(left, "bytes_encoder").plugin, "bert");
  EXPECT_GT(left.parameters, 0);
  ASSERT_EQ(left.problems.size(), 1u) << all(left);
  EXPECT_CONTAINS(left.problems[0], "The file is cut off or damaged");
}

TEST_F(CheckpointReports, AnUnknownModelTypeIsToldOnceAndTheOtherSlotsAreServed) {
  change_config([](Json& config) { config["latent_transformer"]["model_type"] = "mamba9"; });
  const CheckpointReport left = report();
  EXPECT_EQ(slot(left, "latent_transformer").plugin, "");
  EXPECT_EQ(slot(left, "latent_transformer").model_type, "mamba9");
  EXPECT_EQ(slot(left, "bytes_encoder").plugin, "bert");
  EXPECT_EQ(slot(left, "bytes_decoder").width, 32);
  ASSERT_EQ(left.problems.size(), 1u) << all(left);
  EXPECT_CONTAINS(left.problems[0], "latent_transformer: ");
  EXPECT_CONTAINS(left.problems[0], "mamba9");
  EXPECT_TRUE(left.weights_read);
}

TEST_F(CheckpointReports, NeitherConfigurationNorWeightsIsNothing) {
  write_file(path() / "config.json", "{");
  write_file(path() / "model.safetensors", "no tensors");
  const CheckpointReport left = report(true);
  EXPECT_FALSE(left.configuration_read);
  EXPECT_FALSE(left.weights_read);
  EXPECT_EQ(left.problems.size(), 2u) << all(left);
}

TEST_F(CheckpointReports, ValuesThatAreNotFiniteAreFoundWhenTheyAreRead) {
  change_weights([](std::vector<NamedTensor>& tensors) {
    for (NamedTensor& tensor : tensors) {
      if (tensor.first != "encoder_mapping.weight") continue;
      float* values = tensor.second.mutable_data_ptr<float>();
      values[3] = values[7] = std::numeric_limits<float>::quiet_NaN();
      values[8] = -std::numeric_limits<float>::infinity();
    }
  });
  EXPECT_EQ(all(report(false)), "");
  const CheckpointReport read = report(true);
  ASSERT_EQ(read.problems.size(), 1u) << all(read);
  EXPECT_CONTAINS(read.problems[0], "encoder_mapping.weight: of 1024 values 2 are NaN and 1 infinite");
}

TEST_F(CheckpointReports, AFoldedTableThatIsNotItsPartsIsFound) {
  change_weights([](std::vector<NamedTensor>& tensors) {
    for (NamedTensor& tensor : tensors)
      if (tensor.first == "bytes_decoder.transformer.wte.weight") tensor.second.mutable_data_ptr<float>()[5] += 0.25;
  });
  const CheckpointReport found = report();
  ASSERT_EQ(found.problems.size(), 1u) << all(found);
  EXPECT_CONTAINS(found.problems[0],
                  "bytes_decoder.transformer.wte.weight: differs from base + bits · projection by up "
                  "to 0.25");
}

TEST_F(CheckpointReports, NamesAndShapesAreComparedWithTheModel) {
  change_weights([](std::vector<NamedTensor>& tensors) {
    for (NamedTensor& tensor : tensors) {
      if (tensor.first == "decoder_norm.weight") tensor.first = "decoder_norms.weight";
      if (tensor.first == "encoder_norm.weight") tensor.second = tensor.second.narrow(0, 0, 8).clone();
    }
  });
  const CheckpointReport found = report();
  EXPECT_CONTAINS(all(found), "decoder_norm.weight: missing (nearest: decoder_norms.weight)");
  EXPECT_CONTAINS(all(found), "encoder_norm.weight: shape [8] in the file, [32] in the model");
  EXPECT_EQ(found.unused, (std::vector<std::string>{"decoder_norms.weight"}));
}

// As a missing folded tensor would be found only by the Python package.
TEST_F(CheckpointReports, AByteTableNeedsAllThreeOfItsTensors) {
  change_weights([](std::vector<NamedTensor>& tensors) {
    std::erase_if(tensors, [](const auto& tensor) { return tensor.first == "bytes_decoder.transformer.wte.weight"; });
  });
  const CheckpointReport found = report();
  ASSERT_EQ(found.problems.size(), 1u) << all(found);
  EXPECT_CONTAINS(found.problems[0], "of a byte table's three tensors bytes_decoder.transformer.wte.weight is missing");
}

TEST_F(CheckpointReports, DamagedTrainingStateLeavesTheModelReadable) {
  fs::create_directory(path() / "training");
  write_file(path() / "welt.json",
             R"({"format": 1, "plugins": {}, "pooling": "first",
                 "segmenter": {"plugin": "words", "max_bytes": 30, "config": {}}})");
  write_file(path() / "training" / "state.json", R"({"step": "forty", "data": {"epoch": 2, "index": 17}})");
  write_file(path() / "training" / "optimizer.safetensors", "cut");
  const CheckpointReport left = report();
  EXPECT_FALSE(left.training.has_value());
  EXPECT_TRUE(left.weights_read);
  EXPECT_EQ(left.problems.size(), 2u) << all(left);
  EXPECT_CONTAINS(all(left), "state.json: a value of the wrong type");
  EXPECT_CONTAINS(all(left), "optimizer.safetensors");
}

TEST_F(CheckpointReports, ConfigurationsOfTheWrongTypeAreProblemsNotCrashes) {
  const std::string good = read_file(path() / "config.json");
  for (const auto& [key, value] : std::vector<std::pair<std::string, Json>>{
           {"model_type", 3}, {"bytes_encoder", Json::array()}, {"modality_dropout", "x"}, {"encoding", "UTF-7"}}) {
    write_file(path() / "config.json", good);
    change_config([&, &name = key, &to = value](Json& config) { config[name] = to; });
    const CheckpointReport left = report();
    EXPECT_FALSE(left.problems.empty()) << key;
    EXPECT_TRUE(left.weights_read) << key;
  }
  write_file(path() / "config.json", good);
  for (const char* extra : {"[]", R"({"plugins": 3})", R"({"plugins": {"bytes_encoder": "nobody"}})",
                            R"({"pooling": {}})", R"({"segmenter": {"max_bytes": "long"}})"}) {
    write_file(path() / "welt.json", extra);
    EXPECT_FALSE(report().problems.empty()) << extra;
  }
}

TEST_F(CheckpointReports, AFolderThatIsNoneIsAnError) {
  const test::TempFolder empty;
  EXPECT_CONTAINS(test::error_of([&] { report_checkpoint(empty.path(), false); }), "a run folder or a checkpoint");
  EXPECT_CONTAINS(test::error_of([&] { report_checkpoint("/nowhere", false); }), "there is no such folder");
}

TEST_F(CheckpointReports, TensorsAreInTheJsonWhenAskedFor) {
  const CheckpointReport whole = report(true);
  EXPECT_FALSE(whole.to_json(false).contains("tensors"));
  const Json json = whole.to_json(true);
  ASSERT_EQ(json.at("tensors").size(), 104u);
  EXPECT_EQ(json.at("tensors")[0].at("nan"), 0);
  EXPECT_EQ(json.at("weights").at("folded_tables").size(), 2u);
  EXPECT_EQ(json.at("slots")[0].at("on"), false);
}

}  // namespace
}  // namespace welt
