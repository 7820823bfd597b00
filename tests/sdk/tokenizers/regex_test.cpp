// Regular expressions: matches as Oniguruma finds them, what decides them, and effort that is bounded.
#include <gtest/gtest.h>
#include <welt/sdk/base.hpp>

#include "sdk/tokenizers/regex.h"

namespace welt::tokenizers {
namespace {

std::vector<std::string> matches(const std::string& pattern, const std::string& text) {
  std::vector<std::string> out;
  const Regex regex(pattern, "test");
  RegexSearch search(regex, text);
  while (const auto match = search.next()) out.push_back(text.substr(match->begin, match->end - match->begin));
  return out;
}

using Texts = std::vector<std::string>;

TEST(BpeRegex, matches) {
  struct Case {
    const char *pattern, *text;
    Texts found;
  };
  const std::vector<Case> cases = {
      {"a|ab", "abab", {"a", "a"}},  // the first alternative that fits
      {"ab|a", "aba", {"ab", "a"}},
      {"a*", "baac", {"", "aa", ""}},
      {"x*", "abc", {"", "", "", ""}},
      {"a+?", "aa", {"a", "a"}},
      {"a{2,3}?b|a", "aaab", {"aaab"}},
      {"a{,2}", "aaa", {"aa", "a"}},
      {"a{2}?", "aaa", {"aa", ""}},
      {"a{x", "a{x", {"a{x"}},
      {"(?:a|b)*c", "abac", {"abac"}},
      {"(a*)*b", "aaab", {"aaab"}},
      {"(?:a?){3}b", "aab", {"aab"}},
      {"a++a|b", "aab", {"b"}},
      {"(?>a|ab)c", "abc", {}},
      {"\\s+(?!\\S)", "a   b  ", {"  ", "  "}},
      {"\\s+(?=\\S)", "a  b ", {"  "}},
      {"(?<=a)b", "abcb", {"b"}},
      {"(?<!ab)c", "abcc", {"c"}},
      {"(?<=é.)x", "éax", {"x"}},
      {"^a|b$", "a\na\nb", {"a", "a", "b"}},
      {"\\Aa|\\za", "aa", {"a"}},
      {"\\bthe\\b", "the other the", {"the", "the"}},
      {"\\Bx", "x xx", {"x"}},
      {".", "a\nb", {"a", "b"}},
      {"(?m:.)", "\n", {"\n"}},
      {"(?i)ſTRAß|k", "straß\u212A", {"straß", "\u212A"}},
      {"a(?i:b)c", "aBc", {"aBc"}},
      {"(?i:a)b", "AB", {}},
      {"[a-c&&[^b]]+", "abcca", {"a", "cca"}},
      {"[^a&&b]", "ab", {"a", "b"}},
      {"[]a]+", "a]b", {"a]"}},
      {"[a\\-z]+", "a-zb", {"a-z"}},
      {"[[:alpha:][:digit:]]+", "aé1.", {"aé1"}},
      {"\\p{L}+|\\p{^L}", "aé1", {"aé", "1"}},
      {"\\p{Han}+", "漢字かな", {"漢字"}},
      {"\\P{Lu}", "Aa", {"a"}},
      {"\\x41|\\x{e9}|\\u00ea|\\h\\h", "Aéêff", {"A", "é", "ê", "ff"}},
      {"(?<name>a)(?#note)b", "ab", {"ab"}},
      {"[^\\r\\n\\p{L}\\p{N}]?\\p{L}+", "Hello, world", {"Hello", " world"}},
      {"\\p{N}{1,3}", "12345", {"123", "45"}},
      {"", "ab", {"", "", ""}},
  };
  for (const Case& each : cases) EXPECT_EQ(matches(each.pattern, each.text), each.found) << each.pattern;
}

TEST(BpeRegex, refuses_with_the_byte) {
  for (const char* pattern :
       {"(",     ")",      "(?",          "(?:a",      "[a",  "[z-a]", "*a",       "a\\",     "\\1",    "\\p{Nothing}",
        "\\p{L", "\\xe9",  "\\x{110000}", "\\x{d800}", "\\R", "(?x)a", "(?<=a+)b", "a{1001}", "a{3,2}", "[[:what:]]",
        "^*",    "(?=a)+", "(?<name"}) {
    try {
      Regex(pattern, "here");
      ADD_FAILURE() << "accepted " << pattern;
    } catch (const sdk::Failure& failure) {
      EXPECT_EQ(std::string(failure.what()).rfind("here: the regular expression", 0), 0u) << failure.what();
      EXPECT_NE(std::string(failure.what()).find("expected"), std::string::npos) << failure.what();
    }
  }
}

TEST(BpeRegex, says_how_much_text_decided) {
  const auto seen = [](const char* pattern, const char* text) {
    const Regex regex(pattern, "test");
    RegexSearch search(regex, text);
    search.next();
    return search.seen();
  };
  EXPECT_EQ(seen("a+", "aab"), 3u);  // the b ended it
  EXPECT_EQ(seen("a+", "aa"), 3u);   // so did the end of the text
  EXPECT_EQ(seen("ab", "ab"), 2u);   // nothing could follow that matters
  EXPECT_EQ(seen("a(?!b)", "ac"), 2u);
  EXPECT_EQ(seen("a(?!b)", "a"), 2u);  // a b may still come
  EXPECT_EQ(seen("b", "aab"), 3u);
}

TEST(BpeRegex, bombs_are_refused_or_end) {
  for (const char* pattern : {"((a{1000}){1000}){1000}", "(?:(?:(?:a{100}b{100}){100}){100}){9}"})
    EXPECT_THROW(Regex(pattern, "test"), sdk::Failure) << pattern;
  EXPECT_THROW(Regex(std::string(100000, '('), "test"), sdk::Failure);
  EXPECT_THROW(Regex(std::string(200, '(') + std::string(200, ')'), "test"), sdk::Failure);
  EXPECT_THROW(Regex(std::string(200, '['), "test"), sdk::Failure);
  const std::string text(40, 'a');
  for (const char* pattern : {"(a+)+b", "(?:a*)*b", "(?:a?){40}a{40}b"})
    EXPECT_THROW(matches(pattern, text), sdk::Failure) << pattern;
  EXPECT_THROW(matches("(?:a|b)*c", std::string(2'200'000, 'a')), sdk::Failure);  // too many choices
  EXPECT_EQ(matches("(?:|a|)*", "aa"), (Texts{"", "", ""}));                      // empty rounds end the loop
}

}  // namespace
}  // namespace welt::tokenizers
