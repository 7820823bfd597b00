// The fixture of tests that train as a user does: a folder with a text and a recipe of a model so small that a step
// takes milliseconds.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/apps/run_welt.h"

namespace welt::test {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class Training : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string text;
    for (int i = 0; i < 60; ++i)
      text += "verse " + std::to_string(i * 7919 % 101) + " of the small book: and he said, let there be words.\n";
    folder_.put("text.txt", text);
    folder_.put("recipe.toml", R"(
name = "tiny"
run_dir = ")" + (folder_ / "runs").string() +
                                   R"("
[model.segmenter]
max_bytes = 12
[model.bytes_encoder]
plugin = "bert"
config = { hidden_size = 16, num_hidden_layers = 1, num_attention_heads = 2, intermediate_size = 16, max_position_embeddings = 16 }
[model.latent]
plugin = "llama"
config = { hidden_size = 16, num_hidden_layers = 1, num_attention_heads = 2, num_key_value_heads = 2, intermediate_size = 16, max_position_embeddings = 32 }
[model.decoder]
plugin = "llama"
config = { hidden_size = 16, num_hidden_layers = 1, num_attention_heads = 2, num_key_value_heads = 2, intermediate_size = 16, max_position_embeddings = 16, tie_word_embeddings = true }
[data.train]
files = [")" + (folder_ / "text.txt").string() +
                                   R"("]
format = "lines"
[data.validation]
fraction = 0.1
[train]
steps = 6
batch = 2
words = 16
warmup_steps = 2
keep_checkpoints = 10
log_every = 1
)");
  }

  Outcome train(std::vector<std::string> more = {}, const std::string& environment = "") const {
    std::vector<std::string> arguments{"run", (folder_ / "recipe.toml").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_welt(arguments, environment);
  }
  fs::path run_folder(const std::string& name = "tiny") const { return folder_.path() / "runs" / name; }

  // step → loss of the training lines.
  std::map<int, double> losses(const std::string& name = "tiny") const {
    std::map<int, double> found;
    std::ifstream in(run_folder(name) / "log.jsonl");
    for (std::string line; std::getline(in, line);) {
      const Json json = Json::parse(line);
      if (json.at("kind") == "train") found[json.at("step")] = json.at("loss");
    }
    return found;
  }
  // Starts `welt run` in a process of its own; the caller ends it.
  pid_t start(const std::vector<std::string>& more) const {
    std::vector<std::string> words{WELT_BINARY, "run", (folder_ / "recipe.toml").string()};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      std::signal(SIGHUP, SIG_DFL);  // whoever runs the tests may have it ignored
      if (!std::freopen("/dev/null", "w", stdout) || !std::freopen("/dev/null", "w", stderr)) ::_exit(126);
      ::execv(WELT_BINARY, argv.data());
      ::_exit(127);
    }
    return child;
  }
  template <typename Condition>
  static bool wait_until(Condition&& condition, int milliseconds = 30000) {
    for (int waited = 0; waited < milliseconds; waited += 10) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  std::vector<std::string> checkpoints(const std::string& name = "tiny") const {
    std::vector<std::string> names;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(run_folder(name) / "checkpoints", ignored)) {
      const std::string file = entry.path().filename();
      if (file.starts_with("step-")) names.push_back(file);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  TempFolder folder_;
};

}  // namespace welt::test
