// The format specifications of python_format.h: [[fill]align][sign][#][0][width][,|_][.precision][type].
#include "core/text/python_format.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/text/python_text.h"

namespace welt {
namespace {

using Json = nlohmann::ordered_json;

struct Specification {
  std::string_view text;
  std::string fill = " ";
  char align = 0, sign = '-', grouping = 0, type = 0;
  bool alternate = false;
  std::size_t width = 0;
  std::optional<int> precision;
};

[[noreturn]] void fail_format(std::string_view specification, std::string_view what) {
  fail({fmt::format("the format specification \"{}\"", specification), std::string(what)});
}

std::size_t number_at(std::string_view text, std::size_t& at) {
  std::size_t value = 0;
  constexpr std::size_t most = 1 << 20;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
    value = value * 10 + static_cast<std::size_t>(text[at] - '0');
    if (value > most) fail_format(text, fmt::format("a number above {}", most));
  }
  return value;
}

Specification parse(std::string_view text) {
  Specification out{.text = text};
  std::size_t at = 0;
  const auto is_align = [&](std::size_t i) {
    return i < text.size() && std::string_view("<>=^").find(text[i]) != std::string_view::npos;
  };
  const auto take = [&](std::string_view any, char& into) {
    if (at < text.size() && any.find(text[at]) != std::string_view::npos) into = text[at++];
  };
  if (!text.empty()) {
    std::size_t behind = 0;
    decode_utf8(text, behind);
    if (is_align(behind)) {
      out.fill = text.substr(0, behind);
      out.align = text[behind];
      at = behind + 1;
    } else {
      take("<>=^", out.align);
    }
  }
  take("+- ", out.sign);
  char mark = 0;
  take("#", mark);
  out.alternate = mark != 0;
  char zero = 0;
  take("0", zero);
  if (zero != 0 && out.align == 0) out.fill = "0", out.align = '0';  // settled by the kind of value
  out.width = number_at(text, at);
  take(",_", out.grouping);
  if (at < text.size() && text[at] == '.') {
    const std::size_t begin = ++at;
    out.precision = static_cast<int>(number_at(text, at));
    if (at == begin) fail_format(text, "no number behind the point");
  }
  if (at + 1 == text.size()) out.type = text[at++];
  if (at != text.size()) fail_format(text, "is not understood");
  return out;
}

std::size_t length_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string padded(std::string_view sign, std::string_view body, const Specification& form, char align) {
  const std::size_t length = sign.size() + length_of(body);
  const std::size_t missing = form.width > length ? form.width - length : 0;
  const std::size_t left = align == '<' ? 0 : align == '^' ? missing / 2 : missing;
  std::string out;
  if (align == '=') out += sign;
  for (std::size_t i = 0; i < left; ++i) out += form.fill;
  if (align != '=') out += sign;
  out += body;
  for (std::size_t i = left; i < missing; ++i) out += form.fill;
  return out;
}

// `digits` in groups from their end; with zeros in front up to `width`, which may get one more for a separator.
std::string grouped(std::string digits, char separator, std::size_t group, std::size_t width) {
  const auto size = [&] { return digits.size() + (digits.size() - 1) / group; };
  while (size() < width) digits.insert(digits.begin(), '0');
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % group == 0) out += separator;
    out += digits[i];
  }
  return out;
}

// A number of sign, prefix (0x) and digits with what follows them (.5e+03).
std::string number(bool negative, std::string_view prefix, std::string_view body, const Specification& form) {
  std::string sign = negative ? "-" : form.sign == '-' ? "" : std::string(1, form.sign);
  sign += prefix;
  std::string text(body);
  const char align = form.align == '0' ? '=' : form.align == 0 ? '>' : form.align;
  if (form.grouping != 0) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789abcdefABCDEF"), text.size());
    const bool is_decimal = prefix.empty() && std::string_view("boxX").find(form.type) == std::string_view::npos;
    const std::size_t whole = is_decimal ? std::min(text.find_first_not_of("0123456789"), text.size()) : digits;
    const std::string tail = text.substr(whole);
    const bool zeros = align == '=' && form.fill == "0";
    const std::size_t used = sign.size() + tail.size();
    const std::size_t width = zeros && form.width > used ? form.width - used : 0;
    if (whole > 0) text = grouped(text.substr(0, whole), form.grouping, is_decimal ? 3 : 4, width) + tail;
  }
  return padded(sign, text, form, align);
}

std::string printed(double value, char type, int precision, bool alternate) {
  char pattern[] = {'%', '#', '.', '*', type, 0};
  std::string form = pattern;
  if (!alternate) form.erase(1, 1);
  const int size = std::snprintf(nullptr, 0, form.c_str(), precision, value);
  std::string out(static_cast<std::size_t>(size) + 1, '\0');
  std::snprintf(out.data(), out.size(), form.c_str(), precision, value);
  out.pop_back();
  return out;
}

// Without a type: as g, but with a digit behind the point, and an exponent from one digit earlier on.
std::string short_float(double value, int precision) {
  precision = std::max(precision, 1);
  const std::string scientific = printed(value, 'e', precision - 1, false);
  const int exponent = std::stoi(scientific.substr(scientific.find('e') + 1));
  std::string text = printed(value, 'g', precision, false);
  const bool plain = exponent >= -4 && exponent + 1 <= precision - 1;
  if (plain) return text.find('.') == std::string::npos ? text + ".0" : text;
  if (text.find('e') != std::string::npos) return text;
  std::string mantissa = scientific.substr(0, scientific.find('e'));
  if (mantissa.find('.') != std::string::npos) {
    mantissa.erase(mantissa.find_last_not_of('0') + 1);
    if (mantissa.ends_with('.')) mantissa.pop_back();
  }
  return mantissa + scientific.substr(scientific.find('e'));
}

std::string format_float(double value, const Specification& form) {
  const double size = std::fabs(value);
  const int precision = form.precision.value_or(6);
  std::string body;
  switch (form.type) {
    case 0:
      body = form.precision ? short_float(size, precision) : python_repr(Json(size));
      break;
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
      body = printed(size, form.type, form.type == 'g' || form.type == 'G' ? std::max(precision, 1) : precision,
                     form.alternate);
      break;
    case 'n':
      body = printed(size, 'g', std::max(precision, 1), form.alternate);
      break;
    case '%':
      body = printed(size * 100, 'f', precision, form.alternate) + "%";
      break;
    default:
      fail_format(form.text, fmt::format("the type '{}' is not for a float", form.type));
  }
  return number(std::signbit(value), "", body, form);
}

std::string digits_of(std::uint64_t value, unsigned base, bool capitals) {
  std::string out;
  do out.insert(out.begin(), (capitals ? "0123456789ABCDEF" : "0123456789abcdef")[value % base]);
  while ((value /= base) > 0);
  return out;
}

std::string format_integer(bool negative, std::uint64_t size, const Specification& form) {
  if (std::string_view("eEfFgG%").find(form.type) != std::string_view::npos && form.type != 0)
    return format_float(negative ? -static_cast<double>(size) : static_cast<double>(size), form);
  if (form.precision) fail_format(form.text, "a precision is not for a whole number");
  std::string prefix;
  if (form.alternate && std::string_view("boxX").find(form.type) != std::string_view::npos && form.type != 0)
    prefix = {'0', form.type};
  switch (form.type) {
    case 0:
    case 'd':
    case 'n':
      return number(negative, "", digits_of(size, 10, false), form);
    case 'b':
      return number(negative, prefix, digits_of(size, 2, false), form);
    case 'o':
      return number(negative, prefix, digits_of(size, 8, false), form);
    case 'x':
    case 'X':
      return number(negative, prefix, digits_of(size, 16, form.type == 'X'), form);
    case 'c': {
      if (negative || size > 0x10FFFF || (size >= 0xD800 && size <= 0xDFFF))
        fail_format(form.text, fmt::format("{}{} is no character", negative ? "-" : "", size));
      std::string text;
      append_utf8(text, static_cast<char32_t>(size));
      return padded("", text, form, form.align == '0' ? '=' : form.align == 0 ? '<' : form.align);
    }
    default:
      fail_format(form.text, fmt::format("the type '{}' is not for a whole number", form.type));
  }
}

std::string format_text(std::string_view text, const Specification& form) {
  if (form.type != 0 && form.type != 's')
    fail_format(form.text, fmt::format("the type '{}' is not for a text", form.type));
  if (form.sign != '-' || form.text.find('-') != std::string_view::npos) {
    // A '-' may be the fill; as a sign it is refused, as the others are.
    if (form.sign != '-' || form.fill != "-") fail_format(form.text, "a sign is not for a text");
  }
  if (form.align == '=') fail_format(form.text, "'=' is not for a text");
  if (form.alternate || form.grouping != 0) fail_format(form.text, "'#', ',' and '_' are not for a text");
  if (form.precision) {
    std::size_t at = 0;
    for (int i = 0; i < *form.precision && at < text.size(); ++i) decode_utf8(text, at);
    text = text.substr(0, at);
  }
  return padded("", text, form, form.align == 0 || form.align == '0' ? '<' : form.align);
}

}  // namespace

std::string python_str(const Json& value) { return value.is_string() ? value.get<std::string>() : python_repr(value); }

std::string python_format(const Json& value, std::string_view specification) {
  if (specification.empty()) return python_str(value);
  const Specification form = parse(specification);
  switch (value.type()) {
    case Json::value_t::string:
      return format_text(value.get_ref<const std::string&>(), form);
    case Json::value_t::boolean:
      return format_integer(false, value.get<bool>() ? 1 : 0, form);
    case Json::value_t::number_unsigned:
      return format_integer(false, value.get<std::uint64_t>(), form);
    case Json::value_t::number_integer: {
      const auto number = value.get<std::int64_t>();
      return format_integer(
          number < 0, number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number), form);
    }
    case Json::value_t::number_float:
      return format_float(value.get<double>(), form);
    default:
      fail_format(specification,
                  fmt::format("no specification is for {}", value.is_null() ? "null" : value.type_name()));
  }
}

}  // namespace welt
