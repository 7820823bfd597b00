// See tokenizer_13a.h.
#include "core/metrics/tokenizer_13a.h"

#include <array>
#include <utility>
#include <vector>

#include "core/metrics/white_space.h"

namespace welt {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_stop(char c) { return c == '.' || c == ','; }

// ASCII punctuation that always stands alone: all of it but ' , - and .
constexpr std::array<bool, 256> lone_characters() {
  std::array<bool, 256> lone{};
  for (const auto& [first, last] : {std::pair{'!', '&'}, {'(', '+'}, {'/', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}})
    for (int c = first; c <= last; ++c) lone[static_cast<std::size_t>(c)] = true;
  return lone;
}
constexpr std::array<bool, 256> lone = lone_characters();

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
  std::string out;
  for (std::size_t at; (at = text.find(what)) != std::string_view::npos; text.remove_prefix(at + what.size())) {
    out += text.substr(0, at);
    out += by;
  }
  return out += text;
}

// One after the other, so that "&amp;lt;" becomes "<" and "&amp;quot;" only "&quot;".
std::string plain_text(std::string_view text) {
  std::string out(text);
  if (out.find('<') != std::string::npos) out = replaced(out, "<skipped>", "");
  if (out.find('\n') != std::string::npos) out = replaced(replaced(out, "-\n", ""), "\n", " ");
  if (out.find('&') == std::string::npos) return out;
  for (const auto& [entity, character] : {std::pair{"&quot;", "\""}, {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}})
    out = replaced(out, entity, character);
  return out;
}

// The four passes of the rule. Each reads what the one before has written, left to right, and never looks at a
// character again that a match has used: so ", ," and ".." come out as they do in the original.
void separate(std::string_view text, std::string& out) {
  out.assign(1, ' ');
  for (const char c : text) {
    if (lone[static_cast<unsigned char>(c)]) {
      out.append({' ', c, ' '});
    } else {
      out.push_back(c);
    }
  }
  out.push_back(' ');
}

// `matches(a, b)`: two neighbours that `write(out, a, b)` puts down in another way.
template <typename Matches, typename Write>
void pass(std::string& text, std::string& scratch, Matches&& matches, Write&& write) {
  scratch.clear();
  std::size_t at = 0;
  for (; at + 1 < text.size();) {
    if (matches(text[at], text[at + 1])) {
      write(scratch, text[at], text[at + 1]);
      at += 2;
    } else {
      scratch.push_back(text[at++]);
    }
  }
  if (at < text.size()) scratch.push_back(text[at]);
  text.swap(scratch);
}

}  // namespace

void Tokenizer13a::split(std::string_view text, std::vector<std::string_view>& tokens) {
  const bool plain = text.find_first_of("<&\n") == std::string_view::npos;
  if (plain) {
    separate(text, line_);
  } else {
    separate(plain_text(text), line_);
  }
  const auto behind_first = [](std::string& out, char a, char b) { out.append({a, ' ', b, ' '}); };
  if (line_.find_first_of(".,") != std::string::npos) {
    pass(
        line_, scratch_, [](char a, char b) { return !is_digit(a) && is_stop(b); }, behind_first);
    pass(
        line_, scratch_, [](char a, char b) { return is_stop(a) && !is_digit(b); },
        [](std::string& out, char a, char b) {
          out.append({' ', a, ' ', b});
        });
  }
  if (line_.find('-') != std::string::npos) {
    pass(
        line_, scratch_, [](char a, char b) { return is_digit(a) && b == '-'; }, behind_first);
  }
  split_white_space(line_, tokens);
}

std::string tokenize_13a(std::string_view text) {
  Tokenizer13a tokenizer;
  std::vector<std::string_view> tokens;
  tokenizer.split(text, tokens);
  std::string line;
  for (const std::string_view token : tokens) {
    if (!line.empty()) line.push_back(' ');
    line += token;
  }
  return line;
}

}  // namespace welt
