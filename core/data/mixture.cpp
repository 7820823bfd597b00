// See mixture.h.
#include "core/data/mixture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "core/base/table.h"

namespace welt {

void set_shares(const DatasetOptions& options, std::vector<SourceStatistics>& sources) {
  const auto words_of = [](const SourceStatistics& s) { return static_cast<double>(s.words + s.documents); };
  double all = 0, wanted = 0, largest = 0;
  for (std::size_t i = 0; i < sources.size(); ++i)
    largest = std::max(largest, words_of(sources[i]) * (options.sources.empty() ? 1 : options.sources[i].repeat));
  std::vector<double> parts;
  bool plain = options.temperature == 1;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const DatasetSource source = options.sources.empty() ? DatasetSource() : options.sources[i];
    const double size = words_of(sources[i]) * source.repeat;
    plain = plain && source.weight == 0;
    parts.push_back(source.weight > 0 ? source.weight : std::pow(size / largest, 1 / options.temperature));
    all += size;
    wanted += parts.back();
  }
  double trained = 0;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    SourceStatistics& s = sources[i];
    const double passes =
        plain ? (options.sources.empty() ? 1 : options.sources[i].repeat) : parts[i] / wanted * all / words_of(s);
    s.rows_per_epoch = std::max<std::int64_t>(1, std::llround(passes * static_cast<double>(s.rows)));
    s.share = static_cast<double>(s.rows_per_epoch) / static_cast<double>(s.rows) * words_of(s);
    trained += s.share;
  }
  for (SourceStatistics& s : sources) s.share /= trained;
}

std::string mixture_table(const DatasetStatistics& statistics) {
  std::vector<std::vector<std::string>> table{{"  Source", "documents", "words", "rows", "rows an epoch", "share"}};
  for (const SourceStatistics& s : statistics.sources)
    table.push_back({"  " + s.label, std::to_string(s.documents), std::to_string(s.words), std::to_string(s.rows),
                     std::to_string(s.rows_per_epoch), fmt::format("{:.1f} %", 100 * s.share)});
  return format_table(table);
}

}  // namespace welt
