// A model that reads its words by a static embedding, trained as a user does: frozen and not, resumed, and used without
// the weights that it began with.
#include "tests/apps/training.h"
#include "core/base/file.h"
#include "core/base/safetensors.h"

namespace welt::test {
namespace {

class StaticTrainingSlow : public Training {
 protected:
  void SetUp() override {
    Training::SetUp();
    std::vector<float> table(4 * 8);
    for (std::size_t i = 0; i < table.size(); ++i) table[i] = static_cast<float>(i % 7) - 3;
    write_safetensors(folder_ / "model.safetensors", {{"embedding.weight", "F32", {4, 8}, table.data()}});
    folder_.put("tokenizer.json", R"({
  "version": "1.0", "added_tokens": [], "normalizer": null, "pre_tokenizer": {"type": "WhitespaceSplit"},
  "model": {"type": "WordLevel", "unk_token": "?", "vocab": {"?": 0, "verse": 1, "of": 2, "book:": 3}}})");
    std::string recipe = slurp(folder_ / "recipe.toml");
    const std::size_t from = recipe.find("[model.bytes_encoder]"), to = recipe.find("[model.latent]");
    const std::string files = "\"" + folder_.path().string() + "\"";
    recipe.replace(from, to - from,
                   "[model.bytes_encoder]\nplugin = \"wordllama\"\nconfig = { num_embeddings = 4, hidden_size = 8, "
                   "tokenizer = " +
                       files + ", weights = " + files + " }\n");
    folder_.put("recipe.toml", recipe + "learning_rate = 1e-2\n");
  }
  std::string table_of(const std::string& run) const {
    const SafetensorsFile file = SafetensorsFile::open(run_folder(run) / "checkpoints/step-00000006/model.safetensors");
    for (const SafetensorsEntry& entry : file.entries()) EXPECT_EQ(entry.name.find("byte_embedding"), entry.name.npos);
    const SafetensorsEntry* entry = file.find("bytes_encoder.embedding.weight");
    if (entry == nullptr) return "";
    return {reinterpret_cast<const char*>(entry->data.data()), entry->data.size()};
  }
};

TEST_F(StaticTrainingSlow, AFrozenTableStaysAndATrainedOneDoesNot) {
  const std::string whole = slurp(folder_ / "model.safetensors"), values = whole.substr(whole.size() - 4 * 8 * 4);
  const Outcome frozen = train({"--set", "name=frozen", "--set", "train.bytes_encoder.frozen=true"});
  ASSERT_EQ(frozen.status, 0) << frozen.err;
  EXPECT_EQ(table_of("frozen"), values);
  ASSERT_EQ(train({"--set", "name=trained"}).status, 0);
  EXPECT_NE(table_of("trained"), values);
  EXPECT_LT(losses("trained").at(6), losses("trained").at(1));
  // Evaluated, and continued, without the weights; words come out of the tokenizer's tokens again.
  fs::remove(folder_ / "model.safetensors");
  const Outcome evaluated = run_welt({"evaluate", run_folder("trained").string()});
  EXPECT_EQ(evaluated.status, 0) << evaluated.err;
  EXPECT_EQ(run_welt({"generate", run_folder("trained").string(), "--prompt", "verse 1 of ", "--words", "2"}).status,
            0);
}

TEST_F(StaticTrainingSlow, GoesOnAsIfItHadNeverStopped) {
  const std::vector<std::string> constant{"--set", "train.schedule=constant"};
  const auto run = [&](std::vector<std::string> more) {
    more.insert(more.end(), constant.begin(), constant.end());
    const Outcome outcome = train(more);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
  };
  run({"--set", "name=whole"});
  run({"--set", "train.steps=3"});
  run({"--resume"});
  EXPECT_EQ(losses(), losses("whole"));
}

TEST_F(StaticTrainingSlow, TrainsInEveryEncoding) {
  for (const std::string encoding : {"utf-8", "utf-16", "utf-32"}) {
    const Outcome outcome = train({"--set", "name=" + encoding, "--set", "model.encoding=" + encoding});
    EXPECT_EQ(outcome.status, 0) << encoding << outcome.err;
  }
}

}  // namespace
}  // namespace welt::test
