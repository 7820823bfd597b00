// Models of UTF-16 units and code points: from recipes, in files, in training, and what is refused.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <set>

#include "core/base/file.h"
#include "core/checkpoint/model_files.h"
#include "core/model/model_info.h"
#include "core/model/welt_model.h"
#include "core/tensor/random.h"
#include "core/tensor/tensor_io.h"
#include "core/train/evaluation.h"
#include "core/train/recipe_keys.h"
#include "core/train/stepper.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const fs::path goldens = fs::path(WELT_TEST_DATA) / "welt";

std::string recipe_text(const std::string& encoding, int decoder_width = 16) {
  const auto sizes = [](int width) {
    return "{ hidden_size = " + std::to_string(width) +
           ", num_hidden_layers = 1, num_attention_heads = 1, num_key_value_heads = 1, intermediate_size = 16, "
           "max_position_embeddings = 32 }\n";
  };
  return "[model]\nencoding = \"" + encoding +
         "\"\n"
         "[model.segmenter]\nmax_bytes = 14\n"
         "[model.bytes_encoder]\nplugin = \"bert\"\n"
         "config = { hidden_size = 16, num_hidden_layers = 1, num_attention_heads = 2, intermediate_size = 16, "
         "max_position_embeddings = 16, hidden_dropout_prob = 0.0, attention_probs_dropout_prob = 0.0 }\n"
         "[model.latent]\nplugin = \"llama\"\nconfig = " +
         sizes(16) + "[model.decoder]\nplugin = \"llama\"\nconfig = " + sizes(decoder_width) +
         "[train]\nsteps = 60\nlearning_rate = 1e-2\nschedule = \"constant\"\nwarmup_steps = 0\n";
}

WeltModel fresh_model(const Recipe& recipe) {
  seed_default_generator(7, RandomPurpose::initialise);
  return WeltModel(WeltSpec::from_recipe(recipe));
}

std::set<std::string> names_of(const fs::path& file) {
  std::set<std::string> names;
  const SafetensorsFile opened = SafetensorsFile::open(file);
  for (const SafetensorsEntry& entry : opened.entries()) names.insert(entry.name);
  return names;
}

// The Python WeLT's checkpoint, read and written, is the same file; but for a table that nothing reads.
TEST(UnitModelParity, AReferenceCheckpointIsWrittenAsItWasRead) {
  for (const auto& [name, unused] :
       {std::pair{"utf16", ""}, std::pair{"utf32", "bytes_decoder.model.model.embed_tokens.weight"}}) {
    const test::TempFolder folder;
    save_model(load_model(goldens / name), folder.path(), 32);
    const fs::path before = goldens / name / "model.safetensors", after = folder.path() / "model.safetensors";
    EXPECT_EQ(names_of(after), names_of(before));
    const SafetensorsFile old_file = SafetensorsFile::open(before), file = SafetensorsFile::open(after);
    for (const SafetensorsEntry& entry : file.entries()) {
      const SafetensorsEntry& old = *old_file.find(entry.name);
      EXPECT_EQ(entry.shape, old.shape) << entry.name;
      EXPECT_EQ(entry.dtype, old.dtype) << entry.name;
      const at::Tensor now = copied_tensor(file, entry), was = copied_tensor(old_file, old);
      // Folded tables are computed anew.
      if (entry.name == unused || now.numel() == 0) continue;
      EXPECT_LE(now.to(at::kDouble).sub(was).abs().max().item<double>(), 1e-6) << entry.name;
    }
    const Json config = Json::parse(read_file(folder.path() / "config.json")),
               reference = Json::parse(read_file(goldens / name / "config.json"));
    for (const char* key : {"encoding", "tokenizer_class", "num_tokens", "pad_token_id", "bos_token_id"})
      EXPECT_EQ(config.at(key), reference.at(key)) << key;
    EXPECT_EQ(config.at("bytes_decoder").at("vocab_size"), reference.at("bytes_decoder").at("vocab_size"));
    const Json tokenizer = Json::parse(read_file(folder.path() / "tokenizer/tokenizer_config.json"));
    EXPECT_EQ(tokenizer.at("tokenizer_class"), reference.at("tokenizer_class"));
  }
}

TEST(UnitModel, LearnsATextAndComesBackFromItsFiles) {
  for (const std::string encoding : {"utf-8", "utf-16", "utf-32"}) {
    const test::TempFolder folder;
    const Recipe recipe = parse_recipe(recipe_text(encoding), "units.toml");
    WeltModel model = fresh_model(recipe);
    const Component segmenter = make_segmenter(model.spec().segmenter);
    DatasetOptions options{{.files = {folder.put("text.txt", "the caf\u00e9 \U0001F642\nna\u00efve cat\n")}}};
    options.format = "lines";
    options.batch = 2;
    options.words = 4;
    options.max_bytes = 14;
    options.units = model.units();
    const auto data = Dataset::open(options, segmenter);
    const std::vector<Batch> batches = data->evaluation_batches();
    const LossSums before = evaluate(model, batches, 8192, false);
    Stepper stepper(model, *data, stepper_options(recipe));
    for (std::int64_t step = 1; step <= recipe.integer("train.steps"); ++step) stepper.step(step);
    const LossSums after = evaluate(model, batches, 8192, false);
    EXPECT_LT(after.loss(), before.loss() / 4) << encoding;
    EXPECT_GT(after.byte_accuracy(), before.byte_accuracy() + 0.2) << encoding;
    // Σ nats of all bytes of units, by the bytes of the text in UTF-8: 14 + 10.
    EXPECT_EQ(after.text_bytes, 24) << encoding;
    EXPECT_EQ(after.label_bytes, batches.at(0).label_bytes);
    EXPECT_NEAR(after.bits_per_byte(), after.nats / std::numbers::ln2 / 24, 1e-12);

    save_model(model, folder.path(), 4);
    WeltModel loaded = load_model(folder.path());
    EXPECT_EQ(loaded.units(), model.units());
    EXPECT_NEAR(evaluate(loaded, batches, 8192, false).nats, after.nats, 1e-4) << encoding;
    EXPECT_TRUE(compare_tensors(loaded, HfWeights::open(folder.path())).unused.empty());
  }
}

// A byte of a unit has its own code: before training each costs about ln 256, whatever the unit, but for the two bytes
// of a code point that can hardly be.
TEST(UnitModel, AnUntrainedModelSpendsEightBitsOnEveryPossibleByte) {
  for (const auto& [encoding, nats] :
       {std::pair{"utf-16", std::log(256.0)}, std::pair{"utf-32", (2 * std::log(256.0) + std::log(17.0)) / 4}}) {
    WeltModel model = fresh_model(parse_recipe(recipe_text(encoding), "units.toml"));
    Batch batch;
    batch.rows = 1;
    batch.words = 2;
    batch.table.units = model.units();
    for (const char* word : {"a\U0001F642", "\u20ac"}) batch.table.add(word);
    batch.input = {0, 1};
    batch.label = {1, 0};
    batch.position = {0, 1};
    EXPECT_NEAR(model.evaluate(batch, 8192, false).loss(), nats, 0.05) << encoding;
  }
}

TEST(UnitModel, ABatchInOtherUnitsIsRefused) {
  WeltModel model = fresh_model(parse_recipe(recipe_text("utf-16"), "units.toml"));
  EXPECT_CONTAINS(test::error_of([&] { model.evaluate(Batch(), 8192, false); }), "words in UTF-8");
}

// Of a decoder from elsewhere the body is taken, and as its head the first rows of its table, to which it is tied.
TEST(UnitModel, ADecoderFromElsewhereGivesItsBodyAndTheFirstRowsOfItsHead) {
  const fs::path gpt2 = fs::path(WELT_TEST_DATA) / "models" / "gpt2-a";
  const std::string text = recipe_text("utf-32");
  const std::size_t decoder = text.find("[model.decoder]"), train = text.find("[train]");
  const WeltModel model = fresh_model(
      parse_recipe(text.substr(0, decoder) + "[model.decoder]\nfrom = \"" + gpt2.string() + "\"\n" + text.substr(train),
                   "units.toml"));
  const SafetensorsFile file = SafetensorsFile::open(gpt2 / "model.safetensors");
  int taken = 0;
  for (const ModelParameter& parameter : model.parameters()) {
    const std::string prefix = "bytes_decoder.model.";
    if (!parameter.name.starts_with(prefix)) continue;
    const at::Tensor source = copied_tensor(file, *file.find(parameter.name.substr(prefix.size())));
    EXPECT_TRUE(parameter.tensor.detach().equal(source.narrow(0, 0, parameter.tensor.size(0)))) << parameter.name;
    ++taken;
  }
  EXPECT_EQ(taken, 28);  // wte as the head, wpe, ln_f and 12 of each of two blocks
}

// Rows in chunks of any size add up to one loss and one gradient.
TEST(UnitModel, ChunksOfTheDecoderDoNotMatter) {
  const fs::path folder = goldens / "utf16";
  std::map<std::string, at::Tensor> first;
  double nats = 0;
  for (const std::int64_t chunk : {8192, 6}) {
    WeltModel model = load_model(folder);
    model.set_training(false);
    Batch batch;
    batch.rows = 1;
    batch.words = 3;
    batch.table.units = model.units();
    for (const char* word : {"\x02", "big ", "\U0001F642 ", ""}) batch.table.add(word);
    batch.input = {0, 1, 2};
    batch.label = {1, 2, 3};
    batch.position = {0, 1, 2};
    const LossSums sums = model.forward_backward(batch, 1, chunk, false);
    if (first.empty()) nats = sums.nats;
    EXPECT_NEAR(sums.nats, nats, 1e-4);
    for (const ModelParameter& parameter : model.parameters()) {
      const at::Tensor& gradient = parameter.tensor.grad();
      ASSERT_TRUE(gradient.defined()) << parameter.name;
      const auto [known, added] = first.try_emplace(parameter.name, gradient);
      EXPECT_LE(gradient.sub(known->second).abs().max().item<double>(), 1e-3) << parameter.name;
    }
  }
}

TEST(UnitModel, EveryParameterIsCountedOnceAndNoneIsIdle) {
  const ModelInfo info = describe_model(load_model(goldens / "utf32"), {.bytes = 4, .words = 8});
  // The Python counts folded tables too, and the table that nothing reads.
  EXPECT_EQ(info.parameters, 54304 - 256 * (24 / 4 + 32 / 4) - 32 * 32);
  for (const PartInfo& part : info.parts) {
    if (part.name != "bytes_decoder") continue;
    EXPECT_EQ(part.idle, 0);
    // 6 positions of two blocks' matrices; 5 of the head and of the product with the byte table.
    const double blocks = 2 * (4 * 32 * 32 + 3 * 32 * 48), head = 32 * 32 + 256 * 32;
    EXPECT_EQ(part.weight_flops, 2 * blocks * 6 + 2 * head * 5);
  }
}

TEST(UnitModel, EncodingsAndWidthsThatDoNotFitAreNamed) {
  const auto error = [](const std::string& text) {
    return test::error_of([&] { WeltModel(WeltSpec::from_recipe(parse_recipe(text, "units.toml"))); });
  };
  EXPECT_CONTAINS(error(recipe_text("utf-7")), "model.encoding");
  const std::string odd = error(recipe_text("utf-32", 18));
  for (const char* word :
       {"units.toml", "model.decoder", "llama", "18 values", "UTF-32 units of 4 bytes", "multiple of 4"})
    EXPECT_CONTAINS(odd, word);
  const test::TempFolder folder;
  for (const char* file : {"config.json", "model.safetensors"})
    fs::copy(goldens / "utf16" / file, folder.path() / file);
  Json config = Json::parse(read_file(folder.path() / "config.json"));
  config["encoding"] = "EBCDIC";
  write_file(folder.path() / "config.json", config.dump());
  const std::string unknown = test::error_of([&] { load_model(folder.path()); });
  for (const char* word : {"config.json", "EBCDIC", "UTF-16"}) EXPECT_CONTAINS(unknown, word);
  // Read as if it were of bytes, it lacks every tensor whose name or shape has to do with units.
  config["encoding"] = "UTF-8";
  write_file(folder.path() / "config.json", config.dump());
  EXPECT_CONTAINS(test::error_of([&] { load_model(folder.path()); }), "bytes_decoder");
}

}  // namespace
}  // namespace welt
