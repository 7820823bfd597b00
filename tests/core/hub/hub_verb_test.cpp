// `welt hub` as a user runs it, against a hub on this machine.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/file.h"
#include "core/base/safetensors.h"
#include "tests/apps/run_welt.h"
#include "tests/core/hub/local_hub.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::Asked;
using test::Outcome;
using test::Reply;

class HubVerb : public testing::Test {
 protected:
  Outcome welt(std::vector<std::string> arguments, const std::string& more = "") const {
    return test::run_welt(arguments, "env -u HF_TOKEN -u HF_HOME HF_HUB_OFFLINE=0 HF_ENDPOINT=" + hub_.address() +
                                         " HF_HUB_CACHE=" + test::shell_quoted(folder_ / "cache") +
                                         " HOME=" + test::shell_quoted(folder_.path()) + " " + more);
  }
  bool has_curl() const { return welt({"hub", "get", "org/name"}).err.find("libcurl") == std::string::npos; }

  const test::TempFolder folder_;
  test::LocalHub hub_;
};

class HubVerbDownloads : public HubVerb {
 protected:
  // A machine without libcurl leaves these out; continuous integration has it (scripts/setup.sh).
  void SetUp() override {
    if (has_curl()) return;
    ASSERT_EQ(std::getenv("CI"), nullptr) << "built without libcurl: scripts/setup.sh installs it";
    GTEST_SKIP() << "built without libcurl";
  }
};

TEST_F(HubVerbDownloads, GetListVerifyAndRemove) {
  hub_.put("models/org/name", "config.json", {.content = "{}"});
  hub_.put("models/org/name", "model.safetensors", {.content = std::string(5000, 'w'), .large = true});
  const Outcome got = welt({"hub", "get", "org/name"});
  ASSERT_EQ(got.status, 0) << got.err;
  const fs::path snapshot = folder_ / "cache/models--org--name/snapshots" / hub_.commit;
  EXPECT_EQ(got.out, snapshot.string() + "\n");
  EXPECT_EQ(test::slurp(snapshot / "model.safetensors"), std::string(5000, 'w'));
  EXPECT_CONTAINS(welt({"hub", "list"}).out, "org/name");
  EXPECT_EQ(json::parse(welt({"hub", "list", "org/name", "--json"}).out)[0]["revisions"][0]["names"][0], "main");
  EXPECT_CONTAINS(welt({"hub", "list", "org/name", "--remote"}).out, "model.safetensors  (here)");
  EXPECT_EQ(json::parse(welt({"hub", "verify", "--json"}).out)["status"], "pass");
  std::ofstream(snapshot / "model.safetensors", std::ios::in) << "X";
  const Outcome damaged = welt({"hub", "verify"});
  EXPECT_EQ(damaged.status, 1);
  EXPECT_CONTAINS(damaged.out, "model.safetensors: hash ");
  EXPECT_CONTAINS(welt({"hub", "rm", "org/name@main", "--dry-run"}).out, "2 files");
  EXPECT_EQ(welt({"hub", "rm", "org/name@main"}).status, 0);
  EXPECT_FALSE(fs::exists(snapshot));
  EXPECT_EQ(welt({"hub", "rm", "org/name"}).status, 0);
  EXPECT_CONTAINS(welt({"hub", "list"}).out, "Nothing");
  EXPECT_CONTAINS(welt({"hub", "rm", "org/name"}).err, "not among the cached models");
}

TEST_F(HubVerbDownloads, PatternsChooseFilesAndARefusalIsOneParagraph) {
  hub_.put("datasets/org/texts", "data/train-00000-of-00001.jsonl", {.content = "{\"text\": \"a\"}\n"});
  hub_.put("datasets/org/texts", "data/test-00000-of-00001.jsonl", {.content = "{\"text\": \"b\"}\n"});
  const Outcome got = welt({"hub", "get", "org/texts", "--dataset", "--include", "data/train*", "--json"});
  ASSERT_EQ(got.status, 0) << got.err;
  EXPECT_EQ(json::parse(got.out)["downloaded"], 1);
  const Outcome none = welt({"hub", "get", "org/texts", "--dataset", "--include", "data/trian-00000-of-00001.jsonl"});
  EXPECT_EQ(none.status, 1);
  EXPECT_CONTAINS(none.err, "Did you mean data/train-00000-of-00001.jsonl?");
  hub_.alter = [](const Asked&, int, Reply& reply) {
    reply = {.status = 403,
             .headers = {{"X-Error-Code", "GatedRepo"}, {"X-Error-Message", "Access to it is restricted."}}};
  };
  const Outcome gated = welt({"hub", "get", "org/gated"}, "HF_TOKEN=hf_x");
  EXPECT_EQ(gated.status, 1);
  EXPECT_CONTAINS(gated.err, "Accept its conditions at " + hub_.address() + "/org/gated");
  EXPECT_EQ(gated.err.find("hf_x"), std::string::npos) << "a token is no part of a message";
  EXPECT_CONTAINS(welt({"hub", "get", "org/gated"}, "HF_HUB_OFFLINE=1").err, "HF_HUB_OFFLINE");
}

TEST_F(HubVerbDownloads, ARecipesModelIsDownloadedWhenItIsNamed) {
  const fs::path model = fs::path(WELT_TEST_DATA) / "models" / "llama-gqa";
  for (const fs::directory_entry& entry : fs::directory_iterator(model))
    hub_.put("models/org/llama", entry.path().filename().string(),
             {.content = read_file(entry.path()), .large = entry.path().extension() == ".safetensors"});
  const Outcome first = welt({"bench", "component", "org/llama", "--role", "latent"});
  EXPECT_EQ(first.status, 0) << first.err;
  EXPECT_EQ(hub_.count("model.safetensors"), 2) << "the hub, and where it sends to";
  fs::remove(folder_ / "cache/models--org--llama/snapshots" / hub_.commit / "model.safetensors");
  const Outcome offline = welt({"bench", "component", "org/llama", "--role", "latent"}, "HF_HUB_OFFLINE=1");
  EXPECT_EQ(offline.status, 1);
  EXPECT_CONTAINS(offline.err, "model.safetensors");
}

// A table of two words, under a published name of WordLlama and one of Model2Vec.
TEST_F(HubVerbDownloads, PublishedEmbeddingsAreFoundInTheCacheOrDownloaded) {
  const json tokenizer{
      {"model", {{"type", "WordLevel"}, {"vocab", {{"[UNK]", 0}, {"river", 1}}}, {"unk_token", "[UNK]"}}},
      {"pre_tokenizer", {{"type", "Whitespace"}}},
      {"added_tokens", json::array()}};
  std::vector<float> values(2 * 64, 0.5F);
  const auto weights = [&](const char* tensor) {
    write_safetensors(folder_ / "weights", {{tensor, "F32", {2, 64}, values.data()}});
    return read_file(folder_ / "weights");
  };
  const std::string potion = "models/minishlab/potion-base-2M", supercat = "models/dleemiller/wordllama-l3-supercat";
  hub_.put(potion, "model.safetensors", {.content = weights("embeddings"), .large = true});
  hub_.put(potion, "tokenizer.json", {.content = tokenizer.dump()});
  hub_.put(potion, "config.json", {.content = R"({"normalize": true})"});
  hub_.put(supercat, "l3_supercat_64.safetensors", {.content = weights("embedding.weight"), .large = true});
  hub_.put(supercat, "l3_supercat_128.safetensors", {.content = weights("embedding.weight"), .large = true});
  hub_.put(supercat, "l3_supercat_tokenizer_config.json", {.content = tokenizer.dump()});
  for (const char* name : {"potion_base_2m", "potion-base-2M", "minishlab/potion-base-2M", "l3_supercat_64"}) {
    const Outcome got = welt({"text", "similarity", "--model", name, "river", "river"});
    EXPECT_EQ(got.status, 0) << name << got.err;
    EXPECT_NEAR(std::atof(got.out.c_str()), 1, 1e-3) << got.out;
  }
  EXPECT_EQ(hub_.count("/api/"), 1 + 2) << "each repository once, and has_curl()";
  EXPECT_EQ(hub_.count("_128"), 0) << "of one repository only the size that was named";
  EXPECT_EQ(welt({"text", "embed", "--model", "potion_base_2m", "river"}, "HF_HUB_OFFLINE=1").status, 0);
  const Outcome unknown = welt({"text", "embed", "--model", "potion_base_3m", "river"}, "HF_HUB_OFFLINE=1");
  EXPECT_EQ(unknown.status, 1);
  EXPECT_CONTAINS(unknown.err, "nearest published name is potion_base_");
}

TEST_F(HubVerb, PackedFoldersAreTheExportWithTheHashOfEachFile) {
  const fs::path out = folder_ / "packed";
  const Outcome packed =
      welt({"hub", "pack", (fs::path(WELT_TEST_DATA) / "welt" / "bytes-only").string(), out.string()});
  ASSERT_EQ(packed.status, 0) << packed.err;
  EXPECT_EQ(test::run_command("cd " + test::shell_quoted(out) + " && sha256sum --quiet -c SHA256SUMS").status, 0);
  const std::string sums = test::slurp(out / "SHA256SUMS");
  for (const char* file : {"README.md", "config.json", "model.safetensors", ".gitattributes"})
    EXPECT_CONTAINS(sums, std::string("  ") + file + "\n");
  EXPECT_EQ(welt({"hub", "pack", (fs::path(WELT_TEST_DATA) / "welt" / "bytes-only").string(), out.string()}).status, 1);
}

}  // namespace
}  // namespace welt
