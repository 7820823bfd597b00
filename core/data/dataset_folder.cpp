// See dataset_folder.h.
#include "core/data/dataset_folder.h"

#include <fnmatch.h>

#include <algorithm>
#include <exception>
#include <map>
#include <set>
#include <utility>

#include <fmt/ranges.h>
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/hub_cache.h"
#include "core/base/log.h"
#include "core/data/prepared_metadata.h"
#include "core/data/rows.h"
#include "core/data/source.h"
#include "core/data/yaml_front.h"
#include "core/hub/hub_fetch.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Patterns = std::vector<std::string>;

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    if (const std::string_view part = path.substr(0, slash); !part.empty() && part != ".") parts.emplace_back(part);
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return parts;
}

// "**" is any number of folders, at the end of a pattern the files in them too.
bool fits(const std::vector<std::string>& path, const std::vector<std::string>& pattern) {
  std::vector<bool> good(path.size() + 1);  // whether the path from there on fits the pattern's rest
  good.back() = true;
  for (std::size_t of = pattern.size(); of-- > 0;) {
    std::vector<bool> before(path.size() + 1);
    for (std::size_t at = path.size(); at-- > 0;)
      before[at] = pattern[of] == "**" ? of + 1 == pattern.size() || good[at] || before[at + 1]
                                       : good[at + 1] && fnmatch(pattern[of].c_str(), path[at].c_str(), 0) == 0;
    good = std::move(before);
  }
  return good.front();
}

// Whether a path below a data set's folder may be data: nothing hidden, no card, and of a format that is read.
bool is_data_file(const std::string& path) {
  static const std::set<std::string> others{"README.md",          "config.json",    "dataset_info.json",
                                            "dataset_infos.json", "dummy_data.zip", "dataset_dict.json"};
  const std::vector<std::string> parts = split_path(path);
  for (const std::string& part : parts)
    if (part.starts_with('.') || (part.starts_with("__") && &part != &parts.back())) return false;
  return !parts.empty() && !others.contains(parts.back()) && !row_format_of(path).empty();
}

// Paths below the folder that may be data, sorted.
std::vector<std::string> data_files_below(const fs::path& folder) {
  std::vector<std::string> out;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, fs::directory_options::follow_directory_symlink, error), end;
       !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with('.') || (name.starts_with("__") && at->is_directory())) {
      at.disable_recursion_pending();
      continue;
    }
    std::error_code ignored;
    const std::string path = at->path().lexically_relative(folder).generic_string();
    if (is_data_file(path) && fs::is_regular_file(at->path(), ignored)) out.push_back(path);
  }
  if (error) {
    refuse_unreachable(folder / "*");
    fail({folder.string(), "cannot be looked through: " + error.message()}, ErrorCode::unavailable);
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::string> matches(const std::vector<std::string>& files, const Patterns& patterns) {
  std::vector<std::string> out;
  for (const std::string& pattern : patterns) {
    const auto parts = split_path(pattern);
    for (const std::string& file : files)
      if (fits(split_path(file), parts) && std::ranges::find(out, file) == out.end()) out.push_back(file);
  }
  return out;
}

// Splits in order, with the patterns of their files.
using Splits = std::vector<std::pair<std::string, Patterns>>;

Patterns strings_of(const json& value) {
  Patterns out;
  if (value.is_string()) out.push_back(value.get<std::string>());
  if (value.is_array())
    for (const json& entry : value)
      if (entry.is_string()) out.push_back(entry.get<std::string>());
  return out;
}

Splits splits_of_card(const json& configuration) {
  const json files = configuration.value("data_files", json());
  if (files.is_array() && !files.empty() && files[0].is_object()) {
    Splits out;
    for (const json& entry : files)
      if (entry.is_object() && entry.contains("split") && entry["split"].is_string())
        out.emplace_back(entry["split"].get<std::string>(), strings_of(entry.value("path", json())));
    return out;
  }
  if (files.is_object()) {
    Splits out;
    for (const auto& [split, patterns] : files.items()) out.emplace_back(split, strings_of(patterns));
    return out;
  }
  const Patterns patterns = strings_of(files);
  return patterns.empty() ? Splits() : Splits{{"train", patterns}};
}

// data/{split}-00000-of-00001.parquet
Splits splits_of_numbered(const std::vector<std::string>& files) {
  const std::string digits = "[0-9][0-9][0-9][0-9][0-9]", numbers = "-" + digits + "-of-" + digits + "*.*";
  std::set<std::string> names;
  for (const std::string& file : matches(files, {"data/*" + numbers})) {
    const std::string name = fs::path(file).filename().string();
    names.insert(name.substr(0, name.rfind("-", name.find("-of-") - 1)));
  }
  Splits out;
  for (const std::string& name : names) out.emplace_back(name, Patterns{"data/" + name + numbers});
  return out;
}

const std::vector<std::pair<std::string, Patterns>>& split_words() {
  static const std::vector<std::pair<std::string, Patterns>> words{
      {"train", {"train", "training"}},
      {"validation", {"validation", "valid", "dev", "val"}},
      {"test", {"test", "testing", "eval", "evaluation"}}};
  return words;
}

Splits splits_of_names(const std::vector<std::string>& files, bool of_folders) {
  const std::string separators = "[-._ 0-9]";
  Splits out;
  for (const auto& [split, words] : split_words()) {
    Patterns patterns;
    for (const std::string& word : words) {
      if (of_folders) {
        for (const std::string& folder :
             {word, word + separators + "*", "*" + separators + word, "*" + separators + word + separators + "*"})
          patterns.push_back("**/" + folder + "/**");
      } else {
        patterns.push_back("**/" + word + separators + "*");
        patterns.push_back("**/*" + separators + word + separators + "*");
      }
    }
    if (!matches(files, patterns).empty()) out.emplace_back(split, patterns);
  }
  return out;
}

Splits splits_of_files(const std::vector<std::string>& files) {
  if (Splits found = splits_of_numbered(files); !found.empty()) return found;
  for (const bool of_folders : {true, false})
    if (Splits found = splits_of_names(files, of_folders); !found.empty()) return found;
  return files.empty() ? Splits() : Splits{{"train", {"**"}}};
}

std::string did_you_mean(const std::string& name, const std::vector<std::string>& known) {
  const std::string near = nearest(name, known);
  return near.empty() ? "" : fmt::format("Did you mean \"{}\"?", near);
}

// A text of a card; `fallback` where there is none, or something else.
std::string text_of(const json& object, const char* key, const char* fallback) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : fallback;
}

// Where the card says that its files lie: "", or a path below the data set's folder without "/" at its end. Throws
// Error for one that leads out of it.
std::string data_dir_of(const json& configuration, const std::string& name) {
  std::string out;
  for (const std::string& part : split_path(text_of(configuration, "data_dir", "")))
    out += (out.empty() ? "" : "/") + part;
  const bool is_absolute = text_of(configuration, "data_dir", "").starts_with('/');
  if (!is_absolute && (out.empty() || is_inner_path(out))) return out;
  fail({name + ": data_dir of its card (README.md)",
        fmt::format("\"{:.80}\", which leads out of the data set's folder", text_of(configuration, "data_dir", "")),
        "a folder below it", "Name the files themselves if you trust the card"},
       ErrorCode::data_loss);
}

// The card's configuration, if it has any: {"config_name": …, "data_files": …}.
json configuration_of(const fs::path& folder, const std::optional<std::string>& wanted) {
  const fs::path card = folder / "README.md";
  std::error_code ignored;
  json configurations;
  if (fs::is_regular_file(card, ignored)) {
    const json front = yaml_front_matter(read_file(card));
    if (front.is_object()) configurations = front.value("configs", json());
  }
  std::vector<std::string> names;
  if (!configurations.is_array()) configurations = json::array();
  for (json& entry : configurations) {
    if (!entry.is_object()) continue;
    names.push_back(text_of(entry, "config_name", "default"));
    const bool is_default = entry.value("default", json()) == true || names.back() == "default";
    if (wanted ? names.back() == *wanted : is_default || configurations.size() == 1) return entry;
  }
  if (!wanted && names.empty()) return json::object();
  if (wanted && names.empty() && *wanted == "default") return json::object();
  fail({folder.string(),
        wanted ? fmt::format("no configuration \"{}\"", *wanted) : "several configurations, and none was chosen",
        names.empty() ? "none: its card (README.md) names no configurations"
                      : fmt::format("one of {}", fmt::join(names, ", ")),
        wanted ? did_you_mean(*wanted, names) : "Name one: --dataset_config"},
       ErrorCode::not_found);
}

// Of `files` those of the split; `chosen` is the card's configuration.
std::vector<std::string> files_of_split(const fs::path& folder, const json& chosen,
                                        const std::vector<std::string>& files, const std::string& split) {
  Splits splits = splits_of_card(chosen);
  if (splits.empty()) splits = splits_of_files(files);
  std::vector<std::string> names;
  for (const auto& [name, patterns] : splits) names.push_back(name);
  const auto found = std::ranges::find(splits, split, &Splits::value_type::first);
  if (names.empty())
    fail({folder.string(), "holds no file that is read here",
          "files that end in .jsonl, .json, .csv, .tsv, .txt or .parquet"},
         ErrorCode::not_found);
  if (found == splits.end())
    fail({folder.string(), fmt::format("no split \"{}\"", split), fmt::format("one of {}", fmt::join(names, ", ")),
          did_you_mean(split, names)},
         ErrorCode::not_found);
  std::vector<std::string> out = matches(files, found->second);
  if (out.empty())
    fail({folder.string(), fmt::format("no file fits {}", fmt::join(found->second, ", ")),
          "the files that the card names for the split"},
         ErrorCode::not_found);
  return out;
}

// A folder that a preparation has written is a data set too: its shards are.
void leave_out_metadata(std::vector<fs::path>& files, const fs::path& folder) {
  std::vector<std::string> names;
  std::erase_if(files, [&](const fs::path& file) {
    const bool is_metadata = is_prepared_metadata(file);
    if (is_metadata) names.push_back(file.filename().string());
    return is_metadata;
  });
  if (names.empty()) return;
  if (files.empty())
    fail({folder.string(), fmt::format("of a preparation only the metadata: {}", fmt::join(names, ", ")),
          "its shards beside them", "Copy or prepare it again"},
         ErrorCode::not_found);
  log_info("data", "{}: passed over, metadata of a preparation: {}", folder.string(), fmt::join(names, ", "));
}

std::vector<fs::path> files_of_folder(const fs::path& folder, const std::optional<std::string>& configuration,
                                      const std::string& split) {
  const json chosen = configuration_of(folder, configuration);
  const fs::path base = folder / data_dir_of(chosen, folder.string());
  std::vector<fs::path> out;
  for (const std::string& file : files_of_split(folder, chosen, data_files_below(base), split))
    out.push_back(base / file);
  leave_out_metadata(out, folder);
  return out;
}

// Downloads the card, then the files that it names for the split.
std::vector<fs::path> files_of_hub(const HubId& id, const std::optional<std::string>& configuration,
                                   const std::string& split) {
  HubClient client;
  const HubListing listing = client.list(id);
  const fs::path folder =
      hub_fetch(client, id, listing, [](std::string_view path) { return path == "README.md"; }).folder;
  const json chosen = configuration_of(folder, configuration);
  std::string base = data_dir_of(chosen, fmt::format("{} on {}", id.text(), client.endpoint()));
  if (!base.empty()) base += '/';
  std::vector<std::string> files;
  for (const HubFile& file : listing.files)
    if (file.path.starts_with(base) && is_data_file(file.path.substr(base.size())))
      files.push_back(file.path.substr(base.size()));
  std::sort(files.begin(), files.end());
  const std::string name = fmt::format("{} on {}", id.text(), client.endpoint());
  std::vector<fs::path> out;
  std::set<std::string> wanted;
  for (const std::string& file : files_of_split(name, chosen, files, split)) {
    wanted.insert(base + file);
    out.push_back(folder / (base + file));
  }
  hub_fetch(client, id, listing, [&](std::string_view path) { return wanted.contains(std::string(path)); });
  leave_out_metadata(out, folder);
  return out;
}

// "data/train-00001-of-00002.jsonl": the shards that the names of `files` speak of and that are not there.
std::vector<std::string> missing_shards(const std::vector<fs::path>& files) {
  std::set<std::string> there, out, looked_at;
  for (const fs::path& file : files) there.insert(file.string());
  for (const std::string& file : there) {
    const std::size_t of = file.rfind("-of-");
    if (of == std::string::npos || of < 6 || of + 9 > file.size()) continue;
    const std::string count = file.substr(of + 4, 5);
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (file[of - 6] != '-' || !std::ranges::all_of(count + file.substr(of - 5, 5), is_digit)) continue;
    if (!looked_at.insert(file.substr(0, of - 5) + file.substr(of)).second) continue;
    for (int shard = 0; shard < std::stoi(count); ++shard) {
      const std::string other = fmt::format("{}{:05}{}", file.substr(0, of - 5), shard, file.substr(of));
      if (!there.contains(other)) out.insert(other);
    }
  }
  return {out.begin(), out.end()};
}

// Of the hub's caches, and of the hub what is missing there; nothing where it is in none and may not be asked for: a
// name without an owner is a folder that is not there, more likely than a data set of the hub's first years.
std::vector<fs::path> files_by_hub_name(const HubId& id, const std::optional<std::string>& configuration,
                                        const std::string& split) {
  const std::vector<fs::path> snapshots = cached_snapshots(id);
  const bool may_ask = !hub_is_offline() && id.name.find('/') != std::string::npos;
  if (snapshots.empty()) return may_ask ? files_of_hub(id, configuration, split) : std::vector<fs::path>();
  std::exception_ptr fault;
  std::vector<std::string> missing;
  for (const fs::path& snapshot : snapshots) {
    try {
      const std::vector<fs::path> files = files_of_folder(snapshot, configuration, split);
      const std::vector<std::string> lacking = missing_shards(files);
      if (lacking.empty()) return files;
      if (missing.empty()) missing = lacking;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::not_found) throw;
      if (!fault) fault = std::current_exception();
    }
  }
  // None has it whole.
  const HubId same{.kind = id.kind, .name = id.name, .revision = snapshots.front().filename().string()};
  if (!hub_is_offline()) return files_of_hub(same, configuration, split);
  if (missing.empty()) std::rethrow_exception(fault);
  fail(
      {id.text(), fmt::format("{} of its files are missing in the cache: {}", missing.size(), fmt::join(missing, ", ")),
       "a data set that was downloaded whole",
       fmt::format("Run `welt hub get {} --dataset` where there is a network", id.text())},
      ErrorCode::not_found);
}

}  // namespace

DatasetFiles find_dataset_files(const std::string& name, const std::optional<std::string>& configuration,
                                const std::string& split) {
  if (name.empty()) fail({"--dataset_name", "nothing", "a folder, a file, or - for standard input"});
  std::error_code ignored;
  if (fs::is_directory(name, ignored)) return {files_of_folder(name, configuration, split)};
  const bool is_pattern = name.find_first_of("*?[") != std::string::npos;
  const bool is_file = name == "-" || (fs::exists(name, ignored) && !fs::is_directory(name, ignored));
  if (is_file || is_pattern) {
    if (configuration)
      fail(
          {name, fmt::format("the configuration \"{}\" of files", *configuration), "a folder with a card (README.md)"});
    if (name == "-") return {{"-"}};
    return {expand_files({name}, "--dataset_name")};
  }
  refuse_unreachable(name);
  std::string answer;
  if (const std::optional<HubId> id = hub_id(name, "datasets")) {
    try {
      if (std::vector<fs::path> files = files_by_hub_name(*id, configuration, split); !files.empty())
        return {std::move(files)};
    } catch (const Error& error) {
      if (!cached_snapshots(*id).empty()) throw;
      answer = fmt::format(", nor downloaded: {}", error.what());
    }
  }
  const fs::path parent = fs::path(name).has_parent_path() ? fs::path(name).parent_path() : fs::path(".");
  std::vector<std::string> there;
  for (fs::directory_iterator at(parent, ignored), end; !ignored && at != end; at.increment(ignored))
    there.push_back((parent / at->path().filename()).lexically_normal().string());
  const std::string near = nearest(fs::path(name).lexically_normal().string(), there);
  std::vector<std::string> caches;
  for (const fs::path& cache : hub_caches()) caches.push_back(cache.string());
  fail({name, fmt::format("no such folder or file, and in no cache of the hub ({}){}", fmt::join(caches, ", "), answer),
        "a data set on this machine",
        near.empty() ? "Relative paths start at " + fs::current_path(ignored).string()
                     : fmt::format("Did you mean {}?", near)},
       ErrorCode::not_found);
}

}  // namespace welt
