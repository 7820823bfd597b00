// See index_format.h.
#include "core/similarity/index_format.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/safetensors.h"
#include "core/base/utf8.h"

namespace welt::similarity {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view format_name = "welt text index", segment_prefix = "segment-",
                           segment_ending = ".safetensors";
constexpr std::uint64_t format_version = 1, largest_dim = 1 << 16, most_texts = std::uint64_t{1} << 40;
constexpr std::uintmax_t largest_manifest = 16 << 20;

// A field of the manifest that is of the right kind.
class Fields {
 public:
  Fields(const fs::path& path, const json& object) : where_(path.string()), object_(object) {}

  std::uint64_t number(const char* key, std::uint64_t least, std::uint64_t most) const {
    const auto at = object_.find(key);
    if (at == object_.end() || !at->is_number_unsigned() || at->get<std::uint64_t>() < least ||
        at->get<std::uint64_t>() > most)
      refuse(key, at, fmt::format("a number from {} to {}", least, most));
    return at->get<std::uint64_t>();
  }
  std::string text(const char* key) const {
    const auto at = object_.find(key);
    if (at == object_.end() || !at->is_string()) refuse(key, at, "a string");
    return at->get<std::string>();
  }

 private:
  [[noreturn]] void refuse(const char* key, json::const_iterator at, std::string expected) const {
    fail({.where = fmt::format("{}, \"{}\"", where_, key),
          .found = at == object_.end() ? "nothing" : fmt::format("{:.60}", json_text(*at)),
          .expected = std::move(expected),
          .mend = "This is no index, or another version wrote it: build it again"},
         ErrorCode::data_loss);
  }
  std::string where_;
  const json& object_;
};

template <typename T>
const T* tensor(const SafetensorsFile& file, const char* name, const char* dtype, std::vector<std::int64_t> shape) {
  const SafetensorsEntry* entry = file.find(name);
  const std::string where = fmt::format("{}: tensor \"{}\"", file.path().string(), name);
  if (entry == nullptr || entry->dtype != dtype || entry->shape != shape) {
    fail({.where = where,
          .found = entry == nullptr ? "nothing" : fmt::format("{} [{}]", entry->dtype, fmt::join(entry->shape, ", ")),
          .expected = fmt::format("{} [{}], as the manifest says", dtype, fmt::join(shape, ", ")),
          .mend = "Build the index again"},
         ErrorCode::data_loss);
  }
  if (reinterpret_cast<std::uintptr_t>(entry->data.data()) % sizeof(T) != 0) {
    fail({.where = where, .found = "data that are not aligned", .expected = "a file that welt wrote"},
         ErrorCode::data_loss);
  }
  return reinterpret_cast<const T*>(entry->data.data());
}

}  // namespace

std::string segment_name(std::uint64_t number) {
  return fmt::format("{}{:06}{}", segment_prefix, number, segment_ending);
}

bool is_segment_name(std::string_view name) {
  if (!name.starts_with(segment_prefix) || !name.ends_with(segment_ending)) return false;
  name.remove_prefix(segment_prefix.size());
  if (name.size() <= segment_ending.size()) return false;
  name.remove_suffix(segment_ending.size());
  return std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
}

namespace {

// Of a file that is_segment_name(); one that is too large for a number is above all.
std::uint64_t segment_number(std::string_view name) {
  name.remove_prefix(segment_prefix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc() ? number : std::numeric_limits<std::uint64_t>::max();
}

}  // namespace

Manifest read_manifest(const fs::path& folder) {
  const fs::path path = folder / manifest_name;
  std::error_code error;
  if (!fs::exists(path, error)) {
    fail({.where = folder.string(),
          .found = "no index of texts",
          .expected = fmt::format("a folder with {}", manifest_name),
          .mend = "`welt text index build` makes one"},
         ErrorCode::not_found);
  }
  const json object = read_json_object(path, largest_manifest);
  const Fields fields(path, object);
  if (fields.text("format") != format_name || fields.number("version", 1, 1'000'000) != format_version) {
    fail({.where = path.string(),
          .found = fmt::format("the format {:.60}, version {}", fields.text("format"), object["version"].dump()),
          .expected = fmt::format("{}, version {}", format_name, format_version)},
         ErrorCode::data_loss);
  }
  Manifest out;
  out.facts = {.dim = fields.number("dim", 1, largest_dim),
               .model = fields.text("model"),
               .tokenizer = fields.text("tokenizer"),
               .fingerprint = fields.text("fingerprint")};
  out.next = fields.number("next", 1, most_texts);
  const auto segments = object.find("segments");
  const auto refuse = [&](const std::string& found) {
    fail({path.string() + ", \"segments\"", found, "files and their numbers of texts", "Build the index again"},
         ErrorCode::data_loss);
  };
  if (segments == object.end() || !segments->is_array()) refuse("no list");
  for (const json& each : *segments) {
    if (!each.is_object()) refuse(fmt::format("{:.60}", json_text(each)));
    const Fields of(path, each);
    out.segments.push_back({of.text("file"), of.number("texts", 1, most_texts)});
    if (!is_segment_name(out.segments.back().file)) refuse(fmt::format("the file {:.60}", out.segments.back().file));
  }
  std::vector<std::string> names;
  for (const SegmentFile& each : out.segments) names.push_back(each.file);
  std::ranges::sort(names);
  if (std::ranges::adjacent_find(names) != names.end()) refuse("a file that is named twice");
  for (const std::string& name : names)
    if (segment_number(name) >= out.next)
      fail({.where = path.string() + ", \"next\"",
            .found = fmt::format("{}, and there is {}: an addition would write over it", out.next, name),
            .expected = "a number above those of all segments",
            .mend = "Build the index again"},
           ErrorCode::data_loss);
  return out;
}

void write_manifest(const fs::path& folder, const Manifest& manifest) {
  json segments = json::array();
  for (const SegmentFile& each : manifest.segments) segments.push_back({{"file", each.file}, {"texts", each.texts}});
  write_json(folder / manifest_name, {{"format", format_name},
                                      {"version", format_version},
                                      {"dim", manifest.facts.dim},
                                      {"model", manifest.facts.model},
                                      {"tokenizer", manifest.facts.tokenizer},
                                      {"fingerprint", manifest.facts.fingerprint},
                                      {"next", manifest.next},
                                      {"segments", segments}});
}

Segment open_segment(const fs::path& folder, const SegmentFile& named, std::size_t dim) {
  const SafetensorsFile file = SafetensorsFile::open(folder / named.file);
  const auto rows = static_cast<std::int64_t>(named.texts);
  Segment out{.path = file.path(), .texts = named.texts, .dim = dim, .words = sign_words(dim)};
  out.vectors = tensor<std::uint16_t>(file, "vectors", "F16", {rows, static_cast<std::int64_t>(dim)});
  out.signs = tensor<std::uint64_t>(file, "signs", "I64", {rows, static_cast<std::int64_t>(out.words)});
  out.ends = tensor<std::int64_t>(file, "ends", "I64", {rows});
  const SafetensorsEntry* texts = file.find("texts");
  const std::int64_t size = texts != nullptr && texts->shape.size() == 1 ? texts->shape[0] : 0;
  out.bytes = {tensor<char>(file, "texts", "U8", {size}), static_cast<std::size_t>(size)};
  out.mapping = file.mapping();
  return out;
}

std::string_view Segment::text(std::size_t i) const {
  const std::int64_t begin = i == 0 ? 0 : ends[i - 1], end = ends[i];
  if (begin < 0 || end < begin || end > static_cast<std::int64_t>(bytes.size())) {
    fail({.where = path.string(),
          .found = fmt::format("text {} at bytes {} to {} of {}", i, begin, end, bytes.size()),
          .expected = "a place within them",
          .mend = "Build the index again"},
         ErrorCode::data_loss);
  }
  const std::string_view out = bytes.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
  if (find_invalid_utf8(out) != utf8_ok) {
    fail({path.string(), fmt::format("text {}, which is not UTF-8", i), "text", "Build the index again"},
         ErrorCode::data_loss);
  }
  return out;
}

void write_signs(const float* row, std::size_t dim, std::uint64_t* out) {
  std::fill_n(out, sign_words(dim), 0);
  for (std::size_t i = 0; i < dim; ++i) out[i / 64] |= std::uint64_t{row[i] > 0.0F} << i % 64;
}

void write_segment(const fs::path& path, const SegmentRows& rows, std::size_t dim) {
  const auto count = static_cast<std::int64_t>(rows.ends.size());
  write_safetensors(path, {{"vectors", "F16", {count, static_cast<std::int64_t>(dim)}, rows.vectors.data()},
                           {"signs", "I64", {count, static_cast<std::int64_t>(sign_words(dim))}, rows.signs.data()},
                           {"ends", "I64", {count}, rows.ends.data()},
                           {"texts", "U8", {static_cast<std::int64_t>(rows.bytes.size())}, rows.bytes.data()}});
}

}  // namespace welt::similarity
