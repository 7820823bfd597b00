// See generate_options.h.
#include "apps/welt/generate_options.h"

#include <fmt/format.h>

#include <charconv>

#include "apps/welt/repeatable.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/checkpoint/run_folder.h"
#include "core/generate/settings.h"
#include "core/train/recipe_keys.h"

namespace welt {
namespace {

using nlohmann::json;

std::string text_of(const json& fallback) {
  return fallback.is_string() ? fallback.get<std::string>() : fallback.dump();
}

template <typename Number>
bool read_number(const std::string& text, Number& value) {
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  return status == std::errc{} && end == text.data() + text.size();
}

// The value that the text is, or throws what CLI11 shows. Ranges of real numbers are GenerateOptions::check()'s.
json value_of(const RecipeKey& key, const std::string& option, const std::string& text) {
  if (key.type == "string") return text;  // choices are checked by CLI11
  std::int64_t whole = 0;
  double real = 0;
  if (key.type == "number") {
    if (read_number(text, real)) return real;
    throw CLI::ValidationError(option, text + " is no number");
  }
  if (read_number(text, whole) && static_cast<double>(whole) >= key.minimum &&
      static_cast<double>(whole) <= key.maximum)
    return whole;
  throw CLI::ValidationError(option,
                             fmt::format("{} is no whole number from {} to {}", text, key.minimum, key.maximum));
}

void add_setting(CLI::App& verb, const GenerateSetting& setting, const GivenSettings& given) {
  const std::string option = option_name(setting);
  const RecipeKey& key = setting.key;
  CLI::Option* added = nullptr;
  if (key.type == "strings") {
    added = repeatable(verb.add_option_function<std::vector<std::string>>(
        option, [given, name = key.name](const std::vector<std::string>& texts) { (*given)[name] = texts; },
        key.help + "; may be repeated"));
    added->type_name("TEXT");
  } else {
    added = verb.add_option_function<std::string>(
        option, [given, &key, option](const std::string& text) { (*given)[key.name] = value_of(key, option, text); },
        key.help);
    added->type_name(key.type == "string" ? "NAME" : key.type == "integer" ? "N" : "X");
    added->default_str(text_of(key.fallback));
    if (!key.choices.empty()) added->check(CLI::IsMember(key.choices));
  }
  added->group(setting.group);
}

}  // namespace

GivenSettings add_generate_settings(CLI::App& verb) {
  auto given = std::make_shared<std::map<std::string, json>>();
  for (const GenerateSetting& setting : generate_settings()) add_setting(verb, setting, given);
  return given;
}

RunSettings merged_generate_settings(const std::string& run_or_checkpoint, const GivenSettings& given) {
  RunSettings settings;
  GenerateOptions& options = settings.options;
  const std::filesystem::path recipe = run_recipe(newest_checkpoint(run_or_checkpoint));
  try {
    if (!recipe.empty()) {
      const Recipe read = load_recipe(recipe);
      options = generate_options(read);
      settings.weights = read.string("generate.weights");
    }
  } catch (const Error& error) {  // the model does not depend on it
    log_warning("generate", "{} What it says under [generate] is not taken.", error.what());
  }
  for (const GenerateSetting& setting : generate_settings())
    if (const auto at = given->find(setting.key.name); at != given->end()) setting.set(options, at->second);
  if (options.beams.n_best > options.beams.word_beams) options.beams.word_beams = options.beams.n_best;
  return settings;
}

void refuse_settings(const GivenSettings& given) {
  for (const GenerateSetting& setting : generate_settings())
    if (given->contains(setting.key.name))
      fail({option_name(setting),
            "given with --jsonl and --reference-compatible",
            "\"options\" and \"max_generated_words\" in each request, which say it there",
            {}});
}

}  // namespace welt
