// See static_folder.h.
#include "core/train/static_folder.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/new_folder.h"

namespace welt {

namespace fs = std::filesystem;

fs::path tokenizer_of(const Recipe& recipe, std::string_view key, const fs::path& folder) {
  const std::string given = recipe.string(key);
  std::error_code error;
  fs::path path = given.empty() ? folder : fs::path(given);
  if (fs::is_directory(path, error)) path /= "tokenizer.json";
  if (fs::is_regular_file(path, error)) return path;
  refuse_unreachable(path);
  fail({.where = fmt::format("{}: {}", recipe.where(key), key),
        .found = fmt::format("no file {}", path.string()),
        .expected = "the model's tokenizer.json, or the folder of one",
        .mend = fmt::format("Name it with {}", key)},
       ErrorCode::not_found);
}

fs::path new_static_folder(const Recipe& recipe) {
  fs::path target = fs::path(recipe.string("run_dir")) / recipe.string("name");
  std::error_code error;
  if (fs::exists(target, error) && !fs::is_empty(target, error))
    fail({.where = target.string(),
          .found = "it is there already",
          .expected = "a new folder",
          .mend = "Choose another name (--set name=…), or remove it"},
         ErrorCode::already_exists);
  return target;
}

void write_static_folder(const Recipe& recipe, const fs::path& target, const NamedTensor& table,
                         const std::string& tokenizer, const nlohmann::json& config) {
  write_new_folder(target, [&](const fs::path& folder) {
    save_tensors(folder / "model.safetensors", {table});
    write_file(folder / "tokenizer.json", tokenizer);
    if (!config.is_null()) write_json(folder / "config.json", config);
    write_file(folder / "recipe.toml", recipe.to_toml());
  });
}

}  // namespace welt
