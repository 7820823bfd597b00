// See evaluation_batches.h.
#include "core/data/evaluation_batches.h"

#include <algorithm>
#include <numeric>

#include "core/base/error.h"
#include "core/data/batch_builder.h"
#include "core/data/packing.h"

namespace welt {

namespace {

void check_context(const DatasetOptions& options, std::int64_t context) {
  if (context >= 1 && context < options.words) return;
  fail({options.name, fmt::format("an evaluation context of {} words", context),
        fmt::format("1 to {}", options.words - 1)});
}

// The chosen rows of one text, in its order. chosen(i): whether row i of it is one.
template <typename Chosen>
void add_batches(const CorpusView& corpus, const PackedRows& plan, const DatasetOptions& options, WordDrawer* drawer,
                 const Chosen& is_chosen, std::vector<Batch>& out) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(plan.size()));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::int64_t a, std::int64_t b) { return plan.row(a).front().begin < plan.row(b).front().begin; });
  std::vector<std::span<const Piece>> chosen;
  const auto flush = [&] {
    if (chosen.empty()) return;
    out.push_back(build_batch(corpus, chosen, options.words, options.compat, options.units));
    if (drawer != nullptr) draw_words(out.back(), *drawer);
    chosen.clear();
  };
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (!is_chosen(static_cast<std::int64_t>(i))) continue;
    chosen.push_back(plan.row(order[i]));
    if (chosen.size() == static_cast<std::size_t>(options.batch)) flush();
  }
  flush();
}

}  // namespace

std::vector<Batch> evaluation_batches(std::size_t windows, const OpenWindow& open, const DatasetOptions& options,
                                      WordDrawer* drawer, std::int64_t max_rows, std::int64_t context) {
  check_context(options, context);
  std::int64_t total = 0;
  for (std::size_t i = 0; max_rows > 0 && i < windows; ++i)
    total += pack_documents(open(i).text, options.words, context).size();
  const bool all = max_rows <= 0 || max_rows >= total;
  std::vector<Batch> out;
  std::int64_t before = 0, taken = 0;  // rows of earlier windows; rows chosen so far
  for (std::size_t i = 0; i < windows; ++i) {
    const WordWindow window = open(i);
    const PackedRows plan = pack_documents(window.text, options.words, context);
    const auto chosen = [&](std::int64_t row) {  // evenly over the text, not its beginning
      if (all) return true;
      const bool is = taken < max_rows && before + row == taken * total / max_rows;
      taken += is ? 1 : 0;
      return is;
    };
    add_batches(window.text, plan, options, drawer, chosen, out);
    before += plan.size();
  }
  return out;
}

std::vector<Batch> evaluation_batches(const CorpusView& corpus, const DatasetOptions& options, WordDrawer* drawer,
                                      std::int64_t max_rows, std::int64_t context) {
  return evaluation_batches(
      1,
      [&](std::size_t) {
        return WordWindow{corpus, nullptr};
      },
      options, drawer, max_rows, context);
}

}  // namespace welt
