// See packing.h.
#include "core/data/packing.h"

#include <algorithm>
#include <deque>
#include <map>
#include <numeric>

namespace welt {
namespace {

// Where a piece [begin, …) that may reach `limit` ends: in front of a block that would be cut, if that still leaves
// words behind `least`.
std::uint64_t end_of_piece(const CorpusView& corpus, std::uint64_t least, std::uint64_t limit) {
  const auto after = std::lower_bound(corpus.blocks.begin(), corpus.blocks.end(), limit,
                                      [](const Block& block, std::uint64_t at) { return block.last < at; });
  const bool inside = after != corpus.blocks.end() && after->first < limit && after->first > least;
  return inside ? after->first : limit;
}

}  // namespace

std::vector<std::vector<std::size_t>> best_fit_decreasing(const std::vector<std::int64_t>& lengths,
                                                          std::int64_t capacity) {
  std::vector<std::size_t> order(lengths.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return lengths[a] > lengths[b]; });
  std::vector<std::vector<std::size_t>> rows;
  std::map<std::int64_t, std::deque<std::size_t>> with_space;
  for (const std::size_t index : order) {
    const std::int64_t length = lengths[index];
    std::int64_t space = capacity;
    std::size_t row = rows.size();
    const auto fit = with_space.lower_bound(length);
    if (fit == with_space.end()) {
      rows.emplace_back();
    } else {
      space = fit->first;
      row = fit->second.front();
      fit->second.pop_front();
      if (fit->second.empty()) with_space.erase(fit);
    }
    rows[row].push_back(index);
    if (space > length) with_space[space - length].push_back(row);
  }
  return rows;
}

std::vector<Piece> cut_document(const CorpusView& corpus, std::int64_t document, std::int64_t words,
                                std::int64_t context) {
  const std::uint64_t first = corpus.documents[document], last = corpus.documents[document + 1];
  const auto width = static_cast<std::uint64_t>(words), repeat = static_cast<std::uint64_t>(context);
  std::vector<Piece> pieces;
  std::uint64_t done = first;  // words before it are in a piece
  do {
    const std::uint64_t begin = done - std::min(repeat, done - first);
    const std::uint64_t first_label = repeat > 0 && done > first ? done - 1 : begin;
    const bool ends = last - begin <= width;
    const std::uint64_t end = ends ? last : end_of_piece(corpus, done, begin + width);
    pieces.push_back({begin, end, first_label, ends});
    done = end;
  } while (done < last);
  return pieces;
}

PackedRows pack_documents(const CorpusView& corpus, std::int64_t words, std::int64_t context) {
  std::vector<Piece> pieces;
  std::vector<std::int64_t> lengths;
  for (std::int64_t document = 0; document < corpus.size(); ++document) {
    for (const Piece& piece : cut_document(corpus, document, words, context)) {
      pieces.push_back(piece);
      lengths.push_back(static_cast<std::int64_t>(piece.end - piece.begin));
    }
  }
  PackedRows plan;
  plan.pieces.reserve(pieces.size());
  for (const auto& row : best_fit_decreasing(lengths, words)) {
    for (const std::size_t index : row) plan.pieces.push_back(pieces[index]);
    plan.offsets.push_back(plan.pieces.size());
  }
  return plan;
}

PackedRows fill_rows(const CorpusView& corpus, std::int64_t words) {
  PackedRows plan;
  const auto width = static_cast<std::uint64_t>(words);
  std::uint64_t room = width;
  const auto close_row = [&] {
    if (plan.pieces.size() > plan.offsets.back()) plan.offsets.push_back(plan.pieces.size());
    room = width;
  };
  for (std::int64_t document = 0; document < corpus.size(); ++document) {
    std::uint64_t begin = corpus.documents[document];
    const std::uint64_t last = corpus.documents[document + 1];
    while (begin < last) {
      if (last - begin > room && room < 2 && width > 1) close_row();  // one word with nothing to learn
      const bool ends = last - begin <= room;
      const std::uint64_t end = ends ? last : end_of_piece(corpus, begin, begin + room);
      plan.pieces.push_back({begin, end, begin, ends});
      room -= end - begin;
      if (!ends || room == 0) close_row();
      begin = end;
    }
  }
  close_row();
  return plan;
}

}  // namespace welt
