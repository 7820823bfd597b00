// See hf_snapshot.h.
#include "core/huggingface/hf_snapshot.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/hub_cache.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/hub/hub_fetch.h"
#include "core/hub/hub_store.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view weights_name = "model.safetensors", index_name = "model.safetensors.index.json";
constexpr std::uintmax_t max_index_bytes = std::uintmax_t{64} << 20;

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

// Configurations, tokenizers, cards: what tells what a model is.
bool is_small_file(std::string_view path) {
  constexpr std::array endings{".json", ".txt", ".model", ".jinja", ".md", ".toml"};
  return std::ranges::any_of(endings, [&](std::string_view ending) { return path.ends_with(ending); });
}

std::string mend_missing(const HubId& id) {
  return hub_is_offline()
             ? fmt::format(
                   "Nothing is downloaded while HF_HUB_OFFLINE is set: run `hf download {0}` or `welt hub get "
                   "{0}` where there is a network, or give the path of a folder",
                   id.text())
             : fmt::format("`welt hub get {}` tells more of it; or give the path of a folder", id.text());
}

// The snapshot that refs/REVISION names; of main, where there is no such file (an old cache), the newest one with a
// config.json. "" when there is none, or when it has none and may be downloaded. Which one it is is said.
fs::path find_snapshot(const fs::path& repository, const HubId& id) {
  const fs::path ref = repository / "refs" / id.revision, snapshots = repository / "snapshots";
  if (const std::optional<std::string> commit = hub_commit(repository, id.revision)) {
    const fs::path snapshot = snapshots / *commit;
    if (is_plain_name(*commit) && is_file(snapshot / "config.json")) {
      log_info("hf", "{}: {}", id.text(), snapshot.string());
      return snapshot;
    }
    if (is_folder(snapshots) && hub_is_offline())
      fail({.where = ref.string(),
            .found = fmt::format("it names the snapshot \"{:.60}\", which has no config.json", *commit),
            .expected = "a model that was downloaded whole",
            .mend = mend_missing(id)},
           ErrorCode::not_found);
    return {};
  }
  if (id.revision != "main") {
    const fs::path snapshot = snapshots / id.revision;
    return is_plain_name(id.revision) && is_file(snapshot / "config.json") ? snapshot : fs::path();
  }
  fs::path newest;
  fs::file_time_type newest_time;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(snapshots, error)) {
    if (!is_file(entry.path() / "config.json")) continue;
    const fs::file_time_type time = entry.last_write_time(error);
    if (newest.empty() || time > newest_time) newest = entry.path(), newest_time = time;
  }
  if (!newest.empty())
    log_warning("hf", "{}: {} does not say which snapshot: {}", id.text(), ref.string(), newest.string());
  return newest;
}

fs::path download_small_files(const HubId& id, const std::vector<std::string>& tried) {
  std::string answer;
  ErrorCode code = ErrorCode::not_found;
  try {
    HubClient client;
    const HubListing listing = client.list(id);
    const fs::path folder = hub_fetch(client, id, listing, is_small_file).folder;
    if (is_file(folder / "config.json")) return folder;
    answer = fmt::format("on {} it has no config.json", client.endpoint());
  } catch (const Error& error) {
    answer = error.what();
    code = error.code();
  }
  fail({.where = fmt::format("Hugging Face model \"{}\"", id.text()),
        .found = fmt::format("neither a folder nor in the local cache (tried {}), nor downloaded: {}",
                             fmt::join(tried, ", "), answer)},
       code);
}

// Which files the index of a snapshot names and the snapshot lacks; all of them where there is no index.
std::set<std::string> missing_shards(const fs::path& index) {
  std::set<std::string> out;
  const nlohmann::json map = read_json_object(index, max_index_bytes).value("weight_map", nlohmann::json::object());
  for (const auto& shard : map) {
    if (!shard.is_string()) continue;
    const std::string& name = shard.get_ref<const std::string&>();
    if (is_plain_name(name) && !is_file(index.parent_path() / name)) out.insert(name);
  }
  return out;
}

}  // namespace

fs::path find_model_folder(std::string_view from) {
  const fs::path folder{from};
  if (is_folder(folder)) return folder;
  refuse_unreachable(folder);
  std::vector<std::string> tried{folder.string()};
  const std::optional<HubId> id = hub_id(from, "models");
  if (!id)
    fail({.where = fmt::format("Hugging Face model \"{}\"", from),
          .found = fmt::format("no folder (tried {})", tried.front()),
          .expected = "a folder with config.json, or the name of a model of the hub (org/name, org/name@revision)",
          .mend = "Check the spelling; relative paths start at the working directory"},
         ErrorCode::not_found);
  std::exception_ptr half;
  for (const fs::path& cache : hub_caches()) {
    const fs::path repository = hub_repository(cache, id->kind, id->name);
    tried.push_back((repository / "snapshots" / "*").string());
    try {
      if (const fs::path snapshot = find_snapshot(repository, *id); !snapshot.empty()) return snapshot;
    } catch (const Error&) {
      if (!half) half = std::current_exception();  // another cache may have it whole
    }
  }
  if (half) std::rethrow_exception(half);
  if (!hub_is_offline()) return download_small_files(*id, tried);
  fail({.where = fmt::format("Hugging Face model \"{}\"", from),
        .found = fmt::format("neither a folder nor in the local cache (tried {})", fmt::join(tried, ", ")),
        .expected = "a folder with config.json, or the name of a model that was downloaded before",
        .mend = mend_missing(*id)},
       ErrorCode::not_found);
}

void complete_weights(const fs::path& folder) {
  const fs::path repository = folder.parent_path().parent_path();
  const std::string name = cached_name(repository.filename().string(), "models");
  if (folder.parent_path().filename() != "snapshots" || name.empty() || is_file(folder / weights_name)) return;
  const fs::path index = folder / index_name;
  std::set<std::string> missing{std::string(weights_name)};
  if (is_file(index)) missing = missing_shards(index);
  if (missing.empty()) return;
  const HubId id{.name = name, .revision = folder.filename().string()};
  if (hub_is_offline()) {
    if (!is_file(index)) return;  // hf_source.h says what else the folder has
    fail({.where = folder.string(),
          .found = fmt::format("{} of its weights' files are missing: {}", missing.size(), fmt::join(missing, ", ")),
          .expected = "a model that was downloaded whole",
          .mend = mend_missing(id)},
         ErrorCode::not_found);
  }
  HubClient client;
  const HubListing listing = client.list(id);
  const fs::path cache = repository.parent_path();  // where the rest of it is
  const auto has = [&](std::string_view path) {
    return std::ranges::find(listing.files, path, &HubFile::path) != listing.files.end();
  };
  if (has(weights_name)) {
    hub_fetch(
        client, id, listing, [](std::string_view path) { return path == weights_name; }, cache);
    return;
  }
  if (!has(index_name)) {
    if (has("pytorch_model.bin") || has("pytorch_model.bin.index.json"))
      fail({.where = fmt::format("{} on {}", id.text(), client.endpoint()),
            .found = "its weights are there as a Python pickle only, which can run any code",
            .expected = "model.safetensors",
            .mend = "Many have it on another revision (refs/pr/1); or convert it with transformers, or start without "
                    "its weights (weights = false)"},
           ErrorCode::failed_precondition);
    return;
  }
  hub_fetch(
      client, id, listing, [](std::string_view path) { return path == index_name; }, cache);
  missing = missing_shards(index);
  hub_fetch(
      client, id, listing, [&](std::string_view path) { return missing.contains(std::string(path)); }, cache);
}

}  // namespace welt
