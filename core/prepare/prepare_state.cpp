// See prepare_state.h.
#include "core/prepare/prepare_state.h"

#include <signal.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include <fmt/ranges.h>
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/data/prepared_metadata.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;

template <typename Value>
ordered_json or_null(const std::optional<Value>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

// json.dumps(value, indent=2) of an object of scalars: everything outside ASCII escaped, DEL not.
std::string python_metadata(const ordered_json& object) {
  const std::string text = object.dump(2, ' ', /*ensure_ascii=*/true, ordered_json::error_handler_t::replace);
  constexpr std::string_view del = "\\u007f";
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view rest = std::string_view(text).substr(at);
    if (rest.starts_with(del)) {
      out += '\x7F';
      at += del.size() - 1;
    } else {
      out += text[at];
      if (text[at] == '\\') out += text[++at];  // the letter of an escape
    }
  }
  return out;
}

json counts_json(const ShardCounts& counts) {
  return {{"examples", counts.examples}, {"units", counts.units}, {"shards", counts.shards}};
}

ShardCounts counts_of(const json& value) {
  return {value.at("examples").get<std::int64_t>(), value.at("units").get<std::int64_t>(),
          value.at("shards").get<std::int64_t>()};
}

// Temporary files (core/base/atomic_file.h) of processes that are no more.
void remove_orphans(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    constexpr std::string_view start = ".welt-";
    if (!name.starts_with(start) || !name.ends_with(".tmp")) continue;
    int process = 0;
    const auto [rest, fault] = std::from_chars(name.data() + start.size(), name.data() + name.size(), process);
    std::error_code ignored;
    if (fault == std::errc() && process > 0 && ::kill(process, 0) != 0 && errno == ESRCH)
      fs::remove(at->path(), ignored);
  }
}

}  // namespace

PrepareState::PrepareState(const PrepareOptions& options, std::string prefix, const std::vector<fs::path>& files)
    : options_(options), prefix_(std::move(prefix)), folder_(options.output_path) {
  json sources = json::array();
  for (const fs::path& path : files) {
    std::error_code error;
    const std::uintmax_t size = fs::file_size(path, error);
    sources.push_back({path.string(), error ? 0 : size});
  }
  identity_ = {{"format", "welt-prepare-state-v1"},
               {"dataset_name", options.dataset_name},
               {"dataset_config", or_null(options.dataset_config)},
               {"dataset_split", options.dataset_split},
               {"text_column", options.text_column},
               {"text_template", or_null(options.text_template)},
               {"id_column", or_null(options.id_column)},
               {"language", options.language},
               {"unit_type", options.unit_type},
               {"train_split_units", options.train_split_units},
               {"validation_split_units", options.validation_split_units},
               {"num_units_per_file", or_null(options.num_units_per_file)},
               {"max_seq_length", or_null(options.max_seq_length)},
               {"max_bytes_per_word", options.max_bytes_per_word},
               {"drop_remainder", options.drop_remainder},
               {"seed", options.seed},
               {"shuffle_buffer_size", options.shuffle_buffer_size},
               {"dedup", options.dedup},
               {"on_invalid", options.on_invalid},
               {"reference_compatible", options.reference_compatible},
               {"files", std::move(sources)}};
}

// A run that fails in the reference's way leaves what the reference leaves.
PrepareState::~PrepareState() {
  std::error_code ignored;
  if (options_.reference_compatible && has_begun_) fs::remove(file("prepare-state.json"), ignored);
}

fs::path PrepareState::file(const std::string& ending) const {
  const bool is_hidden = ending.starts_with("prepare-state");
  return folder_ / fmt::format("{}{}-{}", is_hidden ? "." : "", prefix_, ending);
}

// Shards of the split whose number is `from` or more.
std::vector<fs::path> PrepareState::leftovers(const std::string& split, std::int64_t from) const {
  std::vector<fs::path> out;
  std::error_code error;
  const std::string start = fmt::format("{}-{}-", prefix_, split);
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    constexpr std::string_view ending = ".jsonl.gz";
    if (!name.starts_with(start) || !name.ends_with(ending) || name.size() != start.size() + 8 + ending.size())
      continue;
    std::int64_t number = 0;
    const char* const digits = name.data() + start.size();
    if (std::from_chars(digits, digits + 8, number).ptr == digits + 8 && number >= from) out.push_back(at->path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::optional<RoutePoint> PrepareState::begin() {
  std::optional<RoutePoint> point = find_point();
  has_begun_ = true;
  return point;
}

std::optional<RoutePoint> PrepareState::find_point() const {
  remove_orphans(folder_);
  const fs::path state = file("prepare-state.json");
  std::error_code ignored;
  const bool is_unfinished = fs::exists(state, ignored);
  if (options_.resume && is_unfinished) {
    constexpr std::uintmax_t most = std::uintmax_t{1} << 28;
    const json kept = read_json_object(state, most);
    std::vector<std::string> changed;
    for (const auto& [key, value] : identity_.items())
      if (!kept.contains(key) || kept[key] != value) changed.push_back(key);
    if (!changed.empty())
      fail({state.string(), fmt::format("the unfinished run had another {}", fmt::join(changed, ", ")),
            "the options and files it was begun with", "Give these, or begin anew with --overwrite"},
           ErrorCode::failed_precondition);
    try {
      const json& point = kept.at("point");
      return RoutePoint{point.at("rows").get<std::int64_t>(),
                        point.at("examples").get<std::int64_t>(),
                        point.at("split").get<int>(),
                        {counts_of(point.at("train")), counts_of(point.at("validation"))},
                        point.at("passed_over").get<std::int64_t>(),
                        point.at("misses").get<std::array<std::int64_t, 2>>(),
                        point.at("is_full").get<std::array<bool, 2>>()};
    } catch (const json::exception& error) {
      fail({state.string(), error.what(), "what an unfinished run leaves", "Begin anew with --overwrite"},
           ErrorCode::data_loss);
    }
  }
  // The reference writes over what is there, and so does a run that goes on.
  for (const std::string split : {"train", "validation"}) {
    const bool is_wanted = split == "train" ? options_.train_split_units > 0 : options_.validation_split_units > 0;
    const fs::path metadata = file(fmt::format("{}-metadata.json", split));
    const std::vector<fs::path> shards = leftovers(split, 0);
    if (!is_wanted || (shards.empty() && !fs::exists(metadata, ignored))) continue;
    if (!options_.overwrite && !options_.resume && !options_.reference_compatible)
      fail({(shards.empty() ? metadata : shards.front()).string(),
            is_unfinished ? "is of a run that was not finished" : "is of an earlier run", "a folder without such files",
            is_unfinished ? "--resume goes on, --overwrite begins anew" : "--overwrite replaces it"},
           ErrorCode::already_exists);
    if (options_.resume && fs::exists(metadata, ignored))
      fail({metadata.string(), "that run is finished", "an unfinished run to resume", "--overwrite begins anew"},
           ErrorCode::already_exists);
    if (options_.overwrite) fs::remove(metadata, ignored);
  }
  fs::remove(state, ignored);
  return std::nullopt;
}

void PrepareState::keep(const RoutePoint& point) {
  json state = identity_;
  state["point"] = {{"rows", point.rows},
                    {"examples", point.examples},
                    {"split", point.split},
                    {"train", counts_json(point.counts[SplitRouter::train])},
                    {"validation", counts_json(point.counts[SplitRouter::validation])},
                    {"misses", point.misses},
                    {"passed_over", point.passed_over},
                    {"is_full", point.is_full}};
  write_json(file("prepare-state.json"), state);
}

void PrepareState::finish(const PrepareReport& report) {
  for (const PrepareReport::Split& split : report.splits) {
    const ordered_json metadata{{"format", prepared_format},
                                {"unit_type", options_.unit_type},
                                {"source_dataset", options_.dataset_name},
                                {"source_config", or_null(options_.dataset_config)},
                                {"source_split", options_.dataset_split},
                                {"language", options_.language},
                                {"max_seq_length", or_null(options_.max_seq_length)},
                                {"seed", options_.seed},
                                {"text_column", options_.text_column},
                                {"text_template", or_null(options_.text_template)},
                                {"split", split.name},
                                {"created_with_another_split", report.splits.size() > 1},
                                {"num_examples", split.examples},
                                {"total_units", split.units},
                                {"num_shards", split.shards}};
    write_file(file(fmt::format("{}-metadata.json", split.name)), python_metadata(metadata));
  }
  std::error_code ignored;
  if (options_.overwrite && !options_.reference_compatible) {
    for (const std::string split : {"train", "validation"}) {
      const bool is_wanted = split == "train" ? options_.train_split_units > 0 : options_.validation_split_units > 0;
      const auto written = std::ranges::find(report.splits, split, &PrepareReport::Split::name);
      const std::int64_t shards = written == report.splits.end() ? 0 : written->shards;
      if (is_wanted)
        for (const fs::path& stale : leftovers(split, shards)) fs::remove(stale, ignored);
    }
  }
  fs::remove(file("prepare-state.json"), ignored);
}

}  // namespace welt
