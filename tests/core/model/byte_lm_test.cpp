// The decoder alone over bytes: documents in one row, learning, files, writing with a cache; and learning by waves.
#include "core/model/byte_lm.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <set>

#include "core/checkpoint/model_files.h"
#include "core/generate/generator.h"
#include "core/model/model_info.h"
#include "core/tensor/random.h"
#include "core/train/evaluation.h"
#include "core/train/recipe_keys.h"
#include "core/train/stepper.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

constexpr const char* llama =
    "plugin = \"llama\"\nconfig = { hidden_size = 16, num_hidden_layers = 1, num_attention_heads = 2, "
    "num_key_value_heads = 2, intermediate_size = 32, max_position_embeddings = 48, tie_word_embeddings = true }\n";
constexpr const char* gpt2 =
    "plugin = \"gpt2\"\nconfig = { n_embd = 16, n_layer = 1, n_head = 2, n_positions = 48, resid_pdrop = 0.0, "
    "embd_pdrop = 0.0, attn_pdrop = 0.0 }\n";
constexpr const char* ternary =
    "plugin = \"matmul_free\"\nconfig = { hidden_size = 16, num_hidden_layers = 1, intermediate_size = 32 }\n";
constexpr const char* cascade =
    "plugin = \"wave_cascade\"\nconfig = { num_nodes = 2, num_hidden_layers = 1, num_attention_heads = 2, "
    "hidden_size = 16, intermediate_size = 16, max_position_embeddings = 48, dropout = 0.0 }\n";

Recipe recipe_of(const std::string& decoder, const std::string& more = "") {
  return parse_recipe("[model]\nkind = \"byte_lm\"\n[model.decoder]\n" + decoder +
                          "[train]\nsteps = 80\nlearning_rate = 2e-2\nschedule = \"constant\"\nwarmup_steps = 0\n" +
                          more,
                      "bytes.toml");
}

WeltModel fresh_model(const Recipe& recipe) {
  seed_default_generator(7, RandomPurpose::initialise);
  return WeltModel(WeltSpec::from_recipe(recipe));
}

std::shared_ptr<const Dataset> open_lines(const test::TempFolder& folder, std::string_view text, std::int64_t rows,
                                          std::int64_t bytes) {
  DatasetOptions options{{.files = {folder.put("text.txt", text)}, .format = "lines"}};
  options.batch = rows;
  options.words = bytes;
  return Dataset::open(options, split_into_bytes);
}

// Documents that share a row do not see each other, whatever the mixer: their loss is that of rows of their own.
TEST(ByteLm, DocumentsOfOneRowAreAsThoseOfRowsOfTheirOwn) {
  const std::vector<std::string> lines{"the cat\n", "na\u00efve\n", "I sat \u4e2d on it\n"};
  for (const char* decoder : {llama, gpt2, ternary, cascade}) {
    const test::TempFolder folder;
    WeltModel model = fresh_model(recipe_of(decoder));
    const auto together = open_lines(folder, lines[0] + lines[1] + lines[2], 1, 40)->evaluation_batches();
    ASSERT_EQ(together.size(), 1u);
    EXPECT_EQ(std::set(together[0].document.begin(), together[0].document.end()),
              (std::set<std::int64_t>{-1, 0, 1, 2}));
    LossSums alone;
    for (const std::string& line : lines)
      alone += evaluate(model, open_lines(folder, line, 1, 40)->evaluation_batches(), 8192, false);
    const LossSums one = evaluate(model, together, 8192, false);
    EXPECT_EQ(one.text_bytes, 7 + 6 + 15) << decoder;
    EXPECT_EQ(one.label_bytes, one.text_bytes + 3) << "each document's end is one label";
    EXPECT_EQ(one.label_bytes, label_count(together[0]));
    EXPECT_NEAR(one.nats, alone.nats, 1e-3) << decoder;
    EXPECT_NEAR(one.bits_per_byte(), one.nats / std::numbers::ln2 / 28, 1e-9);
  }
}

TEST(ByteLm, LearnsATextAndComesBackFromItsFiles) {
  for (const char* decoder : {llama, gpt2}) {
    const test::TempFolder folder;
    const Recipe recipe = recipe_of(decoder);
    WeltModel model = fresh_model(recipe);
    const auto data = open_lines(folder, "the caf\u00e9 \U0001F642\nna\u00efve cat\n", 1, 32);
    const std::vector<Batch> batches = data->evaluation_batches();
    const LossSums before = evaluate(model, batches, 8192, false);
    Stepper stepper(model, *data, stepper_options(recipe));
    for (std::int64_t step = 1; step <= recipe.integer("train.steps"); ++step) stepper.step(step);
    const LossSums after = evaluate(model, batches, 8192, false);
    EXPECT_LT(after.bits_per_byte(), before.bits_per_byte() / 4) << decoder;

    std::filesystem::create_directory(folder / "saved");
    save_model(model, folder / "saved", 32);
    WeltModel loaded = load_model(folder / "saved");
    EXPECT_TRUE(is_byte_lm(loaded.spec()));
    EXPECT_EQ(evaluate(loaded, batches, 8192, false).nats, after.nats) << decoder;

    Generator generator(loaded);
    const std::vector<Generated> texts = generator.generate({"the ", "na\u00ef", ""}, {.words = 3});
    EXPECT_EQ(texts[0].text, "caf\u00e9 \U0001F642") << decoder;
    EXPECT_EQ(texts[0].finish, FinishReason::end_of_text);
    EXPECT_EQ(texts[1].words, (std::vector<std::string>{"ve ", "cat"})) << decoder;
    EXPECT_EQ(generator.generate({"na\u00ef"}, {.words = 1})[0].text, "ve ") << decoder;
    EXPECT_EQ(generator.generate({"na\u00ef"}, {.words = 3, .stop = {"e c"}})[0].text, "ve c") << decoder;
  }
}

// Each byte's probability out of the cache, beside another text, is that of the text read anew.
TEST(ByteLm, ACacheGivesWhatTheWholeTextGives) {
  for (const char* decoder : {llama, gpt2, ternary, cascade}) {
    WeltModel model = fresh_model(recipe_of(decoder));
    Generator generator(model);
    GenerateOptions options{.words = 1, .scores = true};
    for (std::size_t byte = 0; byte < 32; ++byte) options.rules.suppressed.set(byte);
    const std::string prompt = "ab";
    const Generated whole = generator.generate({"a longer text", prompt}, options).back();
    const WordTrace& found = whole.trace.at(0);
    ASSERT_GE(whole.text.size(), 3u) << decoder;
    for (std::size_t cut = 0; cut < whole.text.size(); ++cut) {
      if ((static_cast<std::uint8_t>(whole.text[cut]) & 0xC0) == 0x80) continue;
      const Generated anew = generator.generate({prompt + whole.text.substr(0, cut)}, options).front();
      EXPECT_EQ(anew.trace.at(0).bytes.front(), whole.text[cut]) << decoder << " at " << cut;
      EXPECT_NEAR(anew.trace[0].log_probabilities.at(0), found.log_probabilities.at(cut), 1e-4) << decoder;
    }
  }
}

TEST(ByteLm, WritesNoMoreThanItsPositionsAndNoHalfCharacter) {
  WeltModel model = fresh_model(recipe_of(gpt2));
  Generator generator(model);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const std::string prompt(40, 'x');
    const Generated text =
        generator.generate({prompt}, {.words = 50, .sampling = {.temperature = 3, .seed = seed}}).front();
    if (text.finish == FinishReason::positions) {
      EXPECT_LE(text.text.size(), 48u - 41 + 1);
    }
    EXPECT_NO_THROW(generator.generate({text.text.substr(0, 40)}, {.words = 1})) << "well-formed";
  }
  EXPECT_CONTAINS(test::error_of([&] { generator.generate({std::string(48, 'x')}, {.words = 1}); }),
                  "49 bytes, the start of the text included");
  for (const GenerateOptions& options :
       {GenerateOptions{.beams = {.beams = 2}}, GenerateOptions{.beams = {.word_beams = 2}},
        GenerateOptions{.reference_compatible = true}})
    EXPECT_CONTAINS(test::error_of([&] { generator.generate({"x"}, options); }), "byte_lm");
}

TEST(ByteLm, NeitherDraftsNorIsDraftedFor) {
  WeltModel model = fresh_model(recipe_of(llama)), other = fresh_model(recipe_of(llama));
  Generator generator(model);
  EXPECT_CONTAINS(test::error_of([&] { generator.set_draft(other); }), "byte_lm");
  WeltModel words = load_model(std::filesystem::path(WELT_TEST_DATA) / "welt" / "bytes-only");
  Generator of_words(words);
  EXPECT_CONTAINS(test::error_of([&] { of_words.set_draft(other); }), "byte_lm");
}

// A repetition penalty that is applied, over all that has been written.
TEST(ByteLm, ARepetitionPenaltyChangesWhatIsWritten) {
  WeltModel model = fresh_model(recipe_of(llama));
  GenerateOptions options{.words = 1, .rules = {.repetition_penalty = 1e6}, .max_bytes = 12};
  const std::string text = Generator(model).generate({"x"}, options).front().text;
  EXPECT_EQ(std::set(text.begin(), text.end()).size(), text.size()) << text;
}

TEST(ByteLm, KeysOfWordsAreRefusedByName) {
  const auto message = [](const std::string& more) {
    return test::error_of([&] { WeltSpec::from_recipe(recipe_of(llama, more)); });
  };
  const std::string all = message(
      "[model.latent]\nplugin = \"llama\"\n[model.bytes_encoder]\nplugin = \"bert\"\nconfig.hidden_size = 8\n"
      "[train.latent]\nfrozen = true\n");
  for (const char* name : {"model.latent.plugin", "model.bytes_encoder.plugin", "model.bytes_encoder.config",
                           "train.latent.frozen", "they mean nothing"})
    EXPECT_CONTAINS(all, name);
  EXPECT_CONTAINS(message("decoder_chunk_tokens = 100\n"), "train.decoder_chunk_tokens");
  EXPECT_CONTAINS(message("[model.image_encoder]\nenabled = false\n"), "model.image_encoder.enabled");
  EXPECT_CONTAINS(message("[compat]\nreference_compatible = true\n"), "compat.");
}

TEST(ByteLm, ItsPartsAreCounted) {
  const WeltModel model = WeltModel::outline(WeltSpec::from_recipe(recipe_of(llama)));
  const ModelInfo info = describe_model(model, {.bytes = 5, .words = 32});
  ASSERT_EQ(info.parts.size(), 1u);
  EXPECT_EQ(info.parts[0].name, "bytes_decoder");
  EXPECT_EQ(info.parts[0].positions, 5);
  const double layer = 4 * 16 * 16 + 3 * 16 * 32, head = 256 * 16;
  EXPECT_DOUBLE_EQ(*info.parts[0].weight_flops, 2 * 5 * (layer + head));
  EXPECT_DOUBLE_EQ(*info.parts[0].attention_flops, 4.0 * 16 * 5 * 33 / 2);
  EXPECT_EQ(info.decoder_cache.slots, 32);
}

// The objective against the waves themselves, in float64; and its gradient, by differences.
TEST(Objective, MseIsTheDistanceOfExpectedAndTrueWaves) {
  seed_default_generator(3, RandomPurpose::initialise);
  const Objective& mse = objective_of(recipe_of(llama, "objective = \"mse\"\n"));
  const at::Tensor logits = at::randn({5, 256}, at::kDouble).mul(3).requires_grad_(),
                   targets = at::tensor(std::vector<std::int64_t>{0, 3, 97, 255, 97}, at::kLong);
  const at::Tensor k = at::arange(0, 256, at::kDouble);
  const at::Tensor waves =
      at::outer(k, k).mul(2 * std::numbers::pi / 256).add(std::numbers::pi / 4).sin().mul(std::sqrt(2.0 / 256));
  const at::Tensor expected = at::softmax(logits.detach(), -1).matmul(waves).sub(waves.index_select(0, targets));
  const at::Tensor loss = mse.loss(logits, targets);
  EXPECT_NEAR(loss.item<double>(), expected.square().sum().item<double>(), 1e-10);
  // The same at any position, which turns all waves alike.
  const at::Tensor turned =
      at::outer(k.add(41), k).mul(2 * std::numbers::pi / 256).add(std::numbers::pi / 4).sin().mul(std::sqrt(2.0 / 256));
  const at::Tensor there = at::softmax(logits.detach(), -1).matmul(turned).sub(turned.index_select(0, targets));
  EXPECT_NEAR(there.square().sum().item<double>(), loss.item<double>(), 1e-10);
  loss.backward();
  constexpr double step = 1e-6;
  for (const std::int64_t place : {3, 97, 200}) {
    const auto moved = [&](double by) {
      const at::Tensor at_place = logits.detach().clone();
      at_place.select(0, 2).select(0, place).add_(by);
      return mse.loss(at_place, targets).item<double>();
    };
    EXPECT_NEAR(logits.grad()[2][place].item<double>(), (moved(step) - moved(-step)) / (2 * step), 1e-8);
  }
}

TEST(Objective, AModelLearnsByMseAndIsMeasuredInBits) {
  const test::TempFolder folder;
  const Recipe recipe = recipe_of(llama, "objective = \"mse\"\n");
  WeltModel model = fresh_model(recipe);
  model.set_objective(objective_of(recipe));
  const auto data = open_lines(folder, "the cat sat on the mat\n", 1, 32);
  const std::vector<Batch> batches = data->evaluation_batches();
  const LossSums before = evaluate(model, batches, 8192, false);
  EXPECT_NEAR(before.loss(), std::log(256.0), 0.5) << "nats, not distances";
  Stepper stepper(model, *data, stepper_options(recipe));
  double first = 0, last = 0;
  for (std::int64_t step = 1; step <= 80; ++step) {
    last = stepper.step(step).loss;
    if (step == 1) first = last;
  }
  EXPECT_NEAR(first, 1, 0.05) << "of a uniform distribution, 1 - 1/256";
  EXPECT_LT(last, 0.5) << "where it is sure of a wrong byte, mse has hardly a gradient: it does not learn all by heart";
  EXPECT_GT(evaluate(model, batches, 8192, false).byte_accuracy(), 0.5);
}

}  // namespace
}  // namespace welt
