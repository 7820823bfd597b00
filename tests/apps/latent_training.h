// The fixture of tests that train with a latent transformer that another folder has: a text and a recipe of a model so
// small that a step takes milliseconds.
#pragma once

#include <utility>

#include "tests/apps/training.h"

namespace welt::test {

class LatentTraining : public Training {
 protected:
  // `latent`: the lines of [model.latent]. `plugins`: the environment in which its plugin is found.
  LatentTraining(std::string latent, std::string plugins) : latent_(std::move(latent)), plugins_(std::move(plugins)) {}

  void SetUp() override {
    for (int i = 0; i < 60; ++i) lines_ += "verse " + std::to_string(i * 7919 % 101) + " of the small book: words.\n";
    folder_.put("text.txt", lines_);
    folder_.put("recipe.toml", "name = \"tiny\"\nrun_dir = \"" + (folder_ / "runs").string() + R"("
[model.segmenter]
max_bytes = 12
[model.bytes_encoder]
plugin = "bert"
config = { hidden_size = 16, num_hidden_layers = 2, num_attention_heads = 2, intermediate_size = 16, max_position_embeddings = 16 }
[model.latent]
)" + latent_ + R"(
[model.decoder]
plugin = "llama"
config = { hidden_size = 16, num_hidden_layers = 1, num_attention_heads = 2, num_key_value_heads = 2, intermediate_size = 16, max_position_embeddings = 16, tie_word_embeddings = true }
[data.train]
files = [")" + (folder_ / "text.txt").string() +
                                   R"("]
format = "lines"
[train]
steps = 6
batch = 2
words = 16
learning_rate = 1e-2
warmup_steps = 1
[samples]
prompts = ["verse 1 of "]
words = 3
)");
  }
  Outcome welt(const std::string& verb, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{verb, (folder_ / "recipe.toml").string()};
    words.insert(words.end(), more.begin(), more.end());
    return run_welt(words, plugins_);
  }

  const std::string latent_, plugins_;
  std::string lines_;
};

}  // namespace welt::test
