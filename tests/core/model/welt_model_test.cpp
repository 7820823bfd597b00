// The whole model against a dense float64 computation (tests/goldens/welt/make_welt.py), and its files.
#include "core/model/welt_model.h"
#include "core/checkpoint/model_files.h"

#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "core/base/file.h"
#include "core/base/log.h"
#include "core/tensor/offers.h"
#include "core/tensor/random.h"
#include "core/tensor/tensor_io.h"
#include "core/train/recipe_keys.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

using Json = nlohmann::json;

const std::filesystem::path golden = std::filesystem::path(WELT_TEST_DATA) / "welt" / "bert-llama-llama";

Batch golden_batch(const Json& expected) {
  Batch batch;
  batch.words = expected.at("width");
  for (const std::string word : expected.at("words")) {
    batch.table.bytes.insert(batch.table.bytes.end(), word.begin(), word.end());
    batch.table.offsets.push_back(static_cast<std::int64_t>(batch.table.bytes.size()));
  }
  const Json& fields = expected.at("batch");
  const auto list = [&](const char* name) { return fields.at(name).get<std::vector<std::int64_t>>(); };
  batch.input = list("input");
  batch.label = list("label");
  batch.position = list("position");
  batch.document = list("document");
  batch.prefix = list("prefix");
  batch.rows = static_cast<std::int64_t>(batch.input.size()) / batch.words;
  batch.label_bytes = expected.at("label_bytes");
  return batch;
}

struct Result {
  LossSums sums;
  std::map<std::string, double> norms;
};

Result run(const Batch& batch, std::int64_t chunk_tokens, bool amp) {
  WeltModel model = load_model(golden);
  model.set_training(false);
  Result result;
  result.sums = model.forward_backward(batch, static_cast<double>(batch.label_bytes), chunk_tokens, amp);
  for (const ModelParameter& parameter : model.parameters())
    if (parameter.tensor.grad().defined()) result.norms[parameter.name] = parameter.tensor.grad().norm().item<double>();
  return result;
}

// Worst |norm − expected| / max(expected, 1e-3) over all parameters; each must be there.
double worst_norm_error(const Result& result, const Json& expected, double rounding = 1e-5) {
  double worst = 0;
  EXPECT_EQ(result.norms.size(), expected.at("grad_norm").size());
  for (const auto& [name, value] : expected.at("grad_norm").items()) {
    const auto found = result.norms.find(name);
    if (found == result.norms.end()) {
      ADD_FAILURE() << "no gradient for " << name;
      continue;
    }
    const double norm = value.get<double>(), error = std::abs(found->second - norm) / std::max(norm, 1e-3);
    // Key biases have gradient 0 in exact arithmetic: what is left is `rounding`.
    if (norm > 1e-9) worst = std::max(worst, error);
    EXPECT_LT(found->second, norm > 1e-9 ? 1e9 : rounding) << name;
  }
  return worst;
}

TEST(WeltModelParity, LossAndEveryGradientEqualTheDenseComputation) {
  const Json expected = Json::parse(read_file(golden / "expected.json"));
  const Batch batch = golden_batch(expected);
  for (const std::int64_t chunk : {8192, 8}) {  // one chunk, and one of almost every row
    const Result result = run(batch, chunk, /*amp=*/false);
    const double nats = expected.at("nats");
    const double loss_error = std::abs(result.sums.nats - nats) / nats, norm_error = worst_norm_error(result, expected);
    std::printf("chunks of %lld: loss off by %.1e, gradient norms by %.1e at most\n", static_cast<long long>(chunk),
                loss_error, norm_error);
    EXPECT_EQ(result.sums.label_bytes, batch.label_bytes);
    // Float32 against float64: relative rounding of sums of a few thousand terms.
    EXPECT_LT(loss_error, 2e-6);
    EXPECT_LT(norm_error, 5e-5);
  }
}

TEST(WeltModelParity, MixedPrecisionStaysClose) {
  const Json expected = Json::parse(read_file(golden / "expected.json"));
  const Result result = run(golden_batch(expected), 8192, /*amp=*/true);
  EXPECT_NEAR(result.sums.nats, expected.at("nats").get<double>(), 0.02 * expected.at("nats").get<double>());
  EXPECT_LT(worst_norm_error(result, expected, /*rounding=*/1e-3), 0.3);
}

TEST(WeltModelParity, EvaluationCountsTheSameLoss) {
  const Json expected = Json::parse(read_file(golden / "expected.json"));
  const Batch batch = golden_batch(expected);
  WeltModel model = load_model(golden);
  const LossSums sums = model.evaluate(batch, 16, false);
  EXPECT_NEAR(sums.nats, expected.at("nats").get<double>(), 1e-4);
  EXPECT_EQ(sums.label_bytes, batch.label_bytes);
  EXPECT_EQ(sums.words, std::count_if(batch.label.begin(), batch.label.end(), [](auto label) { return label >= 0; }));
  EXPECT_LE(sums.correct_words, sums.words);
  for (const ModelParameter& parameter : model.parameters()) EXPECT_FALSE(parameter.tensor.grad().defined());
}

// In training, dropout on.
std::map<std::string, at::Tensor> gradients(std::int64_t blocks, const Batch& batch) {
  WeltModel model = load_model(golden);
  model.set_training(true);
  for (const WeltModel::Part& part : model.parts())
    EXPECT_TRUE(part.component == nullptr || checkpoint_every(*part.component, blocks)) << part.slot;
  seed_default_generator(7, RandomPurpose::micro_step);
  model.forward_backward(batch, static_cast<double>(batch.label_bytes), 64, /*amp=*/false);
  std::map<std::string, at::Tensor> found;
  for (const ModelParameter& parameter : model.parameters()) found[parameter.name] = parameter.tensor.grad();
  return found;
}

TEST(WeltModel, ActivationCheckpointingChangesNoGradient) {
  const Batch batch = golden_batch(Json::parse(read_file(golden / "expected.json")));
  const auto plain = gradients(0, batch);
  for (const std::int64_t every : {1, 2}) {
    for (const auto& [name, gradient] : gradients(every, batch)) {
      ASSERT_EQ(gradient.defined(), plain.at(name).defined()) << name;
      if (!gradient.defined()) continue;
      EXPECT_LE((gradient - plain.at(name)).abs().max().item<double>(), 1e-7) << name;
    }
  }
}

TEST(WeltModel, SavedFilesHaveTheNamesAndValuesOfTheCheckpointTheyCameFrom) {
  const test::TempFolder folder;
  save_model(load_model(golden), folder.path());
  const SafetensorsFile before = SafetensorsFile::open(golden / "model.safetensors"),
                        after = SafetensorsFile::open(folder / "model.safetensors");
  EXPECT_EQ(before.entries().size(), after.entries().size());
  for (const SafetensorsEntry& entry : before.entries()) {
    const SafetensorsEntry* saved = after.find(entry.name);
    ASSERT_NE(saved, nullptr) << entry.name;
    EXPECT_EQ(saved->shape, entry.shape) << entry.name;
    EXPECT_TRUE(copied_tensor(after, *saved).allclose(copied_tensor(before, entry), 1e-6, 1e-7)) << entry.name;
  }
  EXPECT_EQ(load_model(folder.path()).parameter_count(), load_model(golden).parameter_count());
}

// model.*.from with weights = true: what of which file arrives where.
TEST(WeltModel, WeightsOfHuggingFaceFoldersAreWhereTrainingStarts) {
  const std::filesystem::path models = std::filesystem::path(WELT_TEST_DATA) / "models";
  const test::TempFolder folder;
  const auto slot = [&](const char* name, const char* source) {
    return fmt::format("[model.{}]\nfrom = \"{}\"\n", name, (models / source).string());
  };
  folder.put("recipe.toml",
             slot("bytes_encoder", "bert-mlm") + slot("latent", "llama-gqa") + slot("decoder", "llama-gqa"));
  const WeltModel model(WeltSpec::from_recipe(load_recipe(folder / "recipe.toml")));
  const SafetensorsFile bert = SafetensorsFile::open(models / "bert-mlm" / "model.safetensors"),
                        llama = SafetensorsFile::open(models / "llama-gqa" / "model.safetensors");
  int bodies = 0, tables = 0;
  for (const ModelParameter& parameter : model.parameters()) {
    EXPECT_TRUE(parameter.tensor.requires_grad() && parameter.tensor.is_leaf()) << parameter.name;
    const SafetensorsFile& file = parameter.name.starts_with("bytes_encoder.") ? bert : llama;
    std::string name = parameter.name.substr(parameter.name.find('.') + 1);
    for (const std::string table : {"word_embeddings.", "embed_tokens."})  // a byte table's base is the token table
      if (const auto at = name.find(table + "embeddings.weight"); at != std::string::npos)
        name = name.substr(0, at) + table + "weight";
    const SafetensorsEntry* entry = file.find(name);
    if (parameter.name.ends_with("bit_proj_w")) {
      EXPECT_EQ(parameter.tensor.abs().sum().item<double>(), 0);
    }
    if (entry == nullptr || parameter.group == "decoder_mapping") continue;
    const at::Tensor source = copied_tensor(file, *entry);
    const bool table = parameter.tensor.size(0) == 256;
    const at::Tensor taken = table ? parameter.tensor.narrow(0, 0, source.size(0)) : parameter.tensor;
    EXPECT_TRUE(taken.detach().equal(source)) << parameter.name;
    if (table) {
      EXPECT_GT(parameter.tensor.narrow(0, source.size(0), 1).abs().sum().item<double>(), 0) << name;
    }
    (table ? tables : bodies) += 1;
  }
  EXPECT_EQ(tables, 3);  // encoder table, decoder table, decoder head
  EXPECT_GT(bodies, 60);
}

TEST(WeltModel, WeightsThatStartAtRandomAreToldByName) {
  const std::filesystem::path models = std::filesystem::path(WELT_TEST_DATA) / "models";
  const test::TempFolder folder;
  const SafetensorsFile whole = SafetensorsFile::open(models / "llama-gqa" / "model.safetensors");
  std::vector<NamedTensor> tensors;
  for (const SafetensorsEntry& entry : whole.entries())
    if (entry.name != "lm_head.weight") tensors.emplace_back(entry.name, copied_tensor(whole, entry));
  save_tensors(folder / "model.safetensors", tensors);
  std::filesystem::copy(models / "llama-gqa" / "config.json", folder / "config.json");
  folder.put("recipe.toml",
             fmt::format("[model.bytes_encoder]\nfrom = \"{}\"\n[model.latent]\nfrom = \"{}\"\n"
                         "[model.decoder]\nfrom = \"{}\"\n",
                         (models / "bert-mlm").string(), (models / "llama-gqa").string(), folder.path().string()));
  KeptWarnings warnings;
  const WeltModel model(WeltSpec::from_recipe(load_recipe(folder / "recipe.toml")));
  std::string told;
  for (const std::string& line : warnings.take()) told += line;
  EXPECT_CONTAINS(told, "not in the file, so they start at random: ");
  EXPECT_CONTAINS(told, "lm_head.weight");
}

TEST(WeltModel, ALatentTransformerThatIsNotThereIsRefused) {
  const test::TempFolder folder;
  Json config = Json::parse(read_file(golden / "config.json"));
  config["latent_transformer"] = {{"model_type", "noop_model"}, {"hidden_size", 0}};
  write_file(folder / "config.json", config.dump());
  EXPECT_CONTAINS(test::error_of([&] { load_model(folder.path()); }),
                  "config.json: no latent transformer, but an encoder");
}

TEST(WeltModel, ValuesOfTheWrongTypeInCheckpointFilesNameTheFile) {
  const test::TempFolder folder;
  Json config = Json::parse(read_file(golden / "config.json"));
  config["latent_transformer"]["model_type"] = 3;
  write_file(folder / "config.json", config.dump());
  EXPECT_CONTAINS(test::error_of([&] { load_model(folder.path()); }), "config.json");
  std::filesystem::copy(golden / "config.json", folder / "config.json",
                        std::filesystem::copy_options::overwrite_existing);
  for (const Json& extra : {Json{{"segmenter", 3}}, Json{{"pooling", 3}}, Json{{"pooling", "sum"}},
                            Json{{"segmenter", {{"max_bytes", -4}}}}, Json{{"plugins", "x"}}}) {
    write_file(folder / "welt.json", extra.dump());
    EXPECT_CONTAINS(test::error_of([&] { load_model(folder.path()); }), "welt.json");
  }
}

TEST(WeltModel, AFormatOfWeltJsonFromLaterWasReadAsTheFirst) {
  const test::TempFolder folder;
  std::filesystem::copy(golden / "config.json", folder / "config.json");
  for (const char* format : {"99", "\"2\"", "1.5"}) {
    write_file(folder / "welt.json", fmt::format("{{\"format\": {}}}", format));
    const std::string message = test::error_of([&] { load_model(folder.path()); });
    EXPECT_CONTAINS(message, fmt::format("welt.json: format {}", format));
    EXPECT_CONTAINS(message, "This welt is too old for it");
    // What takes weights alone did not look.
    EXPECT_CONTAINS(test::error_of([&] { HfSource::find(folder.path().string()).part("latent_transformer"); }),
                    "This welt is too old for it");
    WeltModel model = load_model(golden);
    EXPECT_CONTAINS(test::error_of([&] { init_from(model, folder.path(), true); }), "This welt is too old for it");
  }
}

TEST(WeltModel, ACheckpointThatDoesNotFitNamesEveryTensorAtOnce) {
  const test::TempFolder folder;
  std::filesystem::copy(golden / "config.json", folder / "config.json");
  const SafetensorsFile whole = SafetensorsFile::open(golden / "model.safetensors");
  std::vector<NamedTensor> tensors;
  for (const SafetensorsEntry& entry : whole.entries()) {
    at::Tensor tensor = copied_tensor(whole, entry);
    if (entry.name == "encoder_mapping.weight") tensor = tensor.t().contiguous();
    tensors.emplace_back(entry.name == "decoder_norm.weight" ? "decoder_norms.weight" : entry.name, tensor);
  }
  save_tensors(folder / "model.safetensors", tensors);
  const std::string message = test::error_of([&] { load_model(folder.path()); });
  EXPECT_CONTAINS(message, "encoder_mapping.weight: shape [24, 32] in the file, [32, 24] in the model");
  EXPECT_CONTAINS(message, "decoder_norm.weight: missing (nearest: decoder_norms.weight)");
}

}  // namespace
}  // namespace welt
