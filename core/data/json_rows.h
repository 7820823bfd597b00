// Rows of JSON: the text in one field of an object, whatever the other fields hold, and the elements of an array.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace welt {

enum class RowFault { none, not_json, not_object, no_field, not_text };

struct JsonRow {
  RowFault fault = RowFault::none;
  std::string found;      // what is there in place of a text: nlohmann's words, or the type's name
  std::string text;       // what was no character in it is U+FFFD
  bool replaced = false;  // that is so
};

// By events: nothing is built but the text. Of a name that is there twice the last value counts, as in Python. Beside
// the field, NaN, Infinity, halves of surrogate pairs ("\ud83d" alone) and bytes that are not UTF-8 do no harm.
JsonRow read_json_row(std::string_view row, std::string_view field);

// The names of the object's fields, for a message about one that is missing.
std::vector<std::string> json_row_fields(std::string_view row);

// Whether an escape in it is half of a surrogate pair alone.
bool json_row_has_lone_half(std::string_view row);

// Calls take(element, offset) for each element, as it is written, of the array that `text` begins with. Returns what is
// wrong with the array, or "": what take() got before was right nevertheless.
std::string each_json_element(std::string_view text,
                              const std::function<void(std::string_view element, std::size_t offset)>& take);

}  // namespace welt
