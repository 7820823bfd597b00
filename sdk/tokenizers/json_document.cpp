// See json_document.h: a parser by recursive descent.
#include "json_document.h"

#include <welt/text/utf8.h>
#include <algorithm>
#include <cstring>
#include <welt/sdk/base.hpp>

#include "utf8_write.h"

namespace welt::tokenizers {
namespace {

namespace sdk = welt::sdk;

constexpr int deepest = 64;
constexpr std::size_t most_values = 16'000'000;

}  // namespace

class JsonDocument::Parser {
 public:
  Parser(JsonDocument& document, std::string_view text) : document_(document), text_(text) {}

  JsonValue whole() {
    bool cut_off = false;
    if (const std::size_t fault = text::find_ill_formed(text_, cut_off); fault != text::well_formed) {
      at_ = fault;
      fail("what is not UTF-8");
    }
    // Room that costs nothing until it is used: a token with its id, or a merge, takes some 20 bytes.
    constexpr std::size_t usual_size = 16, most_at_once = 1 << 19;
    members_.reserve(std::min(text_.size() / usual_size, most_at_once));
    items_.reserve(std::min(text_.size() / usual_size, most_at_once));
    const JsonValue out = value(0);
    space();
    if (at_ < text_.size()) fail("more behind its end");
    return out;
  }

 private:
  [[noreturn]] void fail(const std::string& found) const {
    throw sdk::invalid("tokenizer.json: not JSON: byte " + std::to_string(at_) + " is " + found +
                       "; expected a JSON text");
  }
  [[noreturn]] void fail_here() const {
    if (at_ >= text_.size()) fail("the end");
    const auto byte = static_cast<std::uint8_t>(text_[at_]);
    fail(byte < 0x20 ? "the control character " + std::to_string(byte) : std::string("'") + text_[at_] + "'");
  }

  void space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) {
      ++at_;
    }
  }
  bool take(char c) {
    space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void want(char c) {
    if (!take(c)) fail_here();
  }

  JsonValue value(int depth) {
    if (depth > deepest) throw sdk::invalid("tokenizer.json: nested deeper than 64; expected a tokenizer");
    if (++values_ > most_values) throw sdk::invalid("tokenizer.json: more than 16000000 values; expected fewer");
    space();
    if (at_ >= text_.size()) fail_here();
    switch (text_[at_]) {
      case '{':
        return object(depth);
      case '[':
        return list(depth);
      case '"':
        return of_text(JsonValue::Kind::text, string());
      default:
        return scalar();
    }
  }

  static JsonValue of_text(JsonValue::Kind kind, std::string_view text) {
    JsonValue out;
    out.kind = kind;
    out.size = static_cast<std::uint32_t>(text.size());
    out.bytes = text.data();
    return out;
  }

  JsonValue object(int depth) {
    ++at_;
    const std::size_t base = members_.size();
    if (!take('}')) {
      do {
        space();
        if (at_ >= text_.size() || text_[at_] != '"') fail_here();
        const std::string_view key = string();
        want(':');
        const JsonValue inner = value(depth + 1);
        members_.push_back({key, inner});
      } while (take(','));
      want('}');
    }
    JsonValue out;
    out.kind = JsonValue::Kind::object;
    out.size = static_cast<std::uint32_t>(members_.size() - base);
    out.member = kept(document_.objects_, members_, base);
    return out;
  }

  JsonValue list(int depth) {
    ++at_;
    const std::size_t base = items_.size();
    if (!take(']')) {
      do {
        const JsonValue inner = value(depth + 1);
        items_.push_back(inner);
      } while (take(','));
      want(']');
    }
    JsonValue out;
    out.kind = JsonValue::Kind::list;
    out.size = static_cast<std::uint32_t>(items_.size() - base);
    out.first = kept(document_.lists_, items_, base);
    return out;
  }

  JsonValue scalar() {
    for (const auto& [word, kind, flag] : {std::tuple{std::string_view("null"), JsonValue::Kind::null, false},
                                           {"true", JsonValue::Kind::boolean, true},
                                           {"false", JsonValue::Kind::boolean, false}}) {
      if (!text_.substr(at_).starts_with(word)) continue;
      at_ += word.size();
      JsonValue out;
      out.kind = kind;
      out.flag = flag;
      return out;
    }
    return of_text(JsonValue::Kind::number, number());
  }

  std::string_view number() {
    const std::size_t begin = at_;
    const auto digits = [&] {
      const std::size_t from = at_;
      while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
      if (at_ == from) fail_here();
    };
    const auto is = [&](char c) { return at_ < text_.size() && text_[at_] == c; };
    if (is('-')) ++at_;
    if (is('0'))
      ++at_;
    else
      digits();
    if (is('.')) {
      ++at_;
      digits();
    }
    if (is('e') || is('E')) {
      ++at_;
      if (is('+') || is('-')) ++at_;
      digits();
    }
    return text_.substr(begin, at_ - begin);
  }

  std::string_view string() {
    const std::size_t begin = ++at_;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') return text_.substr(begin, at_++ - begin);
      if (c == '\\') return decoded(begin);
      if (static_cast<std::uint8_t>(c) < 0x20) fail_here();
    }
    fail_here();
  }

  // A text with escapes, the first of them at at_.
  std::string_view decoded(std::size_t begin) {
    std::string& out = document_.decoded_.emplace_back(text_.substr(begin, at_ - begin));
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return out;
      }
      if (static_cast<std::uint8_t>(c) < 0x20) fail_here();
      ++at_;
      if (c == '\\')
        escape(out);
      else
        out += c;
    }
    fail_here();
  }

  void escape(std::string& out) {
    constexpr std::string_view names = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    if (at_ >= text_.size()) fail_here();
    if (text_[at_] != 'u') {
      const std::size_t which = names.find(text_[at_]);
      if (which == std::string_view::npos) fail_here();
      out += meant[which];
      ++at_;
      return;
    }
    char32_t unit = hexadecimal();
    if (unit >= 0xDC00 && unit < 0xE000) fail("half of a surrogate pair");
    if (unit >= 0xD800 && unit < 0xDC00) {
      if (text_.substr(at_, 2) != "\\u") fail("half of a surrogate pair");
      ++at_;
      const char32_t low = hexadecimal();
      if (low < 0xDC00 || low > 0xDFFF) fail("half of a surrogate pair");
      unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    }
    out += utf8_of(unit);
  }

  // The number behind the u at at_.
  char32_t hexadecimal() {
    char32_t out = 0;
    for (++at_; const char c : text_.substr(at_, 4)) {
      const char lower = static_cast<char>(c | 0x20);
      if (c >= '0' && c <= '9')
        out = out << 4 | static_cast<char32_t>(c - '0');
      else if (lower >= 'a' && lower <= 'f')
        out = out << 4 | static_cast<char32_t>(lower - 'a' + 10);
      else
        fail("no \\u with four digits");
    }
    if (text_.size() - at_ < 4) fail("the end inside an escape");
    at_ += 4;
    return out;
  }

  // The values of `open` from `base` on, for good. Many stay where they are, and what was open before moves instead.
  template <typename T>
  static const T* kept(std::deque<std::vector<T>>& all, std::vector<T>& open, std::size_t base) {
    if (open.size() == base) return nullptr;
    const auto from = open.begin() + static_cast<std::ptrdiff_t>(base);
    const bool moves = open.size() > 1024 && base < open.size() / 8;
    std::vector<T> other(moves ? open.begin() : from, moves ? from : open.end());
    if (moves) open.swap(other);
    open.resize(base);
    return all.emplace_back(std::move(other)).data() + (moves ? base : 0);
  }

  JsonDocument& document_;
  std::string_view text_;
  std::size_t at_ = 0, values_ = 0;
  std::vector<JsonMember> members_;  // of the objects that are open
  std::vector<JsonValue> items_;     // of the lists that are open
};

JsonDocument::JsonDocument(std::string_view text) {
  if (text.size() > 0xFFFFFFFF) throw sdk::invalid("tokenizer.json: 4 GB and more; expected a tokenizer");
  root_ = Parser(*this, text).whole();
}

}  // namespace welt::tokenizers
