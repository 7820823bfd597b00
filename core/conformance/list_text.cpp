// See list_text.h.
#include "core/conformance/list_text.h"

#include <fmt/format.h>

namespace welt::conformance {

std::string tests_markdown(const TestList& tests) {
  std::string text = "| test | applies to | what must hold |\n| --- | --- | --- |\n";
  for (const Test& test : tests) text += fmt::format("| `{}` | {} | {} |\n", test.name, test.applies, test.description);
  return text;
}

}  // namespace welt::conformance
