// welt bench: how fast training steps, generation and text work are here, and where their time goes.
#include <ATen/Parallel.h>
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "apps/welt/bench_component.h"
#include "apps/welt/bench_data.h"
#include "apps/welt/bench_render.h"
#include "apps/welt/bench_text.h"
#include "apps/welt/bench_text_embedding.h"
#include "apps/welt/lines_of_file.h"
#include "apps/welt/recipe_options.h"
#include "apps/welt/verb.h"
#include "apps/welt/weights_option.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/checkpoint/model_files.h"
#include "core/generate/bench_generate.h"
#include "core/model/byte_lm.h"
#include "core/train/bench_train.h"

namespace welt {
namespace {

void add_count(CLI::App& verb, const char* name, std::int64_t& value, int least, int most, const char* help) {
  verb.add_option(name, value, help)
      ->capture_default_str()
      ->check(CLI::Range(least, most).description(fmt::format("{}..{}", least, most)))
      ->type_name("N")
      ->group("Measurement");
}

struct BenchOptions {
  RecipeOptions recipe;
  std::int64_t steps = 10, warmup = 2;
  bool json = false;
};

void bench_train_verb(const BenchOptions& options) {
  const Recipe recipe = options.recipe.load();
  const bool byte_lm = is_byte_lm(recipe);  // its words are bytes, and nothing is encoded
  const nlohmann::json result = bench_train(recipe, options.steps, options.warmup);
  if (options.json) {
    fmt::print("{}\n", json_text(result));
    return;
  }
  fmt::print("{} steps of {:.0f} {} (medians, after {} warm-up steps), {}, {} threads\n", options.steps,
             result["words_per_step"].get<double>(), byte_lm ? "bytes" : "words", options.warmup,
             result["precision"].get<std::string>(), result["threads"].get<int>());
  if (!byte_lm) fmt::print("  words/s          {:>12.0f}\n", result["words_per_second"].get<double>());
  fmt::print("  real bytes/s     {:>12.0f}\n  ms per step      {:>12.1f}\n", result["bytes_per_second"].get<double>(),
             result["milliseconds"]["step"].get<double>());
  for (const auto& [part, value] : result["milliseconds"].items())
    if (part != "step") fmt::print("    {:<14} {:>12.1f}\n", part, value.get<double>());
  const auto& products = result["products"];
  fmt::print("  products         {:>11.1f} % of a step at {:.0f} GFLOP/s; attention {:.1f} %, all else {:.1f} %\n",
             100 * products["share_of_step"].get<double>(), products["flops_per_second"].get<double>() / 1e9,
             100 * result["attention"]["share_of_step"].get<double>(),
             100 * (1 - products["share_of_step"].get<double>() - result["attention"]["share_of_step"].get<double>()));
  fmt::print(
      "  utilisation      {:>11.1f} % of this machine's {:.0f} GFLOP/s (a product of up to 2,048 x 2,048 x 2,048)\n",
      100 * products["utilisation"].get<double>(), products["peak_flops_per_second"].get<double>() / 1e9);
  if (byte_lm) {
    fmt::print("  padding share    {:>11.1f} % of byte slots\n",
               100.0 * result["padding_share"]["words"].get<double>());
  } else {
    fmt::print("  padding share    {:>11.1f} % of word slots, {:.1f} % of encoder and {:.1f} % of decoder byte slots\n",
               100.0 * result["padding_share"]["words"].get<double>(),
               100.0 * result["padding_share"]["encoder"].get<double>(),
               100.0 * result["padding_share"]["decoder"].get<double>());
    fmt::print("  byte positions   {:>11.1f} % of a padded batch's in the encoder, {:.1f} % in the decoder\n",
               100.0 * result["computed_share_of_padded_batch"]["encoder"].get<double>(),
               100.0 * result["computed_share_of_padded_batch"]["decoder"].get<double>());
  }
  fmt::print("  peak memory      {:>11.0f} MB\n", result["peak_memory_bytes"].get<double>() / 1e6);
}

void add_train_bench(CLI::App& group) {
  CLI::App* verb = group.add_subcommand("train", "Time training steps of a recipe; nothing is saved");
  auto options = std::make_shared<BenchOptions>();
  options->recipe.add_to(*verb);
  add_count(*verb, "--steps", options->steps, 1, 100000, "Measured steps");
  add_count(*verb, "--warmup", options->warmup, 0, 1000, "Steps before measuring");
  verb->add_flag("--json", options->json, "Print one JSON object")->group("Output");
  verb->footer(
      "Examples:\n  welt bench train recipes/quickstart.toml\n"
      "  welt bench train recipes/quickstart.toml --steps 20 --set precision=amp --json");
  verb->callback([options] { bench_train_verb(*options); });
}

struct GenerateBench {
  std::string model, prompt = "In the beginning God created the heaven and the earth. And ";
  std::string prompt_file, weights = "fp32";
  std::int64_t batch = 1, words = 20, repeats = 3, threads = 0;
  bool json = false;
};

// Of a prompt that is given once, copies with a number in front, so that no two rows are one.
std::vector<std::string> prompts_of(const GenerateBench& options) {
  std::vector<std::string> prompts;
  if (options.prompt_file.empty())
    for (std::int64_t i = 0; i < options.batch; ++i) prompts.push_back(fmt::format("{} {}", i + 1, options.prompt));
  else
    prompts = lines_of_file(options.prompt_file);
  if (prompts.empty()) fail({options.prompt_file, "no line", "a prompt a line", {}});
  return prompts;
}

void bench_generate_verb(const GenerateBench& options) {
  if (options.threads > 0) at::set_num_threads(static_cast<int>(options.threads));
  WeltModel model = load_newest_model(options.model);
  const nlohmann::json result = bench_generate(model, prompts_of(options), options.words, options.repeats);
  tell_unused_weights(options.weights);
  if (options.json) {
    fmt::print("{}\n", json_text(result));
    return;
  }
  const nlohmann::json& ms = result["milliseconds"];
  fmt::print("batch {}, {} words a prompt, medians of {} repeats, {} threads\n", result["batch"].get<std::int64_t>(),
             options.words, options.repeats, result["threads"].get<int>());
  fmt::print("  words/s              {:>10.1f}\n  bytes/s              {:>10.0f}\n  byte steps a word    {:>10.1f}\n",
             result["words_per_second"].get<double>(), result["bytes_per_second"].get<double>(),
             result["byte_steps_per_word"].get<double>());
  fmt::print("  ms per word step     {:>10.2f}\n  ms per byte step     {:>10.3f}\n", ms["word_step"].get<double>(),
             ms["byte_step"].get<double>());
  fmt::print("  ms of the latent     {:>10.2f}\n  ms to read a word    {:>10.3f}\n  ms to read the prompt{:>10.1f}\n",
             ms["latent_step"].get<double>(), ms["read_word"].get<double>(), ms["prefill"].get<double>());
  fmt::print("  peak memory          {:>7.0f} MB\n", result["peak_memory_bytes"].get<double>() / 1e6);
}

void add_generate_bench(CLI::App& group) {
  CLI::App* verb = group.add_subcommand("generate", "Time greedy generation of a run or checkpoint");
  auto options = std::make_shared<GenerateBench>();
  verb->add_option("model", options->model, "Run folder (its newest checkpoint) or checkpoint folder")
      ->required()
      ->type_name("DIR");
  add_count(*verb, "--batch", options->batch, 1, 4096, "Prompts at once");
  add_count(*verb, "--words", options->words, 1, 100000, "Words for each");
  add_count(*verb, "--repeats", options->repeats, 1, 1000, "Measured repeats, after one of warm-up");
  add_count(*verb, "--threads", options->threads, 0, 1024, "Threads of LibTorch; 0: all cores");
  add_weights(*verb, options->weights);
  CLI::Option* prompt = verb->add_option("--prompt", options->prompt, "Text to continue");
  prompt->type_name("TEXT")->group("Measurement");
  verb->add_option("--prompts", options->prompt_file, "A prompt a line, from a file: a batch of all of them")
      ->type_name("FILE")
      ->excludes(prompt)
      ->excludes(verb->get_option("--batch"))
      ->group("Measurement");
  verb->add_flag("--json", options->json, "Print one JSON object, the texts in it")->group("Output");
  verb->footer(
      "Examples:\n  welt bench generate runs/quickstart\n"
      "  welt bench generate runs/quickstart --prompts prompts.txt --json\n"
      "  welt bench generate runs/quickstart --batch 8 --weights bf16 --json");
  verb->callback([options] { bench_generate_verb(*options); });
}

}  // namespace

void add_bench(CLI::App& app) {
  CLI::App* group = app.add_subcommand("bench", "Measure speed on this machine");
  group->require_subcommand(1);
  group->footer(
      "Examples:\n  welt bench train recipes/quickstart.toml\n  welt bench generate runs/quickstart --batch 8");
  add_train_bench(*group);
  add_generate_bench(*group);
  add_data_bench(*group);
  add_text_bench(*group);
  add_text_embedding_bench(*group);
  add_render_bench(*group);
  add_component_bench(*group);
}

}  // namespace welt
