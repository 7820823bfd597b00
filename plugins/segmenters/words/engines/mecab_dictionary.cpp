// See mecab_dictionary.h.
#include "mecab_dictionary.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "dictionary.h"

namespace welt::words {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t magic = 0xEF718F77;  // with the file's size in it
constexpr std::size_t header_size = 72, charset_offset = 40, name_size = 32, characters = 0xFFFF;

std::uint32_t number_at(std::string_view bytes, std::size_t offset) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

std::string_view name_at(std::string_view bytes, std::size_t offset) {
  const std::string_view field = bytes.substr(offset, name_size);
  return field.substr(0, field.find('\0'));
}

}  // namespace

MecabWords::MecabWords(const fs::path& file, std::uint32_t type) : file_(file), starts_(0x10000, -1) {
  const std::string_view bytes = file_.bytes();
  const auto fail = [&](const std::string& found, const std::string& expected) {
    throw damaged(file, 0, found, expected);
  };
  if (bytes.size() < header_size) fail(std::to_string(bytes.size()) + " bytes", "a header of 72 bytes");
  if ((number_at(bytes, 0) ^ magic) != bytes.size())
    fail("another size in its header than its " + std::to_string(bytes.size()) + " bytes", "a MeCab dictionary, whole");
  if (number_at(bytes, 4) != 102) fail("format version " + std::to_string(number_at(bytes, 4)), "version 102");
  if (number_at(bytes, 8) != type)
    fail("a dictionary of type " + std::to_string(number_at(bytes, 8)), "type " + std::to_string(type));
  std::string charset(name_at(bytes, charset_offset));
  std::transform(charset.begin(), charset.end(), charset.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  if (charset != "utf8" && charset != "utf-8") fail("charset \"" + charset + "\"", "UTF-8");
  left_size_ = number_at(bytes, 16);
  right_size_ = number_at(bytes, 20);
  const std::uint64_t units = number_at(bytes, 24), tokens = number_at(bytes, 28), features = number_at(bytes, 32);
  if (header_size + units + tokens + features != bytes.size() || units % sizeof(Unit) != 0 || units == 0)
    fail("tables that do not fill it", "their sizes to add up to the file's");
  units_ = {reinterpret_cast<const Unit*>(bytes.data() + header_size), units / sizeof(Unit)};
  tokens_ = {reinterpret_cast<const MecabToken*>(bytes.data() + header_size + units), tokens / sizeof(MecabToken)};
  check_tokens(file);
  root_ = units_[0].base;
  for (std::uint32_t c = 0x800; c < starts_.size(); ++c) {
    std::int32_t base = root_;
    for (const std::uint32_t byte : {0xE0 | c >> 12, 0x80 | (c >> 6 & 63), 0x80 | (c & 63)})
      if (base >= 0) base = step(base, static_cast<std::uint8_t>(byte));
    starts_[c] = base;
  }
}

void MecabWords::check_tokens(const fs::path& file) const {
  for (const MecabToken& token : tokens_) {
    if (token.left < right_size_ && token.right < left_size_) continue;
    throw damaged(file, 0, "a word of context " + std::to_string(token.left) + "/" + std::to_string(token.right),
                  "contexts below " + std::to_string(right_size_) + "/" + std::to_string(left_size_));
  }
}

std::span<const MecabToken> MecabWords::find(std::string_view word) const {
  std::int32_t base = root_;
  for (std::size_t at = 0; at < word.size() && base >= 0; ++at) base = step(base, static_cast<std::uint8_t>(word[at]));
  return base < 0 ? std::span<const MecabToken>() : readings(base);
}

MecabDictionary::MecabDictionary(const fs::path& folder)
    : words_(folder / "sys.dic", 0),
      unknown_words_(folder / "unk.dic", 2),
      matrix_(folder / "matrix.bin"),
      characters_(folder / "char.bin") {
  if (unknown_words_.left_size() != words_.left_size() || unknown_words_.right_size() != words_.right_size())
    throw damaged(folder / "unk.dic", 0, "other contexts than sys.dic has", "files of one dictionary");
  read_categories(folder / "char.bin");
  read_costs(folder / "matrix.bin");
  read_settings(folder / "dicrc");
}

void MecabDictionary::read_categories(const fs::path& file) {
  const std::string_view bytes = characters_.bytes();
  const std::uint64_t count = bytes.size() < 4 ? 0 : number_at(bytes, 0);
  if (count == 0 || count > 18 || bytes.size() != 4 + count * name_size + characters * sizeof(MecabCategory)) {
    throw damaged(file, 0, std::to_string(bytes.size()) + " bytes for " + std::to_string(count) + " categories",
                  "1 to 18 names of 32 bytes, and a category for each of 65535 characters");
  }
  categories_.resize(characters);
  std::memcpy(categories_.data(), bytes.data() + 4 + count * name_size, characters * sizeof(MecabCategory));
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view name = name_at(bytes, 4 + i * name_size);
    unknown_.push_back(unknown_words_.find(name));
    if (unknown_.back().empty())
      throw damaged(file, 0, "category \"" + std::string(name) + "\", which unk.dic does not have", "one that it has");
  }
  for (const MecabCategory& category : categories_)
    if (category.category >= count) throw damaged(file, 0, "a character of no category", "one of those named");
}

void MecabDictionary::read_costs(const fs::path& file) {
  const std::string_view bytes = matrix_.bytes();
  const std::uint32_t sizes = bytes.size() < 4 ? 0 : number_at(bytes, 0);
  const std::uint64_t left = sizes & 0xFFFF, right = sizes >> 16;
  if (left == 0 || left != words_.left_size() || right != words_.right_size() ||
      bytes.size() != 4 + left * right * sizeof(std::int16_t)) {
    throw damaged(file, 0,
                  std::to_string(bytes.size()) + " bytes for " + std::to_string(left) + " times " +
                      std::to_string(right) + " contexts",
                  "a cost of each pair of the contexts of sys.dic");
  }
  costs_ = reinterpret_cast<const std::int16_t*>(bytes.data() + 4);
}

// Of the settings only one concerns where words end.
void MecabDictionary::read_settings(const fs::path& file) {
  const std::string text = read_dictionary_text(file);
  std::string_view rest = text;
  std::size_t number = 0;
  for (std::string_view line; next_line(rest, line);) {
    ++number;
    const std::size_t equals = line.find('=');
    if (!line.starts_with("max-grouping-size") || equals == line.npos) continue;
    std::string_view value = line.substr(equals + 1);
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    if (std::from_chars(value.data(), value.data() + value.size(), max_group_).ec != std::errc())
      throw damaged(file, number, "\"" + std::string(line.substr(0, 60)) + "\"", "a number");
    if (max_group_ == 0) max_group_ = 24;
  }
}

std::string MecabDictionary::hash() const {
  return digest({words_.bytes(), unknown_words_.bytes(), matrix_.bytes(), characters_.bytes()});
}

}  // namespace welt::words
