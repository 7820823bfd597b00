// See chart.h.
#include "core/train/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/base/utf8.h"

namespace welt {
namespace {

constexpr double width = 640, height = 260, left = 64, right = 12, top = 28, bottom = 34;
constexpr std::size_t most_points = 600;
constexpr std::array colours{"#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f"};

struct Range {
  double least = std::numeric_limits<double>::infinity(), most = -std::numeric_limits<double>::infinity();
  void add(double value) {
    least = std::min(least, value);
    most = std::max(most, value);
  }
  void widen() {
    if (most > least) return;
    const double by = least == 0 ? 1 : std::abs(least) * 0.1;
    least -= by;
    most += by;
  }
  double share(double value) const { return (value - least) / (most - least); }
};

// At most most_points: the mean of the points that fall together.
Series thinned(const Series& points) {
  if (points.size() <= most_points) return points;
  Series few;
  for (std::size_t i = 0; i < most_points; ++i) {
    const std::size_t from = i * points.size() / most_points, to = (i + 1) * points.size() / most_points;
    double sum = 0;
    for (std::size_t k = from; k < to; ++k) sum += points[k].second;
    few.emplace_back(points[to - 1].first, sum / static_cast<double>(to - from));
  }
  return few;
}

std::string label(double value) { return fmt::format("{:.3g}", value); }

class Chart {
 public:
  Chart(const std::vector<ChartLine>& lines, bool logarithmic) : logarithmic_(logarithmic) {
    for (const ChartLine& line : lines) {
      ChartLine seen{line.name, {}};
      for (const auto& [step, value] : line.points)
        if (std::isfinite(value) && (!logarithmic || value > 0))
          seen.points.emplace_back(step, logarithmic ? std::log10(value) : value);
      seen.points = thinned(seen.points);
      for (const auto& [step, value] : seen.points) {
        steps_.add(step);
        values_.add(value);
      }
      if (!seen.points.empty()) lines_.push_back(std::move(seen));
    }
    steps_.widen();
    values_.widen();
  }

  bool empty() const { return lines_.empty(); }

  std::string svg(std::string_view title) const {
    std::string out = fmt::format(
        "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\"><text x=\"{}\" y=\"16\" class=\"title\">{}</text>\n",
        width, height, html_text(title), left, html_text(title));
    for (int i = 0; i <= 4; ++i) {
      const double at = values_.least + (values_.most - values_.least) * i / 4;
      const double step = steps_.least + (steps_.most - steps_.least) * i / 4;
      out += fmt::format(
          "<line x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\" class=\"grid\"/>"
          "<text x=\"{}\" y=\"{:.1f}\" class=\"y\">{}</text><text x=\"{:.1f}\" y=\"{}\" class=\"x\">{}</text>\n",
          left, width - right, y(at), y(at), left - 6, y(at) + 4, label(logarithmic_ ? std::pow(10, at) : at), x(step),
          height - bottom + 16, label(std::round(step)));
    }
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      std::string points;
      for (const auto& [step, value] : lines_[i].points) points += fmt::format("{:.1f},{:.1f} ", x(step), y(value));
      const char* const colour = colours[i % colours.size()];
      if (lines_[i].points.size() == 1)
        out += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"/>\n", x(lines_[i].points[0].first),
                           y(lines_[i].points[0].second), colour);
      out +=
          fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"/>\n", points, colour);
    }
    return out + "</svg>\n" + legend();
  }

 private:
  double x(double step) const { return left + steps_.share(step) * (width - left - right); }
  double y(double value) const { return height - bottom - values_.share(value) * (height - top - bottom); }

  std::string legend() const {
    if (lines_.size() == 1 && lines_.front().name.empty()) return {};
    std::string out = "<p class=\"legend\">";
    for (std::size_t i = 0; i < lines_.size(); ++i)
      out += fmt::format("<span style=\"color:{}\">&#9632; {}</span> ", colours[i % colours.size()],
                         html_text(lines_[i].name));
    return out + "</p>\n";
  }

  bool logarithmic_;
  std::vector<ChartLine> lines_;
  Range steps_, values_;
};

}  // namespace

std::string html_text(std::string_view text) {
  std::string out;
  for (const char byte : replace_invalid_utf8(text)) {  // a path may be anything
    const auto value = static_cast<unsigned char>(byte);
    if (byte == '&')
      out += "&amp;";
    else if (byte == '<')
      out += "&lt;";
    else if (byte == '>')
      out += "&gt;";
    else if (byte == '"')
      out += "&quot;";
    else if (value < 0x20 && byte != '\n' && byte != '\t')
      out += fmt::format("&#x{:X};", 0x2400 + value);
    else
      out += byte;
  }
  return out;
}

std::string chart_svg(std::string_view title, const std::vector<ChartLine>& lines, bool logarithmic) {
  const Chart chart(lines, logarithmic);
  return chart.empty() ? std::string() : "<figure>" + chart.svg(title) + "</figure>\n";
}

}  // namespace welt
