// See schema_text.h.
#include "core/recipe/schema_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "core/recipe/toml_text.h"

namespace welt {
namespace {

std::string default_text(const RecipeKey& key) {
  const bool nothing = key.fallback.is_null() || key.fallback == "" || key.type == "table";
  return nothing ? "" : "`" + toml_value(key.fallback) + "`";
}

std::string allowed_text(const RecipeKey& key) {
  std::vector<std::string> choices;
  for (const std::string& choice : key.choices)
    if (!choice.empty()) choices.push_back("`" + choice + "`");
  if (!choices.empty()) return fmt::format("{}", fmt::join(choices, ", "));
  if (key.minimum == 0 && key.maximum == 0) return "";
  if (key.maximum >= recipe_no_limit) return fmt::format("{} or more", key.minimum);
  return fmt::format("{} to {}", key.minimum, key.maximum);
}

}  // namespace

std::string recipe_keys_markdown(const RecipeSchema& schema) {
  std::string text, table = "-";
  for (const RecipeKey& key : schema.keys()) {
    const std::size_t dot = key.name.rfind('.');
    const std::string parent = dot == std::string::npos ? "" : key.name.substr(0, dot);
    if (parent != table) {
      text += fmt::format("{}### {}\n\n| key | type | default | allowed | what |\n| --- | --- | --- | --- | --- |\n",
                          text.empty() ? "" : "\n", parent.empty() ? "Above all tables" : "`[" + parent + "]`");
      table = parent;
    }
    text +=
        fmt::format("| `{}` | {} | {} | {} | {} |\n", parent.empty() ? key.name : key.name.substr(dot + 1), key.type,
                    default_text(key), allowed_text(key), key.help + (key.incidental ? " (*resume*)" : ""));
  }
  return text;
}

}  // namespace welt
