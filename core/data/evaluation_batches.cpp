// See evaluation_batches.h.
#include "core/data/evaluation_batches.h"

#include <algorithm>
#include <numeric>

#include "core/base/error.h"
#include "core/data/batch_builder.h"
#include "core/data/packing.h"

namespace welt {

std::vector<Batch> evaluation_batches(const Corpus& corpus, const DatasetOptions& options, WordDrawer* drawer,
                                      std::int64_t max_rows, std::int64_t context) {
  if (context < 1 || context >= options.words) {
    fail({options.name, fmt::format("an evaluation context of {} words", context),
          fmt::format("1 to {}", options.words - 1)});
  }
  const PackedRows plan = pack_documents(corpus, options.words, context);
  std::vector<std::int64_t> order(static_cast<std::size_t>(plan.size()));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::int64_t a, std::int64_t b) { return plan.row(a).front().begin < plan.row(b).front().begin; });
  if (max_rows > 0 && max_rows < plan.size()) {  // evenly over the text, not its beginning
    for (std::int64_t i = 0; i < max_rows; ++i) order[i] = order[i * plan.size() / max_rows];
    order.resize(static_cast<std::size_t>(max_rows));
  }
  std::vector<Batch> out;
  std::vector<std::span<const Piece>> chosen;
  for (std::size_t i = 0; i < order.size(); ++i) {
    chosen.push_back(plan.row(order[i]));
    if (chosen.size() < static_cast<std::size_t>(options.batch) && i + 1 < order.size()) continue;
    out.push_back(build_batch(corpus, chosen, options.words, options.compat, options.units));
    if (drawer != nullptr) draw_words(out.back(), *drawer);
    chosen.clear();
  }
  return out;
}

}  // namespace welt
