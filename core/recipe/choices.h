// Tables whose rows a recipe chooses by name: the key's choices and help follow from the rows' `name` and `help`.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/recipe/schema.h"

namespace welt {

template <typename Row>
std::vector<std::string> names_of(const std::vector<Row>& rows) {
  std::vector<std::string> names;
  for (const Row& row : rows) names.emplace_back(row.name);
  return names;
}

// "What it is: name: help; name: help".
template <typename Row>
RecipeKey table_key(std::string name, std::string fallback, std::string what, const std::vector<Row>& rows) {
  std::string help = std::move(what);
  for (std::size_t i = 0; i < rows.size(); ++i)
    help += fmt::format("{} {}: {}", i == 0 ? "." : ";", rows[i].name, rows[i].help);
  return choice_key(std::move(name), std::move(fallback), std::move(help), names_of(rows));
}

// The row of this name; `where` is what named it. Throws Error with the nearest name.
template <typename Row>
const Row& find_choice(const std::vector<Row>& rows, std::string_view name, std::string_view where) {
  for (const Row& row : rows)
    if (row.name == name) return row;
  const std::vector<std::string> names = names_of(rows);
  const std::string near = nearest(std::string(name), names);
  fail({.where = std::string(where),
        .found = fmt::format("\"{}\"", name),
        .expected = fmt::format("one of {}", fmt::join(names, ", ")),
        .mend = near.empty() ? "" : fmt::format("Did you mean \"{}\"?", near)});
}

}  // namespace welt
