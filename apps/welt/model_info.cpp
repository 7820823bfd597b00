// welt model info: parameters, FLOPs per word and memory of a recipe's or a checkpoint's model, without its weights.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "apps/welt/published_sizes.h"
#include "apps/welt/repeatable.h"
#include "apps/welt/verb.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/table.h"
#include "core/checkpoint/run_folder.h"
#include "core/huggingface/hf_source.h"
#include "core/model/byte_lm.h"
#include "core/model/model_info.h"
#include "core/recipe/find.h"
#include "core/train/memory.h"
#include "core/train/recipe_keys.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::uintmax_t config_limit = 1 << 20;

struct Options {
  std::string model;
  std::vector<std::string> overrides;
  WordLengths lengths;
  std::optional<std::int64_t> words;  // not given: what the model is trained with
  bool json = false;
};

// What is described: a specification, where it comes from, the words of a row it is trained with, and the sizes that
// its parts are published with.
struct Subject {
  WeltSpec spec;
  std::string path;
  std::int64_t words = 128;
  std::map<std::string, double> published = {};
  std::optional<Recipe> recipe = {};  // that it is trained by
};

Subject from_checkpoint(const fs::path& folder) {
  // Weights are not needed: config.json is enough.
  refuse_unreachable(folder / "config.json");
  const fs::path checkpoint = fs::exists(folder / "config.json") ? folder : find_checkpoint(folder);
  Subject subject{WeltSpec::from_checkpoint(checkpoint), checkpoint.string()};
  const fs::path processor = checkpoint / "processor_config.json";
  if (!fs::exists(processor)) return subject;
  const Json json = read_json_object(processor, config_limit);
  const auto words = json.find("max_seq_length");
  if (words != json.end() && words->is_number_integer() && words->get<std::int64_t>() > 0)
    subject.words = words->get<std::int64_t>();
  return subject;
}

Subject open(const Options& options) {
  refuse_unreachable(options.model);
  std::error_code ignored;
  if (fs::is_directory(options.model, ignored)) {
    if (!options.overrides.empty())
      fail({options.model, "--set with a checkpoint", "--set with a recipe: a checkpoint's model is what it is",
            "Leave --set out, or name the recipe"});
    return from_checkpoint(options.model);
  }
  const Recipe recipe = load_recipe(find_recipe(options.model), options.overrides);
  const std::string from = recipe.string("model.from");
  if (!from.empty()) {
    Subject subject = from_checkpoint(from);
    subject.recipe = recipe;
    return subject;
  }
  return {WeltSpec::from_recipe(recipe), recipe.path().string(), recipe.integer("train.words"), published_sizes(recipe),
          recipe};
}

Json number_or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

std::optional<double> published(const Subject& subject, const std::string& part) {
  const auto found = subject.published.find(part);
  return found == subject.published.end() ? std::nullopt : std::optional(found->second);
}

std::optional<MemoryNeed> training_need(const Subject& subject) {
  if (!subject.recipe || subject.recipe->string("task") != "train") return std::nullopt;
  return memory_need(*subject.recipe, subject.spec, subject.recipe->integer("train.batch"));
}

Json training_json(const Subject& subject) {
  const std::optional<MemoryNeed> need = training_need(subject);
  if (!need) return {};
  return {{"batch", subject.recipe->integer("train.batch")},
          {"weights", need->weights},
          {"gradients", need->gradients},
          {"optimizer", need->optimizer},
          {"copies", need->copies},
          {"activations", need->activations},
          {"program", need->program},
          {"peak", need->peak()}};
}

Json to_json(const Subject& subject, const ModelInfo& info) {
  Json parts = Json::array();
  for (const PartInfo& part : info.parts)
    parts.push_back({{"name", part.name},
                     {"plugin", part.plugin.empty() ? Json() : Json(part.plugin)},
                     {"parameters", part.parameters},
                     {"tables", part.tables},
                     {"idle_parameters", part.idle},
                     {"published_millions", number_or_null(published(subject, part.name))},
                     {"positions_per_word", part.positions},
                     {"weight_flops_per_word", number_or_null(part.weight_flops)},
                     {"attention_flops_per_word", number_or_null(part.attention_flops)}});
  const auto cache = [](const CacheInfo& of) {
    return Json{{"slots", of.slots}, {"bytes", of.row_bytes ? Json(*of.row_bytes) : Json()}};
  };
  return {{"model", subject.path},
          {"encoding", encoding_name(subject.spec.encoding)},
          {"parameters", info.parameters},
          {"parameters_without_tables", info.parameters - info.tables},
          {"idle_parameters", info.idle},
          {"published_millions", number_or_null(published(subject, "all"))},
          {"parts", parts},
          {"lengths",
           {{"bytes_per_word", info.lengths.bytes},
            {"image_height", info.lengths.image_height},
            {"image_width", info.lengths.image_width},
            {"words", info.lengths.words}}},
          {"forward_flops_per_word", info.flops()},
          {"training_flops_per_word", 3 * info.flops()},
          {"memory",
           {{"weights", info.weight_bytes},
            {"gradients", info.gradient_bytes},
            {"optimizer", info.optimizer_bytes},
            {"latent_cache", cache(info.latent_cache)},
            {"decoder_cache", cache(info.decoder_cache)}}},
          {"training_memory", training_json(subject)},
          {"notes", info.notes}};
}

// 12,345,678
std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string right(const std::string& text, std::size_t width) { return fmt::format("{:>{}}", text, width); }

std::string mega(double value) { return right(fmt::format("{:.3f}", value / 1e6), 12); }
std::string mega(const std::optional<double>& value) { return value ? mega(*value) : right("?", 12); }

std::string spoken(std::string name) {
  std::ranges::replace(name, '_', ' ');
  return name;
}

void print_parameters(const Subject& subject, const ModelInfo& info) {
  std::vector<std::vector<std::string>> rows{
      {"", "plugin", right("parameters", 13), right("tables", 13), right("without tables", 14)}};
  if (!subject.published.empty()) rows.front().push_back(right("published", 9));
  const auto row = [&](const std::string& name, const std::string& plugin, std::int64_t all, std::int64_t tables) {
    rows.push_back(
        {spoken(name), plugin, right(grouped(all), 13), right(grouped(tables), 13), right(grouped(all - tables), 14)});
    if (const std::optional<double> millions = published(subject, name))
      rows.back().push_back(right(fmt::format("{} M", *millions), 9));
  };
  for (const PartInfo& part : info.parts) row(part.name, part.plugin, part.parameters, part.tables);
  row("all", "", info.parameters, info.tables);
  fmt::print("{}", format_table(rows));
}

void print_flops(const ModelInfo& info) {
  std::vector<std::vector<std::string>> rows{{"", right("positions", 9), right("weights", 12), right("attention", 12),
                                              right("forward", 12), right("training", 12)}};
  for (const PartInfo& part : info.parts)
    rows.push_back({spoken(part.name), right(fmt::format("{}", part.positions), 9), mega(part.weight_flops),
                    mega(part.attention_flops), mega(part.flops()), mega(3 * part.flops())});
  rows.push_back({"all", "", "", "", mega(info.flops()), mega(3 * info.flops())});
  fmt::print("{}", format_table(rows));
}

void print_memory(const ModelInfo& info) {
  const std::int64_t trained = info.weight_bytes + info.gradient_bytes + info.optimizer_bytes;
  const auto cache = [](const char* name, const CacheInfo& of) {
    return std::vector<std::string>{name, of.row_bytes ? size_text(*of.row_bytes) : right("?", 8),
                                    fmt::format("{} slots", of.slots)};
  };
  std::vector<std::vector<std::string>> rows{
      {"weights", size_text(info.weight_bytes), "bfloat16 if precision = \"bf16\", else float32"},
      {"gradients", size_text(info.gradient_bytes)},
      {"AdamW's moments", size_text(info.optimizer_bytes)},
      {"training", size_text(trained), "the three together, without activations"},
      cache("cache of the decoder", info.decoder_cache)};
  if (info.latent_cache.slots > 0) rows.insert(rows.end() - 1, cache("cache of the latents", info.latent_cache));
  fmt::print("{}", format_table(rows));
}

// A step of the recipe as it is, and whether this machine has room for it.
void print_training(const Subject& subject) {
  const std::optional<MemoryNeed> need = training_need(subject);
  if (!need) return;
  const Recipe& recipe = *subject.recipe;
  fmt::print("\nPeak memory of training, about: batches of {} x {}, precision {}, {}\n", recipe.integer("train.batch"),
             recipe.integer("train.words"), recipe.string("precision"), recipe.string("train.optimizer"));
  fmt::print("{}", format_table({{"weights", size_text(need->weights)},
                                 {"gradients", size_text(need->gradients)},
                                 {"optimizer's state", size_text(need->optimizer)},
                                 {"copies in bfloat16", size_text(need->copies)},
                                 {"activations", size_text(need->activations), "of text like English prose"},
                                 {"program", size_text(need->program)},
                                 {"all", size_text(need->peak())}}));
  const FreeMemory free = free_memory(recipe);
  if (free.bytes > 0 && need->least() > free.bytes)
    fmt::print("That is too much: {}. `welt run` would {}.\n", free.text,
               recipe.boolean("train.auto_micro_batch") ? "compute each batch in smaller ones"
                                                        : "refuse it, saying what helps");
}

void print(const Subject& subject, const ModelInfo& info) {
  const bool byte_lm = is_byte_lm(subject.spec);
  if (byte_lm)
    fmt::print("Model of {}, a byte_lm: the decoder alone\n\nParameters\n", subject.path);
  else
    fmt::print("Model of {}, words in {}\n\nParameters\n", subject.path, encoding_name(subject.spec.encoding));
  print_parameters(subject, info);
  const bool draws = info.parts.front().name == "image_encoder";
  fmt::print(
      "\nMillions of FLOPs per word: {} bytes{}, rows of {} {}\n", info.lengths.bytes,
      draws ? fmt::format(", an image of {} x {} pixels", info.lengths.image_width, info.lengths.image_height) : "",
      info.lengths.words, byte_lm ? "bytes" : "words");
  print_flops(info);
  fmt::print("\nMemory (caches: of generating one text)\n");
  print_memory(info);
  print_training(subject);
  for (const std::string& note : info.notes) fmt::print("{}.\n", note);
}

void run(Options options) {
  Subject subject = open(options);
  options.lengths.words = options.words.value_or(subject.words);
  const WeltModel model = WeltModel::outline(subject.spec);
  const ModelInfo info = describe_model(model, options.lengths);
  if (options.json)
    fmt::print("{}\n", json_text(to_json(subject, info), 2));
  else
    print(subject, info);
}

constexpr const char* footer =
    R"(FLOPs are two for each weight of a matrix and position, plus attention's two products (4 x layers x heads x head
width for each pair of positions that see each other); training is three times the forward pass. A word of b bytes is
b + 2 positions to bytes encoder and decoder, patches + 1 to the image encoder, one to the latent transformer; to a
byte_lm, the decoder alone, it is b. A word
that a batch holds twice is encoded once, which is not subtracted. Tables are rows that are looked up or added (bytes,
positions, token types); a tied head multiplies by the decoder's byte table, which counts once, as a table. Caches are
float32 keys and values of every layer and position.

Examples:
  welt model info recipes/quickstart.toml
  welt model info mine.toml --set model.latent.preset=pythia-160m --words 512
  welt model info runs/quickstart --bytes-per-word 6.5 --json)";

}  // namespace

void add_model_info(CLI::App& model) {
  CLI::App* verb = model.add_subcommand("info", "Parameters, FLOPs per word and memory, without making the weights");
  auto options = std::make_shared<Options>();
  verb->add_option("model", options->model, "Recipe (a file, or one that came with the program), run or checkpoint")
      ->required()
      ->type_name("RECIPE|DIR");
  repeatable(verb->add_option("--set", options->overrides, "Override a key of the recipe")
                 ->type_name("KEY=VALUE")
                 ->group("Recipe"));
  verb->add_option("--bytes-per-word", options->lengths.bytes, "Bytes of text in a word")
      ->type_name("NUMBER")
      ->capture_default_str()
      ->group("Lengths");
  verb->add_option("--image-px", options->lengths.image_width,
                   "Width of a word's image in pixels; 0: three times its height, which is the renderer's block")
      ->type_name("WIDTH")
      ->capture_default_str()
      ->group("Lengths");
  verb->add_option("--words", options->words, "Words of a row; default: what the model is trained with (train.words)")
      ->type_name("NUMBER")
      ->group("Lengths");
  verb->add_flag("--json", options->json, "Print one JSON object: counts, FLOPs and bytes as plain numbers")
      ->group("Output");
  verb->footer(footer);
  verb->callback([options] { run(*options); });
}

}  // namespace welt
