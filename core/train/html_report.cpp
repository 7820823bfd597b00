// See html_report.h.
#include "core/train/html_report.h"

#include <fmt/format.h>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/metrics/text_metrics.h"
#include "core/train/chart.h"

namespace welt {
namespace {

using Json = nlohmann::json;

constexpr const char* style =
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1360px;padding:0 1rem;color:#111}"
    "figure{display:inline-block;width:calc(50% - 12px);min-width:420px;margin:0 8px 8px 0;vertical-align:top}"
    "svg{width:100%;background:#fafafa;border:1px solid #e5e7eb}.grid{stroke:#e5e7eb}text{font-size:11px;fill:#444}"
    ".title{font-size:14px;fill:#111}.y{text-anchor:end}.x{text-anchor:middle}.legend{margin:2px 0;font-size:13px}"
    "table{border-collapse:collapse}td,th{border:1px solid #e5e7eb;padding:3px 9px;text-align:left}"
    "pre{background:#f6f7f9;padding:10px;overflow:auto;max-height:32rem}.prompt{color:#6b7280}"
    ".words img{image-rendering:pixelated;border:1px solid #e5e7eb;margin:1px;height:28px;vertical-align:middle}";

std::string base64(std::string_view bytes) {
  static constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t three = 0;
    for (std::size_t k = 0; k < 3; ++k)
      three = three << 8 | (i + k < bytes.size() ? static_cast<std::uint8_t>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      out.push_back(i + k <= bytes.size() ? letters[three >> (18 - 6 * k) & 63] : '=');
  }
  return out;
}

// A grey picture as a BMP file: 8 bits a pixel, a palette of greys, the lowest row first.
std::string bitmap(const GreyImage& image) {
  const auto stride = static_cast<std::uint32_t>((image.width + 3) / 4 * 4);
  const std::uint32_t start = 54 + 4 * 256, size = start + stride * static_cast<std::uint32_t>(image.height);
  std::string file = "BM";
  const auto put = [&](std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) file.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
  };
  for (const std::uint32_t value : {size, 0U, start, 40U}) put(value, 4);
  put(static_cast<std::uint32_t>(image.width), 4);
  put(static_cast<std::uint32_t>(image.height), 4);
  put(1, 2);
  put(8, 2);
  for (const std::uint32_t value : {0U, size - start, 2835U, 2835U, 256U, 0U}) put(value, 4);
  for (std::uint32_t grey = 0; grey < 256; ++grey) put(grey | grey << 8 | grey << 16, 4);
  for (std::int64_t row = image.height - 1; row >= 0; --row) {
    file.append(reinterpret_cast<const char*>(image.pixels.data()) + row * image.width,
                static_cast<std::size_t>(image.width));
    file.append(stride - static_cast<std::size_t>(image.width), '\0');
  }
  return file;
}

std::vector<ChartLine> lines_of(const std::map<std::string, Series>& figures, const std::vector<std::string>& names) {
  std::vector<ChartLine> lines;
  for (const std::string& name : names)
    if (const auto at = figures.find(name); at != figures.end()) lines.push_back({name, at->second});
  return lines;
}

std::vector<ChartLine> lines_below(const std::map<std::string, Series>& figures, const std::string& prefix) {
  std::vector<ChartLine> lines;
  for (const auto& [name, points] : figures)
    if (name.starts_with(prefix)) lines.push_back({name.substr(prefix.size()), points});
  return lines;
}

Series throughput(const std::map<std::string, Series>& figures) {
  Series rates;
  const auto words = figures.find("words"), seconds = figures.find("step_seconds");
  if (words == figures.end() || seconds == figures.end()) return rates;
  for (std::size_t i = 0; i < std::min(words->second.size(), seconds->second.size()); ++i)
    if (seconds->second[i].second > 0)
      rates.emplace_back(words->second[i].first, words->second[i].second / seconds->second[i].second);
  return rates;
}

// A chart for each metric of written texts that was measured: they have scales of their own.
std::string written_charts(const RunLog& log) {
  std::string out;
  for (const TextMetric& metric : text_metrics())
    if (const auto at = log.evaluation.find(std::string(metric.name)); at != log.evaluation.end())
      out += chart_svg(fmt::format("{}, texts written for held-out prefixes", metric.name), {{"", at->second}});
  return out;
}

std::string charts(const RunLog& log) {
  const auto both = [&](const char* figure) {
    std::vector<ChartLine> lines;
    for (const auto& [name, from] : {std::pair{"training", &log.training}, {"held-out text", &log.evaluation}})
      if (const auto at = from->find(figure); at != from->end()) lines.push_back({name, at->second});
    return lines;
  };
  // Training's loss is that of its objective, which may be no nats; that of held-out text always is.
  const bool of_another = !log.objective.empty() && log.objective != "cross_entropy";
  const char* loss =
      log.training.contains("pairs") ? "Loss, nats a text, summed over dims" : "Loss, nats per label byte";
  const std::string losses =
      of_another ? chart_svg(fmt::format("Loss of training, {} per label byte", log.objective),
                             lines_of(log.training, {"loss"}), /*logarithmic=*/true) +
                       chart_svg("Loss of held-out text, nats per label byte", lines_of(log.evaluation, {"loss"}),
                                 /*logarithmic=*/true)
                 : chart_svg(loss, both("loss"), /*logarithmic=*/true);
  return losses + chart_svg("Bits per byte, held-out text", lines_of(log.evaluation, {"bits_per_byte"})) +
         chart_svg("Accuracy, held-out text", lines_of(log.evaluation, {"byte_accuracy", "word_accuracy"})) +
         chart_svg("Second text ranked first in its batch, by dims", lines_below(log.evaluation, "accuracy/")) +
         chart_svg("The same of signs", lines_below(log.evaluation, "binary_accuracy/")) + written_charts(log) +
         chart_svg("Learning rate", lines_of(log.training, {"learning_rate"})) +
         chart_svg("Gradient norm, before clipping", lines_of(log.training, {"gradient_norm"}), true) +
         chart_svg("Gradient norm of each part", lines_below(log.training, "gradient_norms/"), true) +
         chart_svg(log.of_bytes ? "Throughput, bytes a second" : "Throughput, words a second",
                   {{"", throughput(log.training)}});
}

std::string sample_section(const RunLog& log, const WordPictures& pictures) {
  if (log.samples.empty()) return {};
  std::string out = "<h2>Samples</h2>\n";
  for (const auto& [prompt, text] : log.samples) {
    out += fmt::format("<p><span class=\"prompt\">{}</span>{}</p>\n", html_text(prompt), html_text(text));
    if (!pictures) continue;
    std::string words;
    for (const auto& [word, image] : pictures(prompt + text))
      if (image && image->width > 0)
        words +=
            fmt::format("<img alt=\"{}\" src=\"data:image/bmp;base64,{}\">", html_text(word), base64(bitmap(*image)));
    if (!words.empty()) out += "<p class=\"words\">" + words + "</p>\n";
  }
  return out;
}

std::string written_section(const RunLog& log) {
  if (log.written.empty()) return {};
  std::vector<std::vector<std::string>> rows{{"prefix", "written", "expected", "scores"}};
  for (const LoggedText& one : log.written) rows.push_back({one.prefix, one.text, one.completion, one.scores});
  return "<h2>Texts of the last evaluation</h2>\n" + html_table(rows);
}

std::vector<std::vector<std::string>> flat_rows(const Json& json, const std::string& before = "") {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [key, value] : json.items()) {
    if (value.is_object()) {
      const auto inner = flat_rows(value, before + key + ".");
      rows.insert(rows.end(), inner.begin(), inner.end());
    } else if (!value.is_array()) {
      rows.push_back({before + key, value.is_string() ? value.get<std::string>() : json_text(value)});
    }
  }
  return rows;
}

std::string figures(const RunLog& log) {
  if (log.summary.is_null()) return {};
  std::vector<std::vector<std::string>> rows{{"figure", "value"}};
  for (auto& row : flat_rows(log.summary)) rows.push_back(std::move(row));
  return "<h2>Summary</h2>\n" + html_table(rows);
}

std::string field(const Json& object, const char* key) {
  const bool there = object.is_object() && object.contains(key) && object.at(key).is_string();
  return there ? object.at(key).get<std::string>() : std::string();
}

std::string environment(const RunLog& log) {
  std::string out = "<h2>Environment</h2>\n";
  if (log.inputs.is_object() && log.inputs.contains("versions")) {
    std::vector<std::vector<std::string>> rows{{"of", "version"}};
    for (auto& row : flat_rows(log.inputs.at("versions"))) rows.push_back(std::move(row));
    out += html_table(rows);
  }
  std::vector<std::vector<std::string>> rows{{"plugin", "version", "sha256"}};
  if (log.plugins.is_array() && log.inputs.is_object() && log.inputs.contains("plugins"))
    for (const Json& plugin : log.plugins)
      if (const std::string id = field(plugin, "id"); log.inputs.at("plugins").contains(id))
        rows.push_back({id, field(plugin, "version"), field(plugin, "sha256")});
  return out + (rows.size() > 1 ? html_table(rows) : std::string());
}

}  // namespace

std::string html_page(const std::string& title, const std::string& body) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\"><title>{}</title><style>{}</style></head>\n<body>\n<h1>{}</h1>\n{}</body></"
      "html>\n",
      html_text(title), style, html_text(title), body);
}

std::string html_table(const std::vector<std::vector<std::string>>& rows) {
  std::string out = "<table>\n";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    out += "<tr>";
    for (const std::string& cell : rows[i]) out += fmt::format("<{0}>{1}</{0}>", i == 0 ? "th" : "td", html_text(cell));
    out += "</tr>\n";
  }
  return out + "</table>\n";
}

std::string html_report(const RunLog& log, const WordPictures& pictures) {
  const std::string state = fmt::format("<p>{}{}</p>\n", html_text(log.state()),
                                        log.steps > 0 ? fmt::format(", {} steps planned", log.steps) : "");
  return html_page(log.name, state + charts(log) + sample_section(log, pictures) + written_section(log) + figures(log) +
                                 environment(log) + "<h2>Recipe</h2>\n<pre>" + html_text(log.recipe) + "</pre>\n");
}

void write_html_report(const std::filesystem::path& folder, const WordPictures& pictures) {
  write_file(folder / "report.html", html_report(RunLog::read(folder), pictures));
}

std::string comparison_page(const std::vector<RunLog>& runs) {
  const auto over = [&](const char* title, bool of_training, const char* figure, bool logarithmic) {
    std::vector<ChartLine> lines;
    for (const RunLog& run : runs) {
      const auto& figures = of_training ? run.training : run.evaluation;
      if (const auto at = figures.find(figure); at != figures.end()) lines.push_back({run.name, at->second});
    }
    return chart_svg(title, lines, logarithmic);
  };
  return html_page("Runs", over("Training loss", true, "loss", true) + over("Held-out loss", false, "loss", true) +
                               over("Bits per byte, held-out text", false, "bits_per_byte", false) +
                               over("Byte accuracy, held-out text", false, "byte_accuracy", false) +
                               over("Word accuracy, held-out text", false, "word_accuracy", false) +
                               over("Learning rate", true, "learning_rate", false) +
                               over("Gradient norm, before clipping", true, "gradient_norm", true) +
                               "<h2>Figures</h2>\n" + html_table(comparison_table(runs)) +
                               "<h2>Keys that differ</h2>\n" + html_table(recipe_differences(runs)));
}

}  // namespace welt
