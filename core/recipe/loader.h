// Merges recipe files and --set values into one checked tree. The inside of Recipe::load; nobody else calls it.
#pragma once

#include <toml++/toml.h>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/recipe/recipe.h"

namespace welt {

class RecipeLoader {
 public:
  explicit RecipeLoader(const RecipeSchema& schema) : schema_(&schema) {}
  const RecipeSchema& schema() const { return *schema_; }
  void add_file(const std::filesystem::path& path);  // with what it extends, first
  void add_text(std::string_view text, const std::filesystem::path& origin);
  void add_override(const std::string& text);  // "key=value"
  // Defaults, and checks across keys. Throws one Error with all problems. `path` gives the run its default name.
  void finish(const std::filesystem::path& path);

  nlohmann::json values = nlohmann::json::object();
  nlohmann::json origins = nlohmann::json::object();

 private:
  struct Source;  // file, or --set
  using KeyPath = std::vector<std::string>;
  void add_extends(const toml::node& node, const Source& source);
  void add_nodes(const toml::table& table, KeyPath& path, const Source& source);
  void add_leaf(const KeyPath& path, const toml::node& node, const Source& source);
  void store(const KeyPath& path, nlohmann::json value, const std::string& where);
  void report(const Source& source, unsigned line, std::string text);
  void check_together();
  // The known key that was probably meant: near in spelling, or the same last part in another table.
  std::string meant_key(const std::string& name) const;
  // What to do about an unknown key: the one that was meant, or what there is beside it.
  std::string advice(const std::string& name) const;

  const RecipeSchema* schema_;
  std::vector<std::string> problems_;
  std::vector<std::filesystem::path> open_;  // the chain of `extends`
  int files_ = 0;
};

}  // namespace welt
