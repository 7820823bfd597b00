// See pack.h.
#include "core/checkpoint/pack.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/new_folder.h"
#include "core/checkpoint/run_folder.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::uintmax_t json_limit = 64 << 20;
constexpr std::size_t most_rows = 100;  // of the table of texts

// Names and hashes of the recipe and of the texts that the run was given; of their paths the last part alone.
std::string origin_text(const fs::path& run_or_checkpoint) {
  const fs::path recipe = run_recipe(find_checkpoint(run_or_checkpoint));
  if (recipe.empty()) return {};
  std::string out =
      fmt::format("\n## Origin\n\n| file | bytes | SHA-256 |\n| --- | ---: | --- |\n| recipe.toml | {} | `{}` |\n",
                  fs::file_size(recipe), sha256_file(recipe));
  const fs::path inputs = recipe.parent_path() / "inputs.json";
  if (!fs::exists(inputs)) return out;
  const Json texts = read_json_object(inputs, json_limit).value("text", Json::object());
  std::size_t rows = 0;
  for (const auto& [key, files] : texts.items()) {
    for (const Json& file : files) {
      if (++rows > most_rows) continue;
      out += fmt::format("| {}: {} | {} | `{}` |\n", key, fs::path(file.value("path", "")).filename().string(),
                         json_text(file.value("bytes", Json())), file.value("sha256", ""));
    }
  }
  if (rows > most_rows)
    out += fmt::format("\nand {} files more, which the run's inputs.json names.\n", rows - most_rows);
  return out;
}

std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> out;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) out.push_back(entry.path());
  std::ranges::sort(out);
  return out;
}

}  // namespace

PackReport pack_model(const fs::path& run_or_checkpoint, const std::string& part, const fs::path& target,
                      std::int64_t largest_file) {
  PackReport report;
  write_new_folder(target, [&](const fs::path& folder) {
    const fs::path made = folder / "export";
    report.exported = part.empty() ? export_model(run_or_checkpoint, made, largest_file)
                                   : export_part(run_or_checkpoint, part, made, largest_file);
    std::vector<fs::path> entries;
    for (const fs::directory_entry& entry : fs::directory_iterator(made)) entries.push_back(entry.path());
    for (const fs::path& entry : entries) fs::rename(entry, folder / entry.filename());
    fs::remove(made);
    const fs::path card = folder / "README.md";
    write_file(card, read_file(card) + origin_text(run_or_checkpoint));
    write_file(folder / ".gitattributes", "*.safetensors filter=lfs diff=lfs merge=lfs -text\n");
    std::string sums;
    for (const fs::path& file : files_below(folder)) {
      sums += fmt::format("{}  {}\n", sha256_file(file), file.lexically_relative(folder).generic_string());
      report.bytes += fs::file_size(file);
      ++report.files;
    }
    write_file(folder / "SHA256SUMS", sums);
  });
  return report;
}

}  // namespace welt
