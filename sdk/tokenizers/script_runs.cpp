// See script_runs.h.
#include "script_runs.h"

#include <unicode/uscript.h>
#include <welt/text/utf8.h>

#include "char_set.h"

namespace welt::tokenizers {
namespace {

constexpr UScriptCode any = USCRIPT_UNKNOWN;

UScriptCode script_of(char32_t c) {
  if (c == ' ' || !is_of_unicode(9, c)) return any;  // the library's table is Unicode 9's
  if (c == 0x30FC) return USCRIPT_HAN;
  UErrorCode status = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(static_cast<UChar32>(c), &status);
  if (U_FAILURE(status) != 0) return any;
  return script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA ? USCRIPT_HAN : script;
}

}  // namespace

std::pair<std::size_t, std::size_t> script_run(std::string_view text, std::size_t begin) {
  std::size_t at = begin, first = begin;
  UScriptCode run = any;
  while (at < text.size()) {
    const std::size_t here = at;
    const UScriptCode script = script_of(text::decode(text, at));
    if (script == any || script == run) continue;
    if (run != any) return {first, here};
    run = script;
    if (begin == 0) first = here;
  }
  return run == any && begin == 0 ? std::pair{text.size(), text.size()} : std::pair{first, text.size()};
}

}  // namespace welt::tokenizers
