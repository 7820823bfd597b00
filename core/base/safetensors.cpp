// Reading .safetensors: see safetensors.h. Writing is in safetensors_write.cpp.
#include "core/base/safetensors.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/safetensors_header.h"

namespace welt {
namespace {

constexpr std::string_view known_dtypes = "F64, F32, BF16, F16, I64, I32, I16, I8, U8 or BOOL";
constexpr std::size_t maximum_rank = 64;

// Names come from the file: control characters are escaped and long ones cut, so that a message stays one paragraph.
std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 120;
  std::string result = "\"";
  for (const char c : text.substr(0, longest)) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      result += fmt::format("\\x{:02x}", c);
    else
      result += c;
  }
  return result + (text.size() > longest ? "…\"" : "\"");
}

struct HeaderEntry {
  std::string name, dtype;
  std::vector<std::uint64_t> shape, offsets;
  bool has_dtype = false, has_shape = false, has_offsets = false;
};

// Builds the entries while the JSON text is read. Nothing is built from what does not belong into a header: every
// unexpected event is an error at once, so deep nesting costs nothing.
class HeaderReader {
 public:
  explicit HeaderReader(const std::filesystem::path& path) : file_(path.string()) {}

  std::vector<HeaderEntry> entries;
  std::map<std::string, std::string> metadata;

  bool null() { return value("null"); }
  bool boolean(bool value_) { return value(value_ ? "true" : "false"); }
  bool number_integer(std::int64_t number) { return value(std::to_string(number)); }
  bool number_unsigned(std::uint64_t number) {
    if (!in_array_) return value(std::to_string(number));
    auto& list = field_ == Field::shape ? entries.back().shape : entries.back().offsets;
    if (field_ == Field::shape && list.size() == maximum_rank) wrong("its shape has more than 64 sizes", "at most 64");
    if (field_ == Field::offsets && list.size() == 2)
      wrong("its data_offsets has more than two numbers", "[begin, end]");
    list.push_back(number);
    return true;
  }
  bool number_float(double, const std::string& text) { return value(text.substr(0, 40)); }
  bool binary(nlohmann::json::binary_t&) { return value("binary data"); }

  bool string(std::string& text) {
    if (place_ == Place::metadata) {
      metadata[key_] = std::move(text);
    } else if (place_ == Place::tensor && field_ == Field::dtype) {
      entries.back().dtype = std::move(text);
    } else {
      return value("the string " + in_quotes(text));
    }
    return true;
  }

  bool start_object(std::size_t) {
    switch (place_) {
      case Place::document:
        place_ = Place::top;
        return true;
      case Place::top:
        place_ = key_ == "__metadata__" ? Place::metadata : Place::tensor;
        if (place_ == Place::tensor) entries.push_back({.name = key_});
        return true;
      default:
        return value("an object");
    }
  }

  bool key(std::string& name) {
    if (place_ == Place::top) {
      key_ = name;
      if (!names_.insert(name).second) wrong("the name is there twice", "every name once");
    } else if (place_ == Place::metadata) {
      key_ = name;
      if (metadata.contains(name)) wrong(fmt::format("the key {} is there twice", in_quotes(name)), "every key once");
    } else {
      tensor_key(name);
    }
    return true;
  }

  bool end_object() {
    if (place_ == Place::tensor) {
      const HeaderEntry& entry = entries.back();
      for (const auto& [there, name] :
           {std::pair{entry.has_dtype, "dtype"}, {entry.has_shape, "shape"}, {entry.has_offsets, "data_offsets"}}) {
        if (!there) wrong(fmt::format("its {} is missing", name), "dtype, shape and data_offsets");
      }
      if (entry.offsets.size() != 2) wrong("its data_offsets has not two numbers", "[begin, end]");
    }
    place_ = place_ == Place::top ? Place::document : Place::top;
    field_ = Field::none;
    return true;
  }

  bool start_array(std::size_t) {
    if (in_array_ || place_ != Place::tensor || (field_ != Field::shape && field_ != Field::offsets))
      return value("an array");
    in_array_ = true;
    return true;
  }
  bool end_array() {
    in_array_ = false;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) { not_json(position); }

  [[noreturn]] void not_json(std::size_t position) const {
    fail({file_, fmt::format("the header is no valid JSON (at byte {} of the file)", position + 8),
          "a JSON object of tensors", damaged_mend},
         ErrorCode::data_loss);
  }

  static constexpr const char* damaged_mend = "The file is damaged or no .safetensors file: copy or download it again";

 private:
  enum class Place { document, top, tensor, metadata };
  enum class Field { none, dtype, shape, offsets };

  // Any value that has no business where it stands.
  bool value(const std::string& found) {
    switch (place_) {
      case Place::document:
        fail({file_, "the header is " + found, "a JSON object of tensors", damaged_mend}, ErrorCode::data_loss);
      case Place::top:
        wrong("is " + found, "an object with dtype, shape and data_offsets");
      case Place::metadata:
        wrong(fmt::format("the value of {} is {}", in_quotes(key_), found), "strings only");
      case Place::tensor:
        break;
    }
    switch (field_) {
      case Field::shape:
        wrong((in_array_ ? "a size in its shape is " : "its shape is ") + found,
              "a list of whole numbers from 0 to 2^63-1");
      case Field::offsets:
        wrong((in_array_ ? "one of its data_offsets is " : "its data_offsets is ") + found,
              "[begin, end] as whole numbers");
      default:
        wrong("its dtype is " + found, std::string(known_dtypes));
    }
  }

  void tensor_key(const std::string& name) {
    HeaderEntry& entry = entries.back();
    bool* seen = nullptr;
    if (name == "dtype") seen = &entry.has_dtype, field_ = Field::dtype;
    if (name == "shape") seen = &entry.has_shape, field_ = Field::shape;
    if (name == "data_offsets") seen = &entry.has_offsets, field_ = Field::offsets;
    if (seen == nullptr) wrong(fmt::format("unknown key {}", in_quotes(name)), "dtype, shape and data_offsets");
    if (*seen) wrong(fmt::format("its {} is there twice", name), "every key once");
    *seen = true;
  }

  [[noreturn]] void wrong(const std::string& found, const std::string& expected) const {
    const bool tensor = place_ == Place::tensor || (place_ == Place::top && key_ != "__metadata__");
    const std::string name = tensor ? (place_ == Place::tensor ? entries.back().name : key_) : "__metadata__";
    fail({tensor ? fmt::format("{}: tensor {}", file_, in_quotes(name)) : file_ + ": __metadata__", found, expected,
          damaged_mend},
         ErrorCode::data_loss);
  }

  std::string file_, key_;
  std::unordered_set<std::string> names_;
  Place place_ = Place::document;
  Field field_ = Field::none;
  bool in_array_ = false;
};

// Bits of a value in the types that files may have and nobody here reads; 0: of a type that came later.
std::uint64_t unread_bits(std::string_view dtype) {
  constexpr std::pair<std::string_view, std::uint64_t> known[] = {
      {"F4", 4}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"U16", 16}, {"U32", 32}, {"U64", 64}, {"C64", 64}};
  for (const auto& [name, bits] : known)
    if (name == dtype) return bits;
  return dtype.starts_with("F8_") ? 8 : 0;
}

bool is_dtype_name(std::string_view text) {
  const auto good = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
  return !text.empty() && text.size() <= 16 && std::ranges::all_of(text, good);
}

// The rules that one entry has to follow by itself. Returns the checked entry, its data inside `data`.
SafetensorsEntry checked_entry(const std::string& file, HeaderEntry&& raw, std::span<const std::byte> data) {
  const std::string where = fmt::format("{}: tensor {}", file, in_quotes(raw.name));
  const auto wrong = [&](const std::string& found, const std::string& expected, const std::string& mend) {
    fail({where, found, expected, mend}, ErrorCode::data_loss);
  };
  const std::uint64_t item = safetensors_dtype_size(raw.dtype), bits = item > 0 ? 8 * item : unread_bits(raw.dtype);
  if (item == 0 && !is_dtype_name(raw.dtype))
    wrong("unknown dtype " + in_quotes(raw.dtype), std::string(known_dtypes),
          "Save the tensor with one of these dtypes");
  // Zeros count as ones here: no stride of the shape may overflow either.
  constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max() / 8;  // bytes: their bits are counted
  const std::uint64_t width = std::max<std::uint64_t>((bits + 7) / 8, 1);
  std::uint64_t extent = 1;
  bool empty = false;
  for (const std::uint64_t size : raw.shape) {
    empty = empty || size == 0;
    if (size > largest || (size > 1 && extent > largest / width / size))
      wrong(fmt::format("the shape [{}] is too large", fmt::join(raw.shape, ", ")), "fewer than 2^60 bytes",
            HeaderReader::damaged_mend);
    extent *= std::max<std::uint64_t>(size, 1);
  }
  const std::uint64_t begin = raw.offsets[0], end = raw.offsets[1];
  if (begin > end || end > data.size())
    wrong(fmt::format("data offsets {}..{} lie outside of the file's data ({} bytes)", begin, end, data.size()),
          "offsets within it", "The file is cut off or damaged: copy or download it again");
  // How much a type takes that came later, only its reader knows.
  const std::uint64_t bytes = bits == 0 ? end - begin : empty ? 0 : (extent * bits + 7) / 8;
  if (end - begin != bytes)
    wrong(fmt::format("data offsets {}..{} hold {} bytes, but {} [{}] takes {}", begin, end, end - begin, raw.dtype,
                      fmt::join(raw.shape, ", "), bytes),
          "as many bytes as dtype and shape take", HeaderReader::damaged_mend);
  SafetensorsEntry entry;
  entry.name = std::move(raw.name);
  entry.dtype = std::move(raw.dtype);
  entry.shape.assign(raw.shape.begin(), raw.shape.end());
  entry.data = data.subspan(begin, bytes);
  if (entry.dtype == "BOOL" &&
      std::any_of(entry.data.begin(), entry.data.end(), [](std::byte b) { return b > std::byte{1}; }))
    wrong("a byte of its data is neither 0 nor 1", "0 or 1 for BOOL", HeaderReader::damaged_mend);
  return entry;
}

// Entries in order of their data must touch each other: no byte belongs to two tensors or to none.
void check_layout(const std::string& file, const std::vector<SafetensorsEntry>& entries,
                  std::span<const std::byte> data) {
  const auto offset = [&](const std::byte* byte) { return static_cast<std::size_t>(byte - data.data()); };
  std::size_t expected = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const SafetensorsEntry& entry = entries[i];
    const std::size_t begin = offset(entry.data.data());
    const std::string before = i == 0 ? "the beginning of the data" : "tensor " + in_quotes(entries[i - 1].name);
    if (begin != expected)
      fail(
          {fmt::format("{}: tensor {}", file, in_quotes(entry.name)),
           begin < expected ? fmt::format("its data begins at {}, inside {}", begin, before)
                            : fmt::format("its data begins at {}, {} bytes behind {}", begin, begin - expected, before),
           fmt::format("{}, with neither overlap nor hole", expected), HeaderReader::damaged_mend},
          ErrorCode::data_loss);
    expected = begin + entry.data.size();
  }
  if (expected != data.size())
    fail({file, fmt::format("{} bytes follow the last tensor", data.size() - expected), "none",
          HeaderReader::damaged_mend},
         ErrorCode::data_loss);
}

}  // namespace

std::size_t safetensors_dtype_size(std::string_view dtype) {
  if (dtype == "F64" || dtype == "I64") return 8;
  if (dtype == "F32" || dtype == "I32") return 4;
  if (dtype == "BF16" || dtype == "F16" || dtype == "I16") return 2;
  if (dtype == "I8" || dtype == "U8" || dtype == "BOOL") return 1;
  return 0;
}

SafetensorsFile SafetensorsFile::open(const std::filesystem::path& path) {
  const std::shared_ptr<const MappedFile> mapped = MappedFile::open(path);
  const std::span<const std::byte> bytes = mapped->bytes();
  const std::string file = path.string();
  // A header's length may be any bytes: only what is no header is looked at for another kind of file.
  const auto refuse_kind = [&] { refuse_other_kind(mapped->text(), file, "a .safetensors file"); };
  if (bytes.size() < 8) refuse_kind();
  if (bytes.size() < 8)
    fail({file, fmt::format("has only {} bytes", bytes.size()), "a .safetensors file (8 bytes of header length first)",
          HeaderReader::damaged_mend},
         ErrorCode::data_loss);
  std::uint64_t length = 0;
  for (std::size_t i = 8; i-- > 0;) length = length << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  const bool outside = length > safetensors_maximum_header || length > bytes.size() - 8;
  if (outside || bytes.size() == 8 || mapped->text()[8] != '{') refuse_kind();
  if (outside)
    fail({file, fmt::format("a header of {} bytes is announced in a file of {} bytes", length, bytes.size()),
          fmt::format("a header within the file and of at most {} bytes", safetensors_maximum_header),
          "The file is cut off or no .safetensors file: copy or download it again"},
         ErrorCode::data_loss);
  const std::string_view header = mapped->text().substr(8, length);
  const std::span<const std::byte> data = bytes.subspan(8 + length);

  HeaderReader reader(path);
  // nlohmann's parser takes a NUL for the end.
  if (const std::size_t nul = header.find('\0'); nul != std::string_view::npos) reader.not_json(nul);
  nlohmann::json::sax_parse(header.begin(), header.end(), &reader);

  SafetensorsFile result;
  result.path_ = path;
  result.mapping_ = mapped;
  result.metadata_ = std::move(reader.metadata);
  for (HeaderEntry& entry : reader.entries) result.entries_.push_back(checked_entry(file, std::move(entry), data));
  // Empty tensors first where several begin at one offset: they lie on the border.
  std::stable_sort(result.entries_.begin(), result.entries_.end(), [](const auto& a, const auto& b) {
    return std::pair(a.data.data(), a.data.size()) < std::pair(b.data.data(), b.data.size());
  });
  check_layout(file, result.entries_, data);
  for (std::size_t i = 0; i < result.entries_.size(); ++i) result.index_.emplace(result.entries_[i].name, i);
  return result;
}

const SafetensorsEntry* SafetensorsFile::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &entries_[found->second];
}

}  // namespace welt
