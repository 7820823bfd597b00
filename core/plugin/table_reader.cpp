// See table_reader.h.
#include "core/plugin/table_reader.h"

#include <algorithm>

#include "core/base/utf8.h"

namespace welt {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

}  // namespace

std::string text_problem(welt_string text, TableText kind) {
  if (text.data == nullptr) {
    return text.size == 0 ? std::string() : fmt::format("has {} bytes, but no data", text.size);
  }
  if (text.size > longest_table_text) {
    return fmt::format("is {} bytes long; expected at most {}", text.size, longest_table_text);
  }
  const std::string_view view(text.data, text.size);
  if (const std::size_t fault = find_invalid_utf8(view); fault != utf8_ok) {
    return fmt::format("is not UTF-8 (byte {})", fault);
  }
  const auto bad = std::ranges::find_if(view, [&](char c) {
    if (kind == TableText::json) return false;
    return is_control(c) || (kind == TableText::name && c == ' ');
  });
  if (bad == view.end()) return {};
  return fmt::format("has the character {:#04x} at byte {}", static_cast<unsigned char>(*bad), bad - view.begin());
}

std::string text_or_what_can_be_read(welt_string text) noexcept {
  try {
    if (text.data == nullptr) return {};
    const bool cut = text.size > longest_table_text;
    return replace_invalid_utf8(std::string_view(text.data, std::min(text.size, longest_table_text))) +
           (cut ? " …" : "");
  } catch (...) {
    return {};  // no memory left: the status is still there
  }
}

void TableReader::refuse(std::string found, std::string expected) const {
  fail({where_, std::move(found), std::move(expected), "Tell the plugin's author; until then remove the file"},
       ErrorCode::failed_precondition);
}

void TableReader::refuse_thrown(std::string_view function, std::string_view what) const {
  const welt_string text{what.data(), what.size()};
  refuse(fmt::format("its {} threw an exception ({})", function, text_or_what_can_be_read(text)),
         "a status: nothing may be thrown across the border");
}

std::string TableReader::text(welt_string text, std::string_view what, TableText kind) const {
  if (const std::string problem = text_problem(text, kind); !problem.empty()) {
    refuse(fmt::format("{} {}", what, problem), "text in UTF-8 on one line");
  }
  if (kind == TableText::name && text.size == 0) refuse(fmt::format("{} is empty", what), "a name");
  return text.data == nullptr ? std::string() : std::string(text.data, text.size);
}

std::vector<std::string> TableReader::texts(welt_string_list list, std::string_view what, TableText kind) const {
  if (list.items == nullptr && list.count > 0) {
    refuse(fmt::format("the list of {} has {} entries, but no data", what, list.count), "entries, or a count of 0");
  }
  if (list.count > longest_table_list) {
    refuse(fmt::format("the list of {} has {} entries", what, list.count),
           fmt::format("at most {}", longest_table_list));
  }
  std::vector<std::string> texts;
  for (std::uint64_t i = 0; i < list.count; ++i) {
    texts.push_back(text(list.items[i], fmt::format("entry {} of the list of {}", i, what), kind));
  }
  return texts;
}

}  // namespace welt
