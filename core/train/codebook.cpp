// See codebook.h.
#include "core/train/codebook.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <utility>

#include "core/base/error.h"
#include "core/base/hub_cache.h"
#include "core/huggingface/hf_source.h"
#include "core/tensor/tensor_io.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

// What a tensor is called and where it lies.
struct Place {
  std::string name;
  const SafetensorsFile* file;
  const SafetensorsEntry* entry;
};

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

// The files of a model, and all tensors in them.
class Weights {
 public:
  explicit Weights(const std::string& from) : path_(from) {
    std::error_code error;
    if (fs::is_regular_file(path_, error)) {
      add(path_);
      return;
    }
    path_ = folder_of(from);
    if (HfWeights::is_in(path_)) {
      indexed_ = std::make_unique<HfWeights>(HfWeights::open(path_));
      for (const auto& [name, item] : indexed_->items())
        if (!item.alias) places_.push_back({name, item.file, item.entry});
      return;
    }
    std::vector<fs::path> shards;
    for (fs::directory_iterator at(path_, error); !error && at != fs::directory_iterator(); at.increment(error))
      if (at->path().extension() == ".safetensors") shards.push_back(at->path());
    std::ranges::sort(shards);
    for (const fs::path& shard : shards) add(shard);
    if (shards.empty())
      fail({.where = path_.string(), .found = "no .safetensors file", .expected = "a model's weights"},
           ErrorCode::not_found);
  }

  const fs::path& path() const { return path_; }
  const std::vector<Place>& places() const { return places_; }

 private:
  void add(const fs::path& file) {
    files_.push_back(std::make_unique<SafetensorsFile>(SafetensorsFile::open(file)));
    for (const SafetensorsEntry& entry : files_.back()->entries())
      places_.push_back({entry.name, files_.back().get(), &entry});
  }

  fs::path path_;
  std::unique_ptr<HfWeights> indexed_;
  std::vector<std::unique_ptr<SafetensorsFile>> files_;
  std::vector<Place> places_;
};

bool is_matrix_of_numbers(const SafetensorsEntry& entry) {
  constexpr std::array<std::string_view, 4> types{"F32", "F16", "BF16", "F64"};
  return entry.shape.size() == 2 && entry.shape[1] > 0 && std::ranges::find(types, entry.dtype) != types.end();
}

bool has_part(std::string_view name, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(parts, [&](std::string_view part) { return name.find(part) != name.npos; });
}

// Matrices that may be the table: of those that have a row for every token the shortest; a head looks the same, and so
// does, in a model of few tokens, a table of positions.
std::vector<Place> candidates(const Weights& weights, std::int64_t least_rows) {
  constexpr std::int64_t rounding = 1024;  // tables are padded to multiples
  std::vector<Place> found;
  for (const Place& place : weights.places())
    if (is_matrix_of_numbers(*place.entry) && place.entry->shape[0] >= least_rows &&
        !has_part(place.name, {"lm_head", "head.", "output.", "position", "wpe", "bias"}))
      found.push_back(place);
  std::int64_t shortest = -1;
  for (const Place& place : found)
    if (shortest < 0 || place.entry->shape[0] < shortest) shortest = place.entry->shape[0];
  std::erase_if(found, [&](const Place& place) { return place.entry->shape[0] >= shortest + rounding; });
  std::vector<Place> named;
  std::ranges::copy_if(found, std::back_inserter(named), [](const Place& place) {
    return has_part(place.name, {"emb", "wte"});
  });
  return named.empty() ? found : named;
}

const Place& named_place(const Weights& weights, const std::string& tensor) {
  std::vector<std::string> names;
  for (const Place& place : weights.places()) {
    if (place.name == tensor) {
      if (is_matrix_of_numbers(*place.entry)) return place;
      fail({.where = place.file->path().string(),
            .found =
                fmt::format("{} of type {} and shape {}", tensor, place.entry->dtype, shape_text(place.entry->shape)),
            .expected = "a matrix of floating numbers"});
    }
    names.push_back(place.name);
  }
  const std::string near = nearest(tensor, names);
  fail({.where = weights.path().string(),
        .found = fmt::format("no tensor \"{}\"", tensor),
        .expected = fmt::format("one of its {} tensors", names.size()),
        .mend = near.empty() ? "" : fmt::format("Did you mean {}?", near)},
       ErrorCode::not_found);
}

Place only_place(const Weights& weights, std::int64_t least_rows) {
  const std::vector<Place> found = candidates(weights, least_rows);
  if (found.size() == 1) return found.front();
  std::vector<std::string> names;
  for (const Place& place : found) names.push_back(fmt::format("{} {}", place.name, shape_text(place.entry->shape)));
  fail({.where = weights.path().string(),
        .found = found.empty()
                     ? fmt::format("no matrix with a row for each of {} tokens", least_rows)
                     : fmt::format("several matrices that may be the token table: {}", fmt::join(names, ", ")),
        .expected = "one",
        .mend = found.empty() ? "Is the tokenizer that of this model?"
                              : "Name it with extract.tensors, or embedding.tensor"});
}

}  // namespace

fs::path folder_of(const std::string& from) {
  std::error_code error;
  if (fs::is_regular_file(from, error)) return fs::absolute(from, error).parent_path();
  if (is_folder(from) || !is_hub_name(from)) return from;
  return HfSource::find(from).folder();
}

Codebook find_codebook(const std::string& from, const std::string& tensor, std::int64_t least_rows) {
  const Weights weights(from);
  const Place place = tensor.empty() ? only_place(weights, least_rows) : named_place(weights, tensor);
  if (place.entry->shape[0] < least_rows)
    fail({.where = fmt::format("{}: {}", place.file->path().string(), place.name),
          .found = fmt::format("{} rows", place.entry->shape[0]),
          .expected = fmt::format("{} or more, one for each id of the tokenizer", least_rows),
          .mend = "Is the tokenizer that of this model?"});
  return {place.file->path(), place.name, mapped_tensor(*place.file, *place.entry)};
}

}  // namespace welt
