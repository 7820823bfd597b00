// See word_text.h.
#include "core/model/word_text.h"

#include <cstdint>

#include "core/base/utf8.h"

namespace welt {
namespace {

// Appends units in turn; the two halves of a character in UTF-16 come one after the other.
class Writer {
 public:
  explicit Writer(Encoding encoding) : encoding_(encoding) {}

  void append(std::uint32_t unit, std::string& text) {
    constexpr std::uint32_t first_half = 0xD800, second_half = 0xDC00;
    if (encoding_ == Encoding::utf8) {
      text += static_cast<char>(unit);
    } else if (encoding_ == Encoding::utf16 && unit >= first_half && unit < second_half) {
      half_ = unit - first_half;
    } else if (encoding_ == Encoding::utf16 && unit >= second_half && unit <= 0xDFFF) {
      append_utf8(text, static_cast<char32_t>(0x10000 + (half_ << 10) + (unit - second_half)));
    } else {
      append_utf8(text, static_cast<char32_t>(unit));
    }
  }

 private:
  Encoding encoding_;
  std::uint32_t half_ = 0;
};

}  // namespace

std::vector<std::string> word_texts(const WordTensors& words, Units units) {
  const at::Tensor on_host = words.ids.cpu(), shown = words.visible.defined() ? words.visible.cpu() : at::Tensor();
  const std::int64_t *bytes = on_host.const_data_ptr<std::int64_t>(),
                     *offsets = words.host_offsets.const_data_ptr<std::int64_t>();
  const bool* seen = shown.defined() ? shown.const_data_ptr<bool>() : nullptr;
  std::vector<std::string> texts(static_cast<std::size_t>(words.rows()));
  std::vector<std::uint32_t> row;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    row.clear();
    for (std::int64_t token = offsets[i]; token < offsets[i + 1]; ++token) {
      if (seen != nullptr && !seen[token]) continue;
      std::uint32_t unit = 0;
      for (std::int64_t place = 0; place < units.bytes(); ++place)
        unit |= static_cast<std::uint32_t>(bytes[token * units.bytes() + place]) << (8 * place);
      row.push_back(unit);
    }
    Writer writer(units.encoding());
    for (std::size_t place = 1; place + 1 < row.size(); ++place) writer.append(row[place], texts[i]);
  }
  return texts;
}

}  // namespace welt
