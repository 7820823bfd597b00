// See data_stats.h.
#include "apps/welt/data_stats.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/base/printable.h"
#include "core/base/table.h"
#include "core/train/chart.h"
#include "core/train/html_report.h"

namespace welt {
namespace {

using nlohmann::ordered_json;
using Rows = std::vector<std::vector<std::string>>;

std::string number(const ordered_json& value) {
  return value.is_number_float() ? fmt::format("{:.2f}", value.get<double>()) : value.dump();
}
std::string percent(const ordered_json& share) { return fmt::format("{:.2f} %", 100 * share.get<double>()); }
// White space at a word's end is a part of it: it is shown.
std::string word_text(const std::string& word) {
  std::string out;
  for (const char byte : printable(word))
    out += byte == ' '    ? "\xE2\x90\xA0"
           : byte == '\n' ? "\xE2\x90\x8A"
           : byte == '\t' ? "\xE2\x90\x89"
                          : std::string(1, byte);
  return out;
}
// As a word stands in a table: its beginning.
std::string word_start(const std::string& word) {
  constexpr std::size_t most = 60;
  if (word.size() <= most) return word_text(word);
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(word[end]) & 0xC0) == 0x80) --end;
  return word_text(word.substr(0, end)) + "…";
}
std::string about(const ordered_json& is_exact) { return is_exact.get<bool>() ? "" : "about "; }

Rows overview(const ordered_json& f) {
  const ordered_json &distinct = f["vocabulary"]["distinct"], &duplicates = f["duplicates"], &padding = f["padding"];
  const auto sizes = [](const ordered_json& s) {
    return fmt::format("mean {}, median {}, 95 % {}, 99 % {}, longest {}", number(s["mean"]), number(s["median"]),
                       number(s["p95"]), number(s["p99"]), number(s["max"]));
  };
  Rows rows{{"figure", "value"},
            {"source", f["source"].get<std::string>()},
            {"files", number(f["files"])},
            {"documents", number(f["documents"])},
            {"bytes", number(f["bytes"])},
            {"characters", number(f["characters"])},
            {"words", number(f["words"])},
            {"distinct words", about(distinct["is_exact"]) + number(distinct["words"])},
            {"bytes of a word", sizes(f["word_bytes"])},
            {"words of a document", sizes(f["document_words"])},
            {"duplicate documents", fmt::format("{}{} ({})", about(duplicates["is_exact"]), number(duplicates["exact"]),
                                                percent(duplicates["share"]))}};
  if (duplicates.contains("near"))
    rows.push_back({"the same or nearly so",
                    fmt::format("{} of {}, beside the first {} that differ", number(duplicates["near"]["documents"]),
                                number(duplicates["near"]["looked_at"]), number(duplicates["near"]["compared_with"]))});
  rows.push_back({"rows of a batch", fmt::format("{} of {} words, {}; {} documents are cut", number(padding["rows"]),
                                                 number(padding["words"]), padding["packing"].get<std::string>(),
                                                 number(padding["cut_documents"]))});
  rows.push_back({"padding", percent(padding["empty_share"])});
  rows.push_back({"padding, a document a row",
                  fmt::format("{} in batches of {}, each as long as its longest document",
                              percent(padding["a_document_a_row"]["empty_share"]), number(padding["batch"]))});
  return rows;
}

Rows scripts(const ordered_json& f) {
  Rows rows{{"script", "characters", "share"}};
  for (const ordered_json& s : f["scripts"])
    rows.push_back({s["script"].get<std::string>(), number(s["characters"]), percent(s["share"])});
  return rows;
}

Rows languages(const ordered_json& f) {
  Rows rows{{"language", "documents", "words"}};
  for (const ordered_json& l : f["languages"])
    rows.push_back({printable(l["language"].get<std::string>()), number(l["documents"]), number(l["words"])});
  if (f["untagged_documents"] > 0) rows.push_back({"(none said)", number(f["untagged_documents"]), ""});
  return rows;
}

Rows words(const ordered_json& list, const char* figure, const char* heading) {
  Rows rows{{heading, "word"}};
  for (const ordered_json& entry : list)
    rows.push_back({number(entry[figure]), word_start(entry["word"].get<std::string>())});
  return rows;
}

struct Bar {
  std::string label;
  double value;
};

// Lying bars with their labels, the longest as long as the picture is wide.
std::string bars_svg(const std::string& title, const std::vector<Bar>& bars) {
  if (bars.empty()) return {};
  constexpr double width = 640, left = 150, right = 90, step = 20, top = 30;
  double most = 1e-300;
  for (const Bar& bar : bars) most = std::max(most, bar.value);
  std::string out = fmt::format(
      "<figure><svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\"><text x=\"{}\" y=\"16\" class=\"title\">{}"
      "</text>\n",
      width, top + step * static_cast<double>(bars.size()) + 6, html_text(title), left, html_text(title));
  double y = top;
  for (const Bar& bar : bars) {
    const double length = bar.value / most * (width - left - right);
    out += fmt::format(
        "<text x=\"{}\" y=\"{}\" class=\"y\">{}</text><rect x=\"{}\" y=\"{}\" width=\"{:.1f}\" height=\"14\" "
        "fill=\"#2563eb\"/><text x=\"{:.1f}\" y=\"{}\">{:.4g}</text>\n",
        left - 6, y + 11, html_text(bar.label), left, y, length, left + length + 5, y + 11, bar.value);
    y += step;
  }
  return out + "</svg></figure>\n";
}

std::vector<Bar> histogram(const ordered_json& sizes) {
  std::vector<Bar> bars;
  for (const ordered_json& bar : sizes["histogram"]) {
    const auto from = bar["from"].get<std::uint64_t>(), below = bar["below"].get<std::uint64_t>();
    bars.push_back({below - from == 1 ? std::to_string(from) : fmt::format("{} to {}", from, below - 1),
                    bar["count"].get<double>()});
  }
  return bars;
}

std::vector<Bar> first_bars(const ordered_json& list, const char* label, const char* value) {
  constexpr std::size_t most = 20;
  std::vector<Bar> bars;
  for (const ordered_json& entry : list)
    if (bars.size() < most) bars.push_back({word_start(entry[label].get<std::string>()), entry[value].get<double>()});
  return bars;
}

}  // namespace

std::string stats_text(const ordered_json& f) {
  std::string out = format_table(overview(f)) + "\n" + format_table(scripts(f)) + "\n" + format_table(languages(f));
  out += "\nMost frequent words\n" + format_table(words(f["vocabulary"]["frequent"], "count", "times"));
  out += "\nLongest words\n" + format_table(words(f["vocabulary"]["longest"], "bytes", "bytes"));
  Rows growth{{"words read", "distinct"}};
  const ordered_json& points = f["vocabulary"]["growth"];
  for (std::size_t i = 0; i < points.size(); ++i)
    if (i % 8 == 0 || i + 1 == points.size())
      growth.push_back({number(points[i]["words"]), number(points[i]["distinct"])});
  return out + "\nDistinct words over the size of the corpus\n" + format_table(growth);
}

std::string stats_page(const ordered_json& f) {
  Series growth;
  for (const ordered_json& point : f["vocabulary"]["growth"])
    growth.emplace_back(point["words"].get<double>(), point["distinct"].get<double>());
  const ordered_json& padding = f["padding"];
  std::string body = html_table(overview(f)) + "<h2>Plots</h2>\n";
  body += chart_svg("Distinct words over words read", {{"", growth}});
  body += bars_svg("Documents by their number of words", histogram(f["document_words"]));
  body += bars_svg("Words by their number of bytes", histogram(f["word_bytes"]));
  body += bars_svg("Characters of each script", first_bars(f["scripts"], "script", "characters"));
  body += bars_svg("Words of each language", first_bars(f["languages"], "language", "words"));
  body += bars_svg("Most frequent words", first_bars(f["vocabulary"]["frequent"], "word", "count"));
  body += bars_svg("Empty slots of rows, per cent",
                   {{"packed", 100 * padding["empty_share"].get<double>()},
                    {"a document a row", 100 * padding["a_document_a_row"]["empty_share"].get<double>()}});
  body += "<h2>Scripts</h2>\n" + html_table(scripts(f)) + "<h2>Languages</h2>\n" + html_table(languages(f));
  body += "<h2>Most frequent words</h2>\n" + html_table(words(f["vocabulary"]["frequent"], "count", "times"));
  body += "<h2>Longest words</h2>\n" + html_table(words(f["vocabulary"]["longest"], "bytes", "bytes"));
  return html_page("Corpus: " + f["source"].get<std::string>(), body);
}

}  // namespace welt
