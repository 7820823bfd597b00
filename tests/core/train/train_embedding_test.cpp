// task = "train-embedding": what a run leaves, resume, and what is refused. Losses: pair_losses_test.cpp.
#include "core/train/train_embedding.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/file.h"
#include "core/similarity/embedding_files.h"
#include "core/tensor/tensor_io.h"
#include "core/train/recipe_keys.h"
#include "core/train/run_log.h"
#include "core/train/text_pairs.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using test::error_of;

const fs::path goldens = fs::path(WELT_TEST_DATA) / "distill";
const std::string pairs_text =
    "the cat sat\tthe cats sat on a mat\n"
    "a dog in the mat\tdogs\n"
    "runing\trun, run, run.\n"
    "a b c\tbc of b\n"
    "of the\tin the dog\n"
    "on a mat\tsat on\n"
    "the dogs sat\ta dog\n"
    "run in\truns.\n";

class TrainEmbedding : public testing::Test {
 protected:
  TrainEmbedding() { folder.put("pairs.tsv", pairs_text); }
  Recipe recipe(const std::string& name, std::vector<std::string> more = {}) const {
    const std::string text = "task = \"train-embedding\"\nname = \"" + name + "\"\nrun_dir = \"" +
                             folder.path().string() + "\"\n[embedding]\nfrom = \"" + (goldens / "bert").string() +
                             "\"\ndims = \"8, 4\"\n[pairs]\nfrom = \"columns\"\n[data.train]\nfiles = [\"" +
                             (folder / "pairs.tsv").string() + "\"]\n[data.validation]\nfiles = [\"" +
                             (folder / "pairs.tsv").string() +
                             "\"]\n[train]\nsteps = 6\nbatch = 3\nlearning_rate = 0.02\nschedule = "
                             "\"constant\"\nwarmup_steps = 0\ntensorboard = false\n";
    return parse_recipe(text, "test.toml", more);
  }
  TaskOutcome run(const std::string& name, const std::vector<std::string>& more = {}, bool resume = false) const {
    return train_embedding_task(recipe(name, more), {.resume = resume});
  }
  std::string refusal(const std::vector<std::string>& more) const {
    return error_of([&] { run("refused", more); });
  }
  at::Tensor table(const std::string& name) const {
    const SafetensorsFile file = SafetensorsFile::open(folder / (name + "/embedding/model.safetensors"));
    return copied_tensor(file, *file.find("embedding.weight"));
  }
  std::string bytes(const std::string& file) const { return read_file(folder / file); }
  test::TempFolder folder;
};

TEST_F(TrainEmbedding, LeavesAnEmbeddingThatTextsAreComparedWith) {
  const TaskOutcome outcome = run("made");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_CONTAINS(outcome.report, "19 rows of 8 columns");
  EXPECT_EQ(table("made").scalar_type(), at::kHalf);
  const auto embedding =
      similarity::StaticEmbedding::load(similarity::find_embedding((folder / "made/embedding").string()));
  EXPECT_EQ(embedding.full_dim(), 8u);
  EXPECT_EQ(embedding.tokenize("the cat"), (std::vector<std::int32_t>{2, 3}));
  EXPECT_FALSE(embedding.normalizes());
  EXPECT_CONTAINS(bytes("made/embedding/config.toml"), "dims = [8, 4]");
}

TEST_F(TrainEmbedding, TwoStepsLowerTheLossAndFortyThatOfSigns) {
  for (const auto& [form, steps] : {std::pair("none", 2), std::pair("tanh", 40)}) {
    const std::string name = std::string("lower-") + form;
    run(name, {fmt::format("train.steps={}", steps), "train.batch=8", fmt::format("embedding.binarizer={}", form)});
    const RunLog log = RunLog::read(folder / name);
    const Series& loss = log.evaluation.at("loss");
    ASSERT_EQ(loss.size(), 2u);
    EXPECT_LT(loss.back().second, loss.front().second) << form;
    EXPECT_EQ(log.evaluation.at("accuracy/4").size(), 2u);
    EXPECT_EQ(log.evaluation.at("binary_accuracy/8").size(), 2u);
    EXPECT_EQ(std::ssize(log.training.at("loss")), steps);
    EXPECT_EQ(log.state(), "finished");
  }
}

TEST_F(TrainEmbedding, AResumedRunIsTheRunInOnePiece) {
  for (const std::string precision : {"fp32", "bf16"}) {
    const std::vector<std::string> more{"precision=" + precision, "embedding.train_codebook=true",
                                        "train.checkpoint_every=3"};
    std::vector<std::string> cut = more;
    cut.push_back("train.minutes=1e-9");  // ends it behind the first step
    run("whole-" + precision, more);
    run("parts-" + precision, cut);
    EXPECT_FALSE(fs::exists(folder / ("parts-" + precision + "/checkpoints/step-00000003")));
    run("parts-" + precision, more, /*resume=*/true);
    for (const char* file :
         {"/checkpoints/step-00000006/model.safetensors", "/checkpoints/step-00000006/training/optimizer.safetensors",
          "/embedding/model.safetensors"})
      EXPECT_TRUE(bytes("whole-" + precision + file) == bytes("parts-" + precision + file)) << precision << file;
  }
  EXPECT_CONTAINS(run("whole-fp32", {"embedding.train_codebook=true"}, /*resume=*/true).report, "is finished");
}

TEST_F(TrainEmbedding, AnotherTextOrRateIsNoResumption) {
  run("made", {"train.minutes=1e-9"});
  EXPECT_CONTAINS(error_of([&] { run("made", {"train.learning_rate=0.5"}, true); }), "train.learning_rate");
  folder.put("pairs.tsv", pairs_text + "a\tb\n");
  EXPECT_CONTAINS(error_of([&] { run("made", {}, true); }), "data.train.files");
}

// Without a step the table is P (gelu(1) · e) + b of standardized rows: columns that move and scale with the codebook's
// change nothing of it.
TEST_F(TrainEmbedding, StandardizedColumnsForgetWhereTheCodebookLies) {
  const SafetensorsFile file = SafetensorsFile::open(goldens / "bert/model.safetensors");
  const at::Tensor words = copied_tensor(file, *file.find("embeddings.word_embeddings.weight"), at::kFloat);
  fs::create_directories(folder / "moved");
  save_tensors(folder / "moved/model.safetensors", {{"embedding.weight", words * 3 + 0.5}});
  write_file(folder / "moved/tokenizer.json", read_file(goldens / "bert/tokenizer.json"));
  const auto difference = [&](const std::string& name, const std::string& standardize) {
    run(name + "-here", {"train.steps=0", "embedding.standardize=" + standardize});
    run(name + "-moved", {"train.steps=0", "embedding.standardize=" + standardize,
                          "embedding.from=\"" + (folder / "moved").string() + "\""});
    return (table(name + "-here").to(at::kFloat) - table(name + "-moved").to(at::kFloat)).abs().max().item<double>();
  };
  EXPECT_LT(difference("standard", "true"), 0.02);  // float16
  EXPECT_GT(difference("plain", "false"), 0.1);
}

TEST_F(TrainEmbedding, AFrozenCodebookStaysAndIsNotWritten) {
  run("made");
  const SafetensorsFile file = SafetensorsFile::open(folder / "made/checkpoints/step-00000006/model.safetensors");
  EXPECT_EQ(file.find("embedding.weight"), nullptr);
  EXPECT_NE(file.find("token_weights"), nullptr);
}

TEST_F(TrainEmbedding, StartsFromWhatItLeft) {
  run("made");
  run("again", {"embedding.from=\"" + (folder / "made/embedding").string() + "\""});
  EXPECT_EQ(table("again").sizes(), (at::IntArrayRef{19, 8}));
}

TEST_F(TrainEmbedding, RefusalsNameKeyOrFile) {
  EXPECT_CONTAINS(refusal({"embedding.from=\"\""}), "embedding.from");
  EXPECT_CONTAINS(refusal({"embedding.dims=\"4, 8\""}), "smaller than the one before");
  EXPECT_CONTAINS(refusal({"embedding.dims=\"8, 8\""}), "smaller than the one before");
  EXPECT_CONTAINS(refusal({"embedding.dims=\"8, x\""}), "embedding.dims");
  EXPECT_CONTAINS(refusal({"embedding.dims=\"\""}), "embedding.dims");
  EXPECT_CONTAINS(refusal({"embedding.dims=\"13, 4\""}), "12 columns");
  EXPECT_CONTAINS(refusal({"train.batch=1"}), "train.batch");
  EXPECT_CONTAINS(refusal({"train.batch=9"}), "8 pairs");
  EXPECT_CONTAINS(refusal({"train.ema=0.01"}), "train.ema");
  EXPECT_CONTAINS(refusal({"data.train.files=[]"}), "data.train.files");
  EXPECT_CONTAINS(error_of([&] { train_embedding_task(recipe("refused"), {.profile = 2}); }), "--profile");
  EXPECT_FALSE(fs::exists(folder / "refused"));
}

TEST_F(TrainEmbedding, ATokenizerOfAnotherVocabularyIsRefused) {
  for (const std::int64_t rows : {10, 90}) {
    const std::string name = "rows" + std::to_string(rows);
    fs::create_directories(folder / name);
    save_tensors(folder / (name + "/model.safetensors"), {{"embedding.weight", at::randn({rows, 12})}});
    write_file(folder / (name + "/tokenizer.json"), read_file(goldens / "bert/tokenizer.json"));
    const std::string message = refusal({"embedding.from=\"" + (folder / name).string() + "\""});
    EXPECT_CONTAINS(message, rows == 10 ? "24 tokens" : "90 rows");
  }
}

TEST_F(TrainEmbedding, TextsThatAreNotThereAreNamedByLine) {
  folder.put("pairs.tsv", "the cat\tsat\na dog\t \n");
  EXPECT_CONTAINS(refusal({}), "line 2: the second text is empty");
  folder.put("pairs.tsv", "the cat sat\n");
  EXPECT_CONTAINS(refusal({}), "one column");
  folder.put("pairs.tsv", "");
  EXPECT_CONTAINS(refusal({}), "0 pairs");
  folder.put("pairs.tsv", "{\"a\":\"cat\",\"b\":\"dog\"}\n{\"a\":\"cat\",\"c\":\"dog\"}\n");
  const std::string message = refusal({"pairs.from=fields", "pairs.first=a", "pairs.second=b"});
  EXPECT_CONTAINS(message, "line 2: no field \"b\"; there are a, c");
  folder.put("pairs.tsv", "{\"a\":\"cat\",\"b\":[\"dog\"]}\n");
  EXPECT_CONTAINS(refusal({"pairs.from=fields", "pairs.first=a", "pairs.second=b"}),
                  "line 1: array in place of a text");
}

TEST_F(TrainEmbedding, BytesThatAreNoTextAreNamedByLineReplacedOrSkipped) {
  const similarity::TextIds ids(read_file(goldens / "bert/tokenizer.json"), "tokenizer.json");
  const auto pairs = [&](const std::string& text, const std::string& from, const std::string& on_invalid) {
    folder.put("pairs.tsv", text);
    return read_pairs(recipe("made", {"train.batch=2", "data.validation.files=[]", "pairs.from=" + from,
                                      "pairs.first=a", "pairs.second=b", "data.train.on_invalid=" + on_invalid}),
                      ids)
        .train.size();
  };
  const std::string columns = "the cat\tsat\na dog\tsat \xFF\na\tb\n",
                    fields =
                        "{\"a\":\"the cat\",\"b\":\"sat\"}\n{\"a\":\"a dog\",\"b\":\"sat \xFF\"}\n"
                        "{\"a\":\"a\",\"b\":\"b\"}\n";
  for (const auto& [from, text] : {std::pair("columns", columns), std::pair("fields", fields)}) {
    EXPECT_CONTAINS(error_of([&] { pairs(text, from, "error"); }), "line 2: bytes that are not UTF-8") << from;
    EXPECT_EQ(pairs(text, from, "replace"), 3) << from;
    EXPECT_EQ(pairs(text, from, "skip"), 2) << from;
  }
}

// An odd number of inches took the lines behind it into its field.
TEST_F(TrainEmbedding, AQuoteInsideAFieldIsACharacter) {
  const similarity::TextIds ids(read_file(goldens / "bert/tokenizer.json"), "tokenizer.json");
  folder.put("pairs.tsv", "a 6\" cat\tcat\nthe dog\tdog\na 5\" mat\tmat\n\"a\tb\nc\"\t\"\"\"the\"\"\"\n");
  const TokenPairs train = read_pairs(recipe("made", {"train.batch=2", "data.validation.files=[]"}), ids).train;
  ASSERT_EQ(train.size(), 4);
  EXPECT_EQ(train.first(1).size(), 2u);
  EXPECT_EQ(train.first(3).size(), 3u);  // a b c
}

TEST_F(TrainEmbedding, PairsComeFromFieldsNeighboursAndSentences) {
  const similarity::TextIds ids(read_file(goldens / "bert/tokenizer.json"), "tokenizer.json");
  const auto pairs = [&](const std::string& text, std::vector<std::string> more) {
    folder.put("pairs.tsv", text);
    more.insert(more.end(), {"train.batch=2", "data.validation.files=[]"});
    return read_pairs(recipe("made", more), ids);
  };
  const auto lines = pairs("the cat\nsat\n\na\nb\nof\n", {"pairs.from=documents", "data.train.format=lines"}).train;
  ASSERT_EQ(lines.size(), 2);
  EXPECT_EQ(lines.first(1).front(), 12);  // a
  EXPECT_EQ(lines.second(1).front(), 13);
  EXPECT_EQ(lines.tokens(), 5);
  const auto fields = pairs("{\"a\":\"cat\",\"b\":\"dog\"}\n{\"b\":\"sat\",\"a\":\"mat\"}\n",
                            {"pairs.from=fields", "pairs.first=a", "pairs.second=b"});
  EXPECT_EQ(fields.train.first(1).front(), 15);
  const auto sentences = pairs("The cat sat. A dog. The mat.\n\nA cat. The dog.\n",
                               {"pairs.from=sentences", "data.train.format=paragraphs"});
  ASSERT_EQ(sentences.train.size(), 2);
  EXPECT_EQ(sentences.train.first(1).size(), 3u);  // a cat .
  std::string many;
  for (int i = 0; i < 400; ++i) many += "cat\tdog\n";
  const auto split = pairs(many, {"data.validation.fraction=0.25"});
  EXPECT_NEAR(static_cast<double>(split.held_out.size()), 100, 40);
  EXPECT_EQ(split.held_out.size() + split.train.size(), 400);
}

TEST(EpochOrder, HasEachPairOnceAndAnotherOrderInEachEpoch) {
  std::vector<std::int64_t> first = epoch_order(50, 7, 0, true), second = epoch_order(50, 7, 1, true);
  EXPECT_NE(first, second);
  EXPECT_EQ(first, epoch_order(50, 7, 0, true));
  std::ranges::sort(first);
  EXPECT_EQ(first, epoch_order(50, 7, 0, false));
}

}  // namespace
}  // namespace welt
