// welt generate: continues prompts.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/welt/encoder_switch.h"
#include "apps/welt/generate_chat.h"
#include "apps/welt/generate_interactive.h"
#include "apps/welt/generate_lines.h"
#include "apps/welt/generate_options.h"
#include "apps/welt/lines_of_file.h"
#include "apps/welt/repeatable.h"
#include "apps/welt/seed_option.h"
#include "apps/welt/verb.h"
#include "apps/welt/weights_option.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/printable.h"
#include "core/base/stopwatch.h"
#include "core/checkpoint/model_files.h"
#include "core/generate/generator.h"
#include "core/text/control.h"

namespace welt {
namespace {

using nlohmann::json;

std::string chat_prompt(const ChatPrompts& chat, const std::string& said) {
  nlohmann::ordered_json messages = chat.start();
  messages.push_back(user_message(said));
  return chat.text(messages);
}

struct Options {
  std::string model;
  std::vector<std::string> prompts, without;
  std::string prompt_file, weights, draft;
  ChatPrompts chat;
  GivenSettings given;
  std::uint64_t seed = 42;
  bool reference_compatible = false, json = false, jsonl = false, stream = false, scores = false, statistics = false,
       interactive = false;
};

std::vector<std::string> all_prompts(const Options& options) {
  std::vector<std::string> prompts = options.prompts;
  if (!options.prompt_file.empty()) {
    const std::vector<std::string> lines = lines_of_file(options.prompt_file);
    prompts.insert(prompts.end(), lines.begin(), lines.end());
  }
  if (prompts.empty())
    fail({"welt generate",
          "no prompt",
          "--prompt TEXT, as often as wanted, --prompts FILE, --interactive or --jsonl",
          {}});
  return prompts;
}

double sum_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

// Of each step, the one that ended the text included: its bytes, what each scored and its log probability.
json scores_json(const Generated& result) {
  json steps = json::array();
  for (const WordTrace& trace : result.trace) {
    std::vector<int> bytes;
    for (const char byte : trace.bytes) bytes.push_back(static_cast<std::uint8_t>(byte));
    steps.push_back({{"bytes", bytes},
                     {"scores", trace.scores},
                     {"log_probabilities", trace.log_probabilities},
                     {"log_probability", sum_of(trace.log_probabilities)}});
  }
  return steps;
}

void print_json(const std::vector<std::string>& prompts, const std::vector<Generated>& results, bool chat) {
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const Generated& result = results[i];
    json line{
        {"prompt", prompts[i]}, {"text", result.text}, {"words", result.words}, {"finish", finish_name(result.finish)}};
    if (chat) line["message"] = assistant_message(result.text);
    if (!result.trace.empty()) line["scores"] = scores_json(result);
    for (const Generated& one : result.n_best)
      line["n_best"].push_back({{"text", one.text}, {"score", one.score}, {"finish", finish_name(one.finish)}});
    fmt::print("{}\n", json_text(line));
  }
}

// Of a chat the answers alone.
void print_texts(const std::vector<std::string>& prompts, const std::vector<Generated>& results, bool chat) {
  const auto whole = [&](std::size_t i, const Generated& result) {
    return printable(chat ? std::string(said_in(result.text)) : prompts[i] + result.text);
  };
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    if (i > 0) fmt::print("\n");
    if (results[i].n_best.size() < 2)
      fmt::print("{}\n", whole(i, results[i]));
    else
      for (const Generated& one : results[i].n_best) fmt::print("{:9.4f}  {}\n", one.score, whole(i, one));
    for (const WordTrace& trace : results[i].trace)
      fmt::print("{:9.4f}  {}\n", sum_of(trace.log_probabilities), printable(trace.bytes));
  }
}

void print_statistics(const GenerateStatistics& spent, double seconds) {
  fmt::print(stderr,
             "{} words, {} bytes in {:.3f} s: {:.1f} words/s, {:.3f} ms a byte step ({} steps), {:.3f} ms a word step "
             "of the latent transformer, {:.3f} ms to read a word\n",
             spent.words, spent.bytes, seconds, static_cast<double>(spent.words) / seconds,
             spent.byte_steps ? 1e3 * spent.decode / static_cast<double>(spent.byte_steps) : 0.0, spent.byte_steps,
             spent.word_steps ? 1e3 * spent.latent / static_cast<double>(spent.word_steps) : 0.0,
             spent.word_steps ? 1e3 * spent.encode / static_cast<double>(spent.word_steps) : 0.0);
  if (spent.guessed > 0)
    fmt::print(
        stderr, "{} words guessed, {} of them as written ({:.1f} %); {:.2f} words a pass of the latent transformer\n",
        spent.guessed, spent.agreed, 100 * static_cast<double>(spent.agreed) / static_cast<double>(spent.guessed),
        static_cast<double>(spent.words) / static_cast<double>(std::max<std::int64_t>(spent.word_steps, 1)));
}

void run(const Options& options) {
  RunSettings settings;
  if (options.jsonl && options.reference_compatible)
    refuse_settings(options.given);
  else
    settings = merged_generate_settings(options.model, options.given);
  const std::string weights = options.weights.empty() ? settings.weights : options.weights;
  kernels::set_step_weights(weights);
  GenerateOptions& generate = settings.options;
  generate.sampling.seed = options.seed;
  generate.reference_compatible = options.reference_compatible;
  generate.scores = options.scores;
  constexpr std::int64_t usual_guesses = 4;
  if (!options.draft.empty() && generate.speculate == 0) generate.speculate = usual_guesses;
  const bool lines = options.jsonl || options.interactive;
  std::vector<std::string> prompts = lines ? std::vector<std::string>() : all_prompts(options);
  WeltModel model = load_newest_model(options.model, switched_off(options.without));
  std::optional<WeltModel> draft;
  Generator generator(model);
  if (!options.draft.empty()) generator.set_draft(draft.emplace(load_newest_model(options.draft, {})));
  if (options.jsonl) return generate_lines(model, generator, generate, options.chat);
  if (options.interactive) {
    generate_interactively(generator, generate, options.chat);
    return tell_unused_weights(weights);
  }
  const std::vector<std::string> asked = prompts;
  if (options.chat.on) {
    stop_at_message_end(generate);
    for (std::string& prompt : prompts) prompt = chat_prompt(options.chat, prompt);
  }
  // A single text is shown word by word as it is written; words end where characters do.
  const bool live = !options.json && !options.stream && !options.scores && generate.beams.n_best == 1 &&
                    prompts.size() == 1 && isatty(STDOUT_FILENO) != 0;
  if (live && !options.chat.on) fmt::print("{}", printable(prompts.front()));
  GenerateStatistics spent;
  const auto start = Clock::now();
  const auto told = [&](std::size_t prompt, std::string_view word) {
    if (options.stream) fmt::print("{}\n", json_text(json{{"prompt", prompt}, {"text", word}}));
    if (live) fmt::print("{}", printable(options.chat.on ? said_in(word) : word));
    if (options.stream || live) std::fflush(stdout);
  };
  const std::vector<Generated> results = generator.generate(prompts, generate, told, &spent);
  tell_unused_weights(weights);
  if (options.stream)
    for (std::size_t i = 0; i < results.size(); ++i)
      fmt::print("{}\n", json_text(json{{"prompt", i}, {"finish", finish_name(results[i].finish)}}));
  if (options.json) print_json(asked, results, options.chat.on);
  if (live) fmt::print("\n");
  if (!options.json && !options.stream && !live) print_texts(asked, results, options.chat.on);
  if (options.statistics) print_statistics(spent, seconds_since(start));
}

}  // namespace

void add_generate(CLI::App& app) {
  auto options = std::make_shared<Options>();
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
  auto* jsonl = verb->add_flag(
      "--jsonl", options->jsonl,
      "Answer each line {prompts, max_generated_words, options, logit_scale} of standard input by {texts, bytes, "
      "scores}; options: names of transformers' GenerationConfig");
  jsonl->excludes("--prompt", "--prompts")->group("Prompts");
  add_chat_prompts(*verb, options->chat);
  auto* interactive =
      verb->add_flag("--interactive", options->interactive,
                     "Answer each line as it is typed; Ctrl-C stops an answer, the end of input leaves");
  interactive->excludes(jsonl, "--prompt", "--prompts")->group("Prompts");
  options->given = add_generate_settings(*verb);
  verb->add_option("--draft", options->draft, "A small model whose words are guesses, 4 ahead unless --speculate says")
      ->type_name("DIR")
      ->group("Words");
  add_seed(*verb, options->seed, "Of the draws")->type_name("S")->group("Sampling");
  add_encoder_switch(*verb, options->without);
  add_weights(*verb, options->weights)->default_str("as the run's recipe says, or fp32");
  verb->add_flag("--reference-compatible", options->reference_compatible, "Act like the Python reference, defects too")
      ->group("Model");
  auto* as_json =
      verb->add_flag("--json", options->json, "A line of JSON for each prompt: prompt, text, words, finish");
  as_json->excludes(jsonl, interactive)->group("Output");
  verb->add_flag("--stream", options->stream,
                 "A line of JSON for each word as it is finished: {prompt (its number), text}, at the end {prompt, "
                 "finish}")
      ->excludes(as_json, jsonl, interactive)
      ->group("Output");
  verb->add_flag("--scores", options->scores, "Log probabilities of words, with --json of bytes too")
      ->excludes(jsonl, interactive, "--stream")
      ->group("Output");
  verb->add_flag("--statistics", options->statistics, "Speed, to standard error")
      ->excludes(jsonl, interactive)
      ->group("Output");
  verb->footer(
      "Greedy unless a temperature is given. A prompt that ends inside a word is completed. What is not said is as\n"
      "the run's recipe says under [generate]; docs/generation.md explains each.\n\n"
      "Examples:\n  welt generate runs/quickstart --prompt 'And he said '\n"
      "  welt generate runs/quickstart --prompt 'In the begin' --temperature 0.8 --top-p 0.9 --seed 7\n"
      "  welt generate runs/quickstart --prompt 'And ' --prompt 'Then ' --words 20 --json\n"
      "  welt generate runs/quickstart --prompt 'And ' --word-beams 8 --n-best 3\n"
      "  welt generate runs/quickstart --prompt 'And ' --beams 4 --stop . --stream\n"
      "  welt generate runs/quickstart/checkpoints/step-00000400 --jsonl --reference-compatible < words.jsonl\n"
      "  welt generate runs/quickstart --interactive --temperature 0.7\n"
      "  welt generate runs/chat --chat --system 'Be brief.' --prompt 'What is the tide today?'\n"
      "  welt generate runs/large --prompts prompts.txt --draft runs/small --statistics\n"
      "  welt generate runs/quickstart --prompt 'And ' --without image_encoder");
  verb->callback([options] { run(*options); });
}

}  // namespace welt
