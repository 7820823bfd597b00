// See texts.h.
#include "core/conformance/texts.h"

#include <nlohmann/json.hpp>

#include "core/base/philox.h"
#include "core/base/utf8.h"

namespace welt::conformance {
namespace {

// Numbers in a row from one seed.
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t stream) : seed_(seed), stream_(stream) {}
  std::uint64_t below(std::uint64_t bound) { return philox_below(philox64(seed_, stream_, at_++), bound); }

 private:
  std::uint64_t seed_, stream_, at_ = 0;
};

char32_t any_character(Random& random) {
  constexpr std::uint64_t surrogates = 0x800, first_surrogate = 0xD800;
  const std::uint64_t drawn = random.below(0x110000 - surrogates);
  return static_cast<char32_t>(drawn < first_surrogate ? drawn : drawn + surrogates);
}

char32_t character(Random& random, std::uint64_t kind) {
  static constexpr std::u32string_view alphabets[] = {
      U"ab  c\n",
      U"aé ü\tß\u00A0\u0301",
      U"\u0001\u0005\u001C\u001F\u007F x\r\n",
      U"語。かナ한\u3000 ",
      U"\U0001F468\u200D\U0001F469\uFE0F\U0001F1E9\U0001F1EA\U0001F3FD ",
      U"क्षि\u200C\u200Dบ้า\u0E33 ",
  };
  if (kind == std::size(alphabets)) return any_character(random);
  return alphabets[kind][random.below(alphabets[kind].size())];
}
constexpr std::uint64_t kinds = 7;

}  // namespace

const std::vector<std::string>& known_texts() {
  static const std::vector<std::string> texts = [] {
    std::vector<std::string> all = {
        "",
        "a",
        " ",
        "The cat sat on the mat, and then it left.",
        "  two  spaces   at every place  ",
        "line one\nline two\r\nline three\n\n\n",
        "Zwölf Boxkämpfer jagen über den großen Deich.",
        "Ένας σκύλος τρέχει γρήγορα.",
        "Быстрая лиса прыгает.",
        "שלום לכולם, מה שלומכם?",
        "مَرْحَبًا بِكُمْ في البيت",
        "नमस्ते, क्षत्रिय और विद्यार्थी।",
        "আমি বাংলায় কথা বলি।",
        "ฉันกินข้าวที่บ้าน",
        "今天天气很好，我们去公园。",
        "わたしは毎日コーヒーを飲みます。",
        "오늘은 날씨가 아주 좋아요.",
        "Tiếng Việt có nhiều dấu.",
        "e\u0301 e\u0301\u0302\u0303 \u0301 o\u0308",
        "👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪🇨🇭🇯 👍🏽 ☃️",
        "a\u00A0b\u2003c\u3000d\u2028e\u2029f\u0085g\u200Bh\uFEFFi",
        "\u202Eabc\u202C \u2066x\u2069",
        "\uFFFE\uFFFF\U0010FFFF\uFDD0 \uE000",
        "x = f(a[3]) + 2.5e-7; // https://example.org/?q=1&r=%20",
        "\x01user\x17\x05think\x06\x1A"
        "call\x1B\x1C\x1D\x1E\x1F\x7F",
        "\t\v\f\r",
        "ﷺ ﬃ Ǆ ẞ İ ı",
        std::string("nul\0in the middle\0", 18),
        std::string(500, 'x'),
        std::string(300, ' '),
    };
    std::string marks = "z";
    for (int i = 0; i < 120; ++i) append_utf8(marks, 0x0300 + static_cast<char32_t>(i % 16));
    all.push_back(marks + " end");
    return all;
  }();
  return texts;
}

std::vector<std::string> random_texts(std::uint64_t seed, std::size_t count, std::size_t longest) {
  std::vector<std::string> texts(count);
  for (std::size_t i = 0; i < count; ++i) {
    Random random(seed, i);
    const std::size_t length = random.below(longest + 1);
    for (std::size_t k = 0; k < length; ++k) append_utf8(texts[i], character(random, i % kinds));
  }
  return texts;
}

std::vector<std::string> all_texts(std::uint64_t seed) {
  constexpr std::size_t random_count = 70, longest = 120;
  std::vector<std::string> texts = known_texts();
  for (std::string& text : random_texts(seed, random_count, longest)) texts.push_back(std::move(text));
  return texts;
}

const std::vector<IllFormed>& ill_formed_texts() {
  static const std::vector<IllFormed> texts = {
      {"ab\xFFzd", 2},                       // no byte of UTF-8
      {"\x80 begins", 0},                    // a continuation with nothing before it
      {"over long \xC0\xAF", 10},            // two bytes for what needs one
      {"abc\xED\xA0\x80", 3},                // a surrogate
      {"\xF4\x90\x80\x80", 0},               // above 10FFFF
      {"cut in the middle \xE2\x82 x", 18},  // two bytes of three
      {"cut off at the end \xE2\x82", 19},
      {"\xF0\x9F\x98", 0},
  };
  return texts;
}

std::string shown(std::string_view text) {
  constexpr std::size_t longest = 60;
  const bool cut = text.size() > longest;
  const nlohmann::json value = std::string(text.substr(0, longest));
  return value.dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace) + (cut ? "…" : "");
}

bool starts_character(std::string_view text, std::size_t offset) {
  return offset == text.size() || (offset < text.size() && (static_cast<unsigned char>(text[offset]) & 0xC0) != 0x80);
}

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) count += starts_character(text, i) ? 1 : 0;
  return count;
}

}  // namespace welt::conformance
