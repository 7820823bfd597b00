// A byte_lm as a user trains it: the recipes of recipes/wave, resuming, evaluating, writing, describing; and what is
// refused.
#include <cstring>

#include "tests/apps/training.h"

namespace welt::test {
namespace {

class ByteLmRunSlow : public Training {
 protected:
  void SetUp() override {
    Training::SetUp();
    const std::string text = (folder_ / "text.txt").string();
    folder_.put("recipe.toml", "extends = \"" WELT_SOURCE_DIR "/recipes/wave/byte_llama.toml\"\nname = \"tiny\"\n" +
                                   ("run_dir = \"" + (folder_ / "runs").string()) + "\"\n" +
                                   "[data.train]\nfiles = [\"" + text +
                                   "\"]\nformat = \"lines\"\n"
                                   "[data.validation]\nfiles = [\"" +
                                   text +
                                   "\"]\nformat = \"lines\"\n"
                                   "[train]\nsteps = 12\nbatch = 2\nwords = 128\nwarmup_steps = 2\n"
                                   "checkpoint_every = 4\nkeep_checkpoints = 10\n[samples]\nwords = 2\ncount = 1\n");
  }
  Json summary(const std::string& name = "tiny") const { return Json::parse(slurp(run_folder(name) / "summary.json")); }
};

TEST_F(ByteLmRunSlow, TrainsResumesEvaluatesWritesAndIsDescribed) {
  const Outcome whole = train();
  ASSERT_EQ(whole.status, 0) << whole.err;
  EXPECT_NE(whole.out.find("bytes/s"), std::string::npos) << whole.out;
  EXPECT_EQ(whole.out.find("words right"), std::string::npos) << whole.out;
  const Json before = summary().at("before"), after = summary().at("after");
  EXPECT_LT(after.at("bits_per_byte"), 0.8 * before.at("bits_per_byte").get<double>());
  EXPECT_FALSE(after.contains("word_accuracy"));
  EXPECT_EQ(after.at("bytes"), fs::file_size(folder_ / "text.txt") - 60);

  const std::map<int, double> unbroken = losses();
  for (const char* later : {"step-00000008", "step-00000012"}) fs::remove_all(run_folder() / "checkpoints" / later);
  fs::remove(run_folder() / "summary.json");
  const Outcome resumed = train({"--resume"});
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_EQ(losses(), unbroken);
  EXPECT_EQ(summary().at("after"), after);

  const std::string run = run_folder().string();
  const Outcome evaluated = run_welt({"evaluate", run, "--json"});
  ASSERT_EQ(evaluated.status, 0) << evaluated.err;
  EXPECT_NEAR(Json::parse(evaluated.out).at("bits_per_byte"), after.at("bits_per_byte"), 1e-9);
  const Outcome text = run_welt({"generate", run, "--prompt", "verse ", "--words", "3", "--json"});
  ASSERT_EQ(text.status, 0) << text.err;
  EXPECT_LE(Json::parse(text.out).at("words").size(), 3u);
  const Outcome info = run_welt({"model", "info", run, "--json"});
  ASSERT_EQ(info.status, 0) << info.err;
  EXPECT_EQ(Json::parse(info.out).at("parts").size(), 1u);
  EXPECT_EQ(Json::parse(info.out).at("parameters"), summary().at("parameters"));
  EXPECT_EQ(run_welt({"checkpoint", "inspect", run}).status, 0);
  EXPECT_EQ(run_welt({"bench", "generate", run, "--words", "2", "--repeats", "1"}).status, 0);
  const std::string prompts = folder_.put("prompts.txt", "verse \nverse 1 \n").string();
  const Outcome timed =
      run_welt({"bench", "generate", run, "--prompts", prompts, "--words", "2", "--repeats", "1", "--json"});
  ASSERT_EQ(timed.status, 0) << timed.err;
  EXPECT_EQ(Json::parse(timed.out).at("batch"), 2);
  EXPECT_EQ(Json::parse(timed.out).at("texts").size(), 2u);

  // Its decoder is the model of a Hugging Face class; the whole is none of the Python WeLT's.
  const std::string llama = (folder_ / "llama").string();
  EXPECT_EQ(run_welt({"checkpoint", "export", run, llama, "--part", "bytes_decoder"}).status, 0);
  EXPECT_EQ(Json::parse(slurp(fs::path(llama) / "config.json")).at("architectures").at(0), "LlamaForCausalLM");
  EXPECT_NE(run_welt({"checkpoint", "export", run, (folder_ / "whole").string()}).status, 0);

  // Another run may begin with these weights, or with the whole checkpoint.
  EXPECT_EQ(train({"--set", "name=begun", "--set", "model.init_from=" + run, "--set", "train.steps=1"}).status, 0);
  folder_.put("later.toml", "[model]\nfrom = \"" + run + "\"\n[data.train]\nfiles = [\"" +
                                (folder_ / "text.txt").string() + "\"]\n[train]\nsteps = 1\nbatch = 1\nwords = 64\n");
  const Outcome later =
      run_welt({"run", (folder_ / "later.toml").string(), "--set", "run_dir=" + (folder_ / "runs").string()});
  EXPECT_EQ(later.status, 0) << later.err;

  for (const std::vector<std::string>& refused :
       {std::vector<std::string>{"embed", run, "--out", (folder_ / "v.npy").string(), "--text", "a"},
        {"generate", run, "--prompt", "a", "--beams", "2"},
        {"generate", run, "--prompt", "a", "--without", "bytes_encoder"},
        {"evaluate", run, "--set", "model.latent.plugin=llama"}}) {
    const Outcome outcome = run_welt(refused);
    EXPECT_NE(outcome.status, 0) << refused[0];
    EXPECT_EQ(outcome.out, "") << refused[0];
  }
}

TEST_F(ByteLmRunSlow, EveryRecipeOfTheFolderTrains) {
  for (const auto& entry : fs::directory_iterator(WELT_SOURCE_DIR "/recipes/wave")) {
    const std::string name = entry.path().stem();
    const Outcome run =
        run_welt({"run", entry.path().string(), "--set", "run_dir=" + (folder_ / "runs").string(), "--set",
                  "train.steps=3", "--set", "train.batch=2", "--set", "train.words=64", "--set", "train.warmup_steps=1",
                  "--set", "data.train.files=" + (folder_ / "text.txt").string(), "--set",
                  "data.validation.files=" + (folder_ / "text.txt").string(), "--set", "samples.count=0"});
    ASSERT_EQ(run.status, 0) << name << run.err;
    EXPECT_LT(summary(name).at("after").at("bits_per_byte"), summary(name).at("before").at("bits_per_byte")) << name;
  }
}

// docs/wave.md: the formats and modes of the seed's program, through `welt data prepare`.
TEST_F(ByteLmRunSlow, ReadsTheFormatsAndModesOfTheSeed) {
  struct Case {
    const char *file, *content, *text_template, *text;
  };
  const Case cases[] = {
      {"train.csv", "text\nhello world\n", "{text}", "hello world"},
      {"train.csv", "instruct,output\n\"Say, please\",Hello\n", "{instruct} {output}", "Say, please Hello"},
      {"train.csv", "instruct,output\nSay hello,Hello\n", "\x0e{instruct}\x0f{output}", "\x0eSay hello\x0fHello"},
      {"train.csv", "text\nagain\n", "\x0e{text}\x0f{text}",
       "\x0e"
       "again\x0f"
       "again"},
      {"train.json", R"([{"question": "1+1?", "answer": "2"}])", "Question: {question} Answer: {answer}",
       "Question: 1+1? Answer: 2"},
      {"train.jsonl", R"({"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]})",
       "{messages[0][content]} {messages[1][content]}", "Hi Ho"}};
  int number = 0;
  for (const Case& one : cases) {
    const std::string name = "set" + std::to_string(number++), shards = (folder_ / (name + "-shards")).string();
    folder_.put(name + "/" + one.file, one.content);
    const Outcome prepared =
        run_welt({"data", "prepare", "--dataset_name", (folder_ / name).string(), "--text_template", one.text_template,
                  "--language", "eng_Latn", "--train_split_units", "1000", "--output_path", shards});
    ASSERT_EQ(prepared.status, 0) << prepared.err;
    const Outcome plan = train({"--dry-run", "--set", "data.train.files=" + shards + "/*-train-*.jsonl.gz", "--set",
                                "data.train.format=jsonl"});
    ASSERT_EQ(plan.status, 0) << plan.err;
    EXPECT_NE(plan.out.find("1 documents, " + std::to_string(std::strlen(one.text)) + " bytes"), std::string::npos)
        << one.text << "\n"
        << plan.out;
  }
}

// Groups are cut into bytes, and prefixes are as long as their bytes.
TEST_F(ByteLmRunSlow, WhatItWritesIsMeasured) {
  std::string rows;
  for (int i = 0; i < 4; ++i)
    rows += Json{{"text", "verse " + std::to_string(i) + " of the book: \u00fcber words."},
                 {"prefix", i == 3 ? std::string(200, 'x') : "verse " + std::to_string(i) + " of "},
                 {"completion", "the book"},
                 {"language", i % 2 == 0 ? "de" : "en"}}
                .dump() +
            "\n";
  const std::string file = folder_.put("rows.jsonl", rows).string();
  const Outcome run = train({"--set", "data.validation.files=[\"" + file + "\"]",
                             "--set", "data.validation.format=auto",
                             "--set", "train.eval_rows=0",
                             "--set", "train.steps=2",
                             "--set", "evaluate.metrics=[\"cer\"]",
                             "--set", "evaluate.group_by=language",
                             "--set", "generate.words=2",
                             "--set", "model.decoder.plugin=gpt2",
                             "--set", "model.decoder.preset=nano",
                             "--set", "model.decoder.config={n_positions = 160}"});
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_CONTAINS(run.err, "1 of 4 held-out rows have a prefix of more bytes than the 160 positions of the decoder");
  const Json after = summary().at("after");
  EXPECT_EQ(after.at("texts"), 3);
  EXPECT_EQ(after.at("bytes"),
            after.at("groups").at("de").at("bytes").get<int>() + after.at("groups").at("en").at("bytes").get<int>());
  EXPECT_EQ(run.out.find("words right"), std::string::npos) << run.out;
  const Outcome beams = run_welt({"validate", (folder_ / "recipe.toml").string(), "--set",
                                  "data.validation.files=[\"" + file + "\"]", "--set", "data.validation.format=auto",
                                  "--set", "evaluate.metrics=[\"cer\"]", "--set", "generate.beams=4"});
  EXPECT_EQ(beams.status, 1);
  EXPECT_CONTAINS(beams.err, "beams");
}

TEST_F(ByteLmRunSlow, WhatIsOfWordsIsRefusedBeforeAnythingIsWritten) {
  for (const std::string key : {"model.latent.plugin=llama", "model.bytes_encoder.plugin=bert",
                                "model.modality_dropout=0.5", "train.best_metric=word_accuracy",
                                "model.decoder_context=2", "model.further_words=1", "train.mask_words=0.1"}) {
    for (const char* verb : {"validate", "run"}) {
      const Outcome outcome =
          run_welt({verb, (folder_ / "recipe.toml").string(), "--set", key, "--set", "train.eval_every=2"});
      EXPECT_EQ(outcome.status, 1) << verb << " " << key;
      EXPECT_NE(outcome.err.find(key.substr(0, key.find('='))), std::string::npos) << outcome.err;
    }
  }
  const Outcome stats = run_welt({"data", "stats", "--recipe", (folder_ / "recipe.toml").string()});
  EXPECT_EQ(stats.status, 1);
  EXPECT_CONTAINS(stats.err, "byte_lm");
  EXPECT_FALSE(fs::exists(run_folder()));
}

}  // namespace
}  // namespace welt::test
