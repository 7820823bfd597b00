// The tokenizer of mteval-v13a, NIST's script for machine translation, as sacreBLEU's "13a" has it: the words that BLEU
// counts.
#pragma once

#include <string>
#include <string_view>

namespace welt {

// Drops "<skipped>", joins lines that end in a hyphen, reads the entities &quot; &amp; &lt; &gt;, puts ASCII
// punctuation on its own (period and comma unless between digits, a hyphen only behind a digit; never apostrophes), and
// leaves one blank between tokens. Well-formed UTF-8 in and out; all but ASCII stays as it is. O(text). [any thread]
std::string tokenize_13a(std::string_view text);

}  // namespace welt
