// See json_text.h. Dates: the days of the Gregorian calendar, before 1582 too, as Python has them.
#include "core/parquet/json_text.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>

#include "core/base/utf8.h"

namespace welt::parquet {
namespace {

void put_real(double value, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "Infinity" : "-Infinity";
  } else {
    const std::string text = fmt::format("{}", value);
    out += text;
    if (text.find_first_of(".e") == std::string::npos) out += ".0";
  }
}

double real_of_half(std::uint64_t bits) {
  const auto exponent = static_cast<int>(bits >> 10 & 31);
  const double fraction = static_cast<double>(bits & 1023) / 1024, sign = (bits >> 15 & 1) != 0 ? -1 : 1;
  if (exponent == 31) return fraction != 0 ? std::nan("") : sign * HUGE_VAL;
  return sign * (exponent == 0 ? std::ldexp(fraction, -14) : std::ldexp(1 + fraction, exponent - 15));
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t three = 0;
    for (std::size_t k = 0; k < 3; ++k)
      three = three << 8 | (i + k < bytes.size() ? static_cast<std::uint8_t>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) out += i + k > bytes.size() ? '=' : digits[three >> (18 - 6 * k) & 63];
  }
  return out;
}

std::string date_text(std::int64_t days) {
  // chrono's years end at 32767.
  if (days < -719162 || days > 2932896) return fmt::format("{} days after 1970-01-01", days);
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

// `units` of which a second has `scale`; a fraction only where there is one.
std::string clock_text(std::int64_t units, std::int64_t scale) {
  const std::int64_t seconds = units / scale, rest = units % scale;
  std::string out = fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (rest == 0) return out;
  return out + (scale == 1000000000 ? fmt::format(".{:09}", rest) : fmt::format(".{:06}", rest * (1000000 / scale)));
}

std::string timestamp_text(std::int64_t units, std::int64_t scale) {
  const std::int64_t day = 86400 * scale;
  // The least number, which pandas has for no time, is less than a day above what an int64 holds.
  const bool before = units % day < 0;
  return date_text(units / day - (before ? 1 : 0)) + "T" + clock_text(units % day + (before ? day : 0), scale);
}

// Nanoseconds of the day, then the Julian day.
std::string int96_text(std::string_view bytes) {
  const auto nanos = static_cast<std::int64_t>(take_little_endian(bytes, 8));
  const auto days = static_cast<std::int64_t>(take_little_endian(bytes, 4)) - 2440588;
  constexpr std::int64_t second = 1000000000;
  if (nanos < 0 || nanos >= 86400 * second) throw Fault("a time is outside of its day");
  return date_text(days) + "T" + clock_text(nanos, second);
}

// Big-endian two's complement in decimal digits.
std::string whole_text(std::string_view bytes) {
  const bool negative = !bytes.empty() && (bytes.front() & 0x80) != 0;
  std::string digits;  // from the last one on
  for (const char byte : bytes) {
    unsigned carry = static_cast<std::uint8_t>(negative ? ~byte : byte);
    for (char& digit : digits) {
      carry += static_cast<unsigned>(digit) * 256;
      digit = static_cast<char>(carry % 10);
      carry /= 10;
    }
    for (; carry > 0; carry /= 10) digits += static_cast<char>(carry % 10);
  }
  if (negative) {  // -x is ~x + 1
    std::size_t at = 0;
    while (at < digits.size() && digits[at] == 9) digits[at++] = 0;
    if (at == digits.size())
      digits += '\1';
    else
      ++digits[at];
  }
  std::string out(digits.rbegin(), digits.rend());
  for (char& digit : out) digit = static_cast<char>(digit + '0');
  if (out.empty()) out = "0";
  return negative ? "-" + out : out;
}

std::string decimal_text(std::string whole, std::int64_t scale) {
  const bool negative = whole.starts_with('-');
  if (negative) whole.erase(0, 1);
  const auto places = static_cast<std::size_t>(scale);
  if (places > 0) {
    if (whole.size() <= places) whole.insert(0, places + 1 - whole.size(), '0');
    whole.insert(whole.size() - places, ".");
  }
  return negative ? "-" + whole : whole;
}

void put_bytes(const Node& leaf, std::string_view bytes, std::string& out) {
  if (leaf.meaning == Meaning::text) return put_text(bytes, out);
  if (leaf.meaning == Meaning::decimal) {
    if (bytes.size() > 64) throw Fault("a decimal has too many digits");
    return put_text(decimal_text(whole_text(bytes), leaf.scale), out);
  }
  if (leaf.meaning == Meaning::real16 && bytes.size() == 2)
    return put_real(real_of_half(take_little_endian(bytes, 2)), out);
  if (leaf.meaning == Meaning::uuid && bytes.size() == 16) {
    std::string text;
    for (std::size_t i = 0; i < 16; ++i)
      text += fmt::format("{}{:02x}", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                          static_cast<std::uint8_t>(bytes[i]));
    return put_text(text, out);
  }
  put_text(find_invalid_utf8(bytes) == utf8_ok ? std::string(bytes) : base64(bytes), out);
}

void put_whole(const Node& leaf, std::int64_t value, std::string& out) {
  switch (leaf.meaning) {
    case Meaning::date:
      return put_text(date_text(value), out);
    case Meaning::time:
      if (leaf.scale > 0 && value >= 0) return put_text(clock_text(value, leaf.scale), out);
      break;
    case Meaning::timestamp:
      if (leaf.scale > 0) return put_text(timestamp_text(value, leaf.scale), out);
      break;
    case Meaning::decimal:
      return put_text(decimal_text(std::to_string(value), leaf.scale), out);
    case Meaning::uint:
      out += leaf.type == Type::int32 ? std::to_string(static_cast<std::uint32_t>(value))
                                      : std::to_string(static_cast<std::uint64_t>(value));
      return;
    default:
      break;
  }
  out += std::to_string(value);
}

}  // namespace

void put_text(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += c == '\n' ? std::string("\\n") : fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

void put_value(const Node& leaf, const Value& value, std::string& out) {
  switch (leaf.type) {
    case Type::boolean:
      out += value.number != 0 ? "true" : "false";
      return;
    case Type::int32:
    case Type::int64:
      return put_whole(leaf, value.number, out);
    case Type::real32:
    case Type::real64:
      return put_real(value.real, out);
    case Type::int96:
      return put_text(int96_text(value.bytes), out);
    case Type::bytes:
    case Type::fixed:
      return put_bytes(leaf, value.bytes, out);
  }
}

}  // namespace welt::parquet
