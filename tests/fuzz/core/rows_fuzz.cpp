// Tables: any bytes under any of the formats are rows or an Error, and a row is fields in UTF-8 or an Error; so is what
// a template, whose text is the first line, makes of it.
#include <array>

#include "core/base/utf8.h"
#include "core/data/rows.h"
#include "core/text/python_format.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace welt;
  static fuzz::MemoryFile file;
  static constexpr std::array<const char*, 4> formats = {"jsonl", "csv", "tsv", "lines"};
  fuzz::Input input(data, size);
  const char* const format = formats[input.number(formats.size())];
  const std::string all(input.rest());
  const std::size_t end = std::min(all.find('\n'), all.size());
  file.put(std::string_view(all).substr(std::min(end + 1, all.size())));
  fuzz::answers([&] {
    const std::unique_ptr<RowReader> rows = RowReader::open(file.path(), format);
    for (RawRow row; rows->next(row);) {
      fuzz::answers([&] {
        const RowValue value = row_value(row);
        fuzz::require(value.is_object(), "a row is an object");
        const std::string text = TextTemplate(std::string_view(all).substr(0, end)).format(value);
        fuzz::require(find_invalid_utf8(all) != utf8_ok || find_invalid_utf8(text) == utf8_ok, "a text is UTF-8");
      });
      fuzz::answers([&] { row_text(row, "text"); });
    }
  });
  return 0;
}
