// welt generate: continues prompts.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "apps/welt/encoder_switch.h"
#include "apps/welt/repeatable.h"
#include "apps/welt/seed_option.h"
#include "apps/welt/verb.h"
#include "apps/welt/weights_option.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/printable.h"
#include "core/base/stopwatch.h"
#include "core/checkpoint/model_files.h"
#include "core/data/line_reader.h"
#include "core/generate/generator.h"
#include "core/text/control.h"

namespace welt {
namespace {

struct Options {
  std::string model;
  std::vector<std::string> prompts, without;
  std::string prompt_file;
  GenerateOptions generate;
  bool json = false, statistics = false;
};

std::vector<std::string> all_prompts(const Options& options) {
  std::vector<std::string> prompts = options.prompts;
  if (!options.prompt_file.empty()) {
    LineReader lines = LineReader::of_file_or_stdin(options.prompt_file);
    std::string_view line;
    for (std::uint64_t offset = 0; lines.next(line, offset);) prompts.emplace_back(line);
  }
  if (prompts.empty()) fail({"welt generate", "no prompt", "--prompt TEXT, as often as wanted, or --prompts FILE", {}});
  return prompts;
}

void print_json(const std::vector<std::string>& prompts, const std::vector<Generated>& results) {
  for (std::size_t i = 0; i < prompts.size(); ++i)
    fmt::print("{}\n", json_text(nlohmann::json{{"prompt", prompts[i]},
                                                {"text", results[i].text},
                                                {"words", results[i].words},
                                                {"finish", finish_name(results[i].finish)}}));
}

void run(const Options& options) {
  const std::vector<std::string> prompts = all_prompts(options);
  WeltModel model = load_newest_model(options.model, switched_off(options.without));
  Generator generator(model);
  // A single text is shown word by word as it is written.
  const bool live = !options.json && prompts.size() == 1 && isatty(STDOUT_FILENO) != 0;
  if (live) fmt::print("{}", printable(prompts.front()));
  GenerateStatistics spent;
  const auto start = Clock::now();
  const std::vector<Generated> results = generator.generate(
      prompts, options.generate,
      [&](std::size_t, std::string_view word) {
        if (!live) return;
        fmt::print("{}", printable(word));
        std::fflush(stdout);
      },
      &spent);
  tell_unused_weights();
  if (options.json) print_json(prompts, results);
  if (live) fmt::print("\n");
  for (std::size_t i = 0; !options.json && !live && i < prompts.size(); ++i)
    fmt::print("{}{}{}\n", i == 0 ? "" : "\n", printable(prompts[i]), printable(results[i].text));
  if (options.statistics) {
    const double seconds = seconds_since(start);
    fmt::print(
        stderr,
        "{} words, {} bytes in {:.3f} s: {:.1f} words/s, {:.3f} ms a byte step ({} steps), {:.3f} ms a word step "
        "of the latent transformer, {:.3f} ms to read a word\n",
        spent.words, spent.bytes, seconds, static_cast<double>(spent.words) / seconds,
        spent.byte_steps ? 1e3 * spent.decode / static_cast<double>(spent.byte_steps) : 0.0, spent.byte_steps,
        spent.word_steps ? 1e3 * spent.latent / static_cast<double>(spent.word_steps) : 0.0,
        spent.word_steps ? 1e3 * spent.encode / static_cast<double>(spent.word_steps) : 0.0);
  }
}

}  // namespace

void add_generate(CLI::App& app) {
  auto options = std::make_shared<Options>();
  GenerateOptions& generate = options->generate;
  CLI::App* verb = app.add_subcommand("generate", "Continue prompts, word by word");
  verb->add_option("model", options->model, "Run folder (its newest checkpoint) or checkpoint folder")
      ->required()
      ->type_name("DIR");
  repeatable(verb->add_option("--prompt", options->prompts, "Text to continue; may be repeated, all form one batch")
                 ->type_name("TEXT")
                 ->group("Prompts"));
  verb->add_option("--prompts", options->prompt_file, "A prompt a line, from a file; - is standard input")
      ->type_name("FILE")
      ->group("Prompts");
  verb->add_option("--words", generate.words, "Words for each prompt at most")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1000000}))
      ->capture_default_str()
      ->type_name("N")
      ->group("Sampling");
  verb->add_option("--temperature", generate.sampling.temperature, "Sharpness of the draw; 0: the most likely byte")
      ->capture_default_str()
      ->type_name("T")
      ->group("Sampling");
  verb->add_option("--top-k", generate.sampling.top_k, "Draw from the K most likely bytes; 0: from all")
      ->capture_default_str()
      ->type_name("K")
      ->group("Sampling");
  verb->add_option("--top-p", generate.sampling.top_p, "Draw from the most likely bytes that have this probability")
      ->capture_default_str()
      ->type_name("P")
      ->group("Sampling");
  add_seed(*verb, generate.sampling.seed, "Of the draws")->type_name("S")->group("Sampling");
  add_encoder_switch(*verb, options->without);
  add_weights(*verb);
  verb->add_flag("--reference-compatible", generate.reference_compatible, "Act like the Python reference, defects too")
      ->group("Model");
  verb->add_flag("--json", options->json, "A line of JSON for each prompt: prompt, text, words, finish")
      ->group("Output");
  verb->add_flag("--statistics", options->statistics, "Speed, to standard error")->group("Output");
  verb->footer(
      "Greedy unless a temperature is given. A prompt that ends inside a word is completed.\n\n"
      "Examples:\n  welt generate runs/quickstart --prompt 'And he said '\n"
      "  welt generate runs/quickstart --prompt 'In the begin' --temperature 0.8 --top-p 0.9 --seed 7\n"
      "  welt generate runs/quickstart --prompt 'And ' --prompt 'Then ' --words 20 --json\n"
      "  welt generate runs/quickstart --prompt 'And ' --without image_encoder");
  verb->callback([options] { run(*options); });
}

}  // namespace welt
