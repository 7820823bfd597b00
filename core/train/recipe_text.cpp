// See recipe_text.h.
#include "core/train/recipe_text.h"

#include "core/base/error.h"
#include "core/prepare/prepared_folder.h"
#include "core/train/recipe_sources.h"

namespace welt {
namespace {

constexpr const char* prepared_key = "data.prepared";

bool is_prepared(const Recipe& recipe) { return !recipe.string(prepared_key).empty(); }

std::string place_of(const Recipe& recipe, const std::string& key) { return recipe.where(key) + ": " + key; }

PreparedShards shards_of(const Recipe& recipe) {
  if (const std::string files = "data.train.files"; !recipe.strings(files).empty())
    fail({place_of(recipe, prepared_key), fmt::format("{} is given too ({})", files, recipe.where(files)),
          "one of the two", "data.train.files = [] leaves only the prepared text"});
  if (!recipe.strings("data.template").empty())
    fail({place_of(recipe, prepared_key), "data.template is given too, but prepared text has no fields",
          "one of the two", "Prepare it with --text_template"});
  PreparedShards all;
  for (const std::filesystem::path& folder : recipe.resolve_files(prepared_key)) {
    const PreparedShards shards = prepared_shards(folder, place_of(recipe, prepared_key));
    all.train.insert(all.train.end(), shards.train.begin(), shards.train.end());
    all.validation.insert(all.validation.end(), shards.validation.begin(), shards.validation.end());
  }
  return all;
}

}  // namespace

RecipeText training_text(const Recipe& recipe) {
  if (has_sources(recipe)) {
    RecipeText text{"data.sources", {}};
    for (const DatasetSource& source : recipe_sources(recipe))
      text.files.insert(text.files.end(), source.text.files.begin(), source.text.files.end());
    return text;
  }
  if (!is_prepared(recipe)) return {"data.train.files", recipe.resolve_files("data.train.files")};
  RecipeText text{prepared_key, shards_of(recipe).train, true};
  if (text.files.empty())
    fail({place_of(recipe, prepared_key), recipe.string(prepared_key) + " holds no split train", "text to train on",
          "Prepare it with --train_split_units"});
  return text;
}

RecipeText held_out_text(const Recipe& recipe) {
  const std::string key = "data.validation.files";
  if (!recipe.strings(key).empty()) return {key, recipe.resolve_files(key)};
  if (is_prepared(recipe)) return {prepared_key, shards_of(recipe).validation, true};
  return {key, {}};
}

std::string text_template(const Recipe& recipe) {
  const std::string key = "data.template";
  const std::vector<std::string> texts = recipe.strings(key);
  if (texts.size() > 2)
    fail({place_of(recipe, key), fmt::format("{} texts", texts.size()),
          "one, or two: of the prefix and of the completion", "data.template = [\"<en>{en}<de> \", \"{de}\"]"});
  std::string joined;
  for (const std::string& text : texts) joined += text;
  return joined;
}

SourceOptions source_options(const Recipe& recipe, const std::string& table, const RecipeText& text) {
  SourceOptions options{.files = text.files,
                        .name = table,
                        .on_invalid = recipe.string(table + ".on_invalid"),
                        .text_template = text_template(recipe),
                        .language = recipe.string("data.language"),
                        .keep_linebreaks = recipe.boolean("data.keep_linebreaks")};
  options.format = text.is_prepared ? "jsonl" : recipe.string(table + ".format");
  options.field = text.is_prepared ? "text" : recipe.string(table + ".field");
  if (table == "data.train") options.limit = recipe.integer("data.limit");
  return options;
}

double held_out_share(const Recipe& recipe) {
  const double share = recipe.number("data.validation.fraction");
  return share > 0 && held_out_text(recipe).files.empty() ? share : 0;
}

bool names_training_text(const Recipe& recipe) {
  return is_prepared(recipe) || has_sources(recipe) || !recipe.strings("data.train.files").empty();
}

bool names_held_out_text(const Recipe& recipe) {
  return recipe.number("data.validation.fraction") > 0 || !recipe.strings("data.validation.files").empty() ||
         (is_prepared(recipe) && !held_out_text(recipe).files.empty());
}

}  // namespace welt
