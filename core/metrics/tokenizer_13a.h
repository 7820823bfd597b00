// The tokenizer of mteval-v13a, NIST's script for machine translation, as sacreBLEU's "13a" has it: the words that BLEU
// counts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace welt {

// Drops "<skipped>", joins lines that end in a hyphen, reads the entities &quot; &amp; &lt; &gt;, and puts ASCII
// punctuation on its own: period and comma unless between digits, a hyphen only behind a digit, never apostrophes.
// Tokens are what is then between white space. Texts are well-formed UTF-8; all but ASCII stays as it is. O(text).
// Keeps its memory between calls: one object per thread.
class Tokenizer13a {
 public:
  // Replaces the content of `tokens`, which stay valid until the next call.
  void split(std::string_view text, std::vector<std::string_view>& tokens);

 private:
  std::string line_, scratch_;
};

// The tokens with a blank between them.
std::string tokenize_13a(std::string_view text);

}  // namespace welt
