// See report.h. Format of JUnit: https://github.com/testmoapp/junitxml, of which the parts that every reader knows.
#include "core/conformance/report.h"

#include <array>

#include "core/base/error.h"
#include "core/base/utf8.h"

namespace welt::conformance {
namespace {

constexpr std::array all_statuses = {Status::pass, Status::warn, Status::fail, Status::skip, Status::crash};

// Text for an attribute or between tags. XML 1.0 has no place for control characters, and none for what is not UTF-8.
std::string escaped(std::string_view text) {
  std::string out, valid = replace_invalid_utf8(text);
  for (const std::string_view none : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"})  // U+FFFE, U+FFFF
    for (std::size_t at = 0; (at = valid.find(none, at)) != valid.npos;) valid.replace(at, none.size(), "\xEF\xBF\xBD");
  for (const char c : valid) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\n' || c == '\t')
      out += fmt::format("&#{};", static_cast<int>(c));
    else if (static_cast<unsigned char>(c) < ' ' || c == '\x7f')
      out += "\xEF\xBF\xBD";
    else
      out += c;
  }
  return out;
}

// The element inside of a test's; empty for one that passed.
std::string verdict(const Result& result, bool strict) {
  const std::string message = escaped(result.message);
  switch (result.status) {
    case Status::pass:
      return {};
    case Status::skip:
      return fmt::format("<skipped message=\"{}\"/>", message);
    case Status::crash:
      return fmt::format("<error type=\"crash\" message=\"{}\"/>", message);
    case Status::warn:
      if (!strict) return fmt::format("<system-out>{}</system-out>", message);
      [[fallthrough]];
    case Status::fail:
      return fmt::format("<failure type=\"{}\" message=\"{}\">{}</failure>", escaped(status_name(result.status)),
                         message, escaped(result.rule));
  }
  return {};
}

}  // namespace

nlohmann::json report_json(const CheckReport& report, bool strict) {
  nlohmann::json out = {{"file", report.file}, {"plugin", report.plugin},     {"seed", report.seed},
                        {"strict", strict},    {"good", report.good(strict)}, {"seconds", report.seconds}};
  out["results"] = nlohmann::json::array();
  for (const Result& result : report.results)
    out["results"].push_back({{"name", result.name},
                              {"status", status_name(result.status)},
                              {"component", result.component},
                              {"function", result.function},
                              {"rule", result.rule},
                              {"message", result.message},
                              {"seconds", result.seconds}});
  for (const Status status : all_statuses) out["counts"][std::string(status_name(status))] = report.count(status);
  return out;
}

std::string report_junit(const CheckReport& report, bool strict) {
  const std::string counts =
      fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3f}\"", report.results.size(),
                  report.count(Status::fail) + (strict ? report.count(Status::warn) : 0), report.count(Status::crash),
                  report.count(Status::skip), report.seconds);
  const std::string name = escaped(report.plugin.empty() ? report.file : report.plugin);
  std::string out = fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {}>\n", counts);
  out += fmt::format("  <testsuite name=\"welt plugin check {}\" {}>\n", name, counts);
  out += fmt::format(
      "    <properties><property name=\"file\" value=\"{}\"/><property name=\"seed\" value=\"{}\"/>"
      "</properties>\n",
      escaped(report.file), report.seed);
  for (const Result& result : report.results) {
    const std::size_t dot = result.name.find('.');
    out += fmt::format("    <testcase classname=\"{}.{}\" name=\"{}\" time=\"{:.3f}\">{}</testcase>\n", name,
                       escaped(result.name.substr(0, dot)), escaped(result.name.substr(dot + 1)), result.seconds,
                       verdict(result, strict));
  }
  return out + "  </testsuite>\n</testsuites>\n";
}

}  // namespace welt::conformance
