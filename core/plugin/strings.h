// Between the ABI's strings and C++'s. A null pointer with a length is taken as empty.
#pragma once

#include <welt/abi/base.h>

#include <string>
#include <string_view>
#include <vector>

namespace welt {

inline welt_string string_of(std::string_view text) { return {text.data(), text.size()}; }

inline std::string_view view_of(welt_string text) {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}

inline std::string text_of(welt_string text) { return std::string(view_of(text)); }

inline std::vector<std::string> texts_of(welt_string_list list) {
  std::vector<std::string> texts;
  for (std::uint64_t i = 0; list.items != nullptr && i < list.count; ++i) texts.push_back(text_of(list.items[i]));
  return texts;
}

}  // namespace welt
