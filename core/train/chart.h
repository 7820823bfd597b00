// Line charts as SVG, for pages that need nothing else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/train/run_log.h"

namespace welt {

struct ChartLine {
  std::string name;
  Series points;
};

// Thinned to what can be seen; values that are not finite are left out. `logarithmic`: the vertical axis, where all
// values are above 0. "": no line has a point.
std::string chart_svg(std::string_view title, const std::vector<ChartLine>& lines, bool logarithmic = false);

// Text as HTML shows it.
std::string html_text(std::string_view text);

}  // namespace welt
