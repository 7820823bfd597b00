// Reading a plugin's tables as if they were broken: every text and list is checked before it is used, and nothing that
// a plugin throws gets further. What cannot be is an Error that names the plugin file; a pointer that points nowhere is
// the one thing that nobody can find out.
#pragma once

#include <welt/abi/base.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.h"

namespace welt {

inline constexpr std::uint64_t longest_table_text = 1u << 16, longest_table_list = 4096;

// What a text of a table may hold: a name is a line without spaces, a JSON text may have several lines.
enum class TableText { name, line, json };

// The first thing wrong with a text that a plugin gave, as a message says it ("is not UTF-8 at byte 3"); "": nothing.
std::string text_problem(welt_string text, TableText kind);

// A text as far as it can be read: for messages and log lines, where there is nobody to refuse it. Never throws.
std::string text_or_what_can_be_read(welt_string text) noexcept;

class TableReader {
 public:
  // `where`: the file, as messages name it.
  explicit TableReader(std::string where) : where_(std::move(where)) {}

  [[noreturn]] void refuse(std::string found, std::string expected) const;

  // `what` names the text in the message: "the id of component 3". A name must not be empty.
  std::string text(welt_string text, std::string_view what, TableText kind = TableText::line) const;
  std::vector<std::string> texts(welt_string_list list, std::string_view what, TableText kind = TableText::name) const;

  // Calls into the plugin. The ABI lets nothing be thrown across; what is thrown all the same becomes a refusal.
  template <typename Call>
  auto call(std::string_view function, Call&& body) const {
    try {
      return std::forward<Call>(body)();
    } catch (const std::exception& thrown) {
      refuse_thrown(function, thrown.what());
    } catch (...) {
      refuse_thrown(function, "something that is no std::exception");
    }
  }

 private:
  [[noreturn]] void refuse_thrown(std::string_view function, std::string_view what) const;
  std::string where_;
};

}  // namespace welt
