// See held_out.h.
#include "core/train/held_out.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/generate/byte_lm_writer.h"
#include "core/generate/prompt.h"
#include "core/generate/settings.h"
#include "core/kernels/step_weights.h"
#include "core/model/byte_lm.h"
#include "core/recipe/choices.h"
#include "core/train/recipe_text.h"
#include "core/train/samples.h"

namespace welt {
namespace {

constexpr const char* files_key = "data.validation.files";

std::string place(const Recipe& recipe, const std::string& key) { return recipe.where(key) + ": " + key; }

std::vector<std::string> pair_of(const Recipe& recipe) {
  const std::string key = "evaluate.template";
  std::vector<std::string> pair = recipe.strings(key);
  if (pair.empty() && recipe.strings("data.template").size() == 2) pair = recipe.strings("data.template");
  if (pair.empty()) return {"{prefix}", "{completion}"};
  if (pair.size() != 2)
    fail({place(recipe, key), fmt::format("{} texts", pair.size()), "two: of the prefix and of the completion",
          "evaluate.template = [\"<en>{en}<de> \", \"{de}\"]"});
  return pair;
}

bool has_groups(const Recipe& recipe) { return !recipe.string("evaluate.group_by").empty(); }
bool writes(const Recipe& recipe) { return !recipe.strings("evaluate.metrics").empty(); }

// Rows of files, whose fields say what there is to compare with.
void need_files(const Recipe& recipe, const char* key) {
  if (recipe.strings(files_key).empty())
    fail({place(recipe, key), "there are no rows with fields: data.validation.files names no file",
          "held-out rows in a file of their own, of JSON Lines for example", "Set data.validation.files"});
}

std::string metrics_need_completions(const Recipe& recipe) {
  return fmt::format("{}: {} compares with completions, which the rows must have", place(recipe, "evaluate.metrics"),
                     fmt::join(recipe.strings("evaluate.metrics"), ", "));
}

// With one kind of fields at a time the message can say which key wants them.
std::vector<HeldOutRow> read_rows(const Recipe& recipe, bool with_text, std::int64_t most) {
  HeldOutRowOptions options{.files = recipe.resolve_files(files_key),
                            .name = "data.validation",
                            .format = recipe.string("data.validation.format"),
                            .skip_bad = recipe.string("data.validation.on_invalid") == "skip",
                            .language = recipe.string("data.language"),
                            .group = recipe.string("evaluate.group_by"),
                            .most = most};
  if (options.skip_bad) options.fits = text_template(recipe);
  if (with_text) {
    options.text = recipe.string("data.validation.field");
    options.text_template = text_template(recipe);
  }
  if (!writes(recipe)) return read_held_out_rows(options);
  options.pair = pair_of(recipe);
  HeldOutRowOptions first = options;
  first.most = 1;
  first.group.clear();
  with_context(metrics_need_completions(recipe), [&] { read_held_out_rows(first); });
  return read_held_out_rows(options);
}

void check_keys(const Recipe& recipe) {
  text_metrics_of(recipe);
  if (writes(recipe)) need_files(recipe, "evaluate.metrics");
  if (has_groups(recipe)) need_files(recipe, "evaluate.group_by");
  if (!writes(recipe) && recipe.given("evaluate.template"))
    fail({place(recipe, "evaluate.template"), "there is no metric of generated text", {}, "Set evaluate.metrics"});
}

}  // namespace

void add_evaluate_keys(std::vector<RecipeKey>& keys) {
  std::string help =
      "What is measured of completions that the model writes itself, behind the prefixes of held-out rows";
  for (std::size_t i = 0; i < text_metrics().size(); ++i)
    help += fmt::format("{} {}: {}", i == 0 ? "." : ";", text_metrics()[i].name, text_metrics()[i].help);
  keys.push_back(incidental({"evaluate.metrics", "strings", nullptr, help}));
  keys.push_back(incidental(
      {"evaluate.template", "strings", nullptr,
       "Prefix and completion, made of a held-out row's fields: [\"<en>{en}<de> \", \"{de}\"]; default: the two "
       "texts of data.template, else the fields prefix and completion"}));
  keys.push_back(incidental(
      {"evaluate.group_by", "string", "", "Field of held-out rows: figures for each of its values, too; empty: none"}));
  keys.push_back(incidental({"evaluate.rows", "integer", 64,
                             "Rows, evenly over all, whose completions are written; 0: all", 0, recipe_no_limit}));
  keys.push_back(
      incidental({"evaluate.samples", "integer", 3, "Of them logged, with the score of each, in log.jsonl", 0, 1e6}));
}

std::vector<const TextMetric*> text_metrics_of(const Recipe& recipe) {
  std::vector<const TextMetric*> chosen;
  for (const std::string& name : recipe.strings("evaluate.metrics"))
    if (const TextMetric* metric = &find_choice(text_metrics(), name, place(recipe, "evaluate.metrics"));
        std::ranges::count(chosen, metric) == 0)
      chosen.push_back(metric);
  return chosen;
}

void check_held_out(const Recipe& recipe, WeltModel& outline) {
  check_keys(recipe);
  if (writes(recipe)) {
    require_caches(outline, place(recipe, "evaluate.metrics"), "completions", "evaluate.metrics = []");
    const GenerateOptions options = generate_options(recipe);
    options.check(outline.units().bytes() == 1);
    if (is_byte_lm(outline.spec()))
      with_context(place(recipe, "evaluate.metrics") + ", [generate]", [&] { check_bytes(options); });
    with_context(place(recipe, "generate.weights"),
                 [&] { kernels::step_weights_of(recipe.string("generate.weights")); });
  }
  if (writes(recipe) || has_groups(recipe)) read_rows(recipe, /*with_text=*/false, 1);
}

HeldOut open_held_out(const Recipe& recipe, const DatasetOptions& options, const WeltModel& model,
                      const TextFrontEnd& text) {
  HeldOut out;
  check_keys(recipe);
  if (!writes(recipe) && !has_groups(recipe)) return out;
  const std::vector<HeldOutRow> all = read_rows(recipe, has_groups(recipe), 0);
  const bool bytes = is_byte_lm(model.spec());
  if (has_groups(recipe)) {
    const auto split = [&](std::string_view document, std::vector<std::uint64_t>& ends) {
      if (bytes)
        split_into_bytes(document, ends);
      else
        text.segmenter().split(document, ends);
    };
    out.groups = group_batches(all, options, split, text.drawer().get(), recipe.integer("train.eval_rows"));
  }
  if (!writes(recipe)) return out;
  const std::int64_t positions = model.limits().latent;
  std::vector<const HeldOutRow*> fit;
  for (const HeldOutRow& row : all)
    if (positions == 0 || prompt_positions(model, text, row.prefix, "a prefix") <= positions) fit.push_back(&row);
  if (fit.size() < all.size())
    log_warning("evaluate",
                "{} of {} held-out rows have a prefix of more {} than the {} positions of the {}: nothing is written "
                "for them",
                all.size() - fit.size(), all.size(), bytes ? "bytes" : "words", positions,
                bytes ? "decoder" : "latent transformer");
  if (fit.empty())
    fail({place(recipe, files_key),
          all.empty() ? "no row" : "no row with a prefix that the model has room for",
          "held-out rows",
          {}});
  for (const std::int64_t i : evenly(std::ssize(fit), recipe.integer("evaluate.rows"))) {
    const HeldOutRow& row = *fit[static_cast<std::size_t>(i)];
    read_prompt(model, text, row.prefix, fmt::format("{}: a prefix", place(recipe, files_key)));
    out.rows.push_back(row);
  }
  return out;
}

}  // namespace welt
