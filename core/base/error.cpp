// See error.h.
#include "core/base/error.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/base/utf8.h"

namespace welt {

Error::Error(std::string_view message, ErrorCode code)
    : std::runtime_error(replace_invalid_utf8(message)), code_(code) {}

std::string describe(const Problem& problem) {
  std::string text = problem.where.empty() ? problem.found : problem.where + ": " + problem.found;
  if (!problem.expected.empty()) text += "; expected " + problem.expected;
  if (!problem.mend.empty()) text += ". " + problem.mend;
  if (!text.empty() && std::string_view(".!?").find(text.back()) == std::string_view::npos) text += '.';
  return text;
}

void fail(const Problem& problem, ErrorCode code) { throw Error(describe(problem), code); }

std::string nearest(std::string_view name, const std::vector<std::string>& known) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, name.size() / 3) + 1;
  for (const std::string& candidate : known) {
    std::vector<std::size_t> before, above, row(candidate.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < name.size(); ++i) {
      before = std::exchange(above, row);
      row[0] = i + 1;
      for (std::size_t j = 0; j < candidate.size(); ++j) {
        const std::size_t substitute = above[j] + (name[i] == candidate[j] ? 0 : 1);
        row[j + 1] = std::min({substitute, row[j] + 1, above[j + 1] + 1});
        if (i > 0 && j > 0 && name[i] == candidate[j - 1] && name[i - 1] == candidate[j])   // two letters swapped
          row[j + 1] = std::min(row[j + 1], before[j - 1] + 1);
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

}  // namespace welt
