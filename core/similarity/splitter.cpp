// See splitter.h. Reference: WordLlama's SemanticSplitter.
#include "core/similarity/splitter.h"

#include <welt/text/grapheme.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/similarity/local_minima.h"
#include "core/similarity/ranking.h"
#include "core/similarity/text_pieces.h"

namespace welt::similarity {
namespace {

constexpr float least_similar_share = 0.4F;  // minima below this quantile are cuts

void check(std::string_view text, const SplitOptions& options) {
  if (const std::size_t fault = find_invalid_utf8(text); fault != utf8_ok) {
    fail({"the text", fmt::format("byte {} is not UTF-8", fault), "text in UTF-8"}, ErrorCode::data_loss);
  }
  const auto refuse = [](std::string_view what, std::int64_t found, std::string expected) {
    fail({.where = fmt::format("splitting, {}", what),
          .found = fmt::format("{}", found),
          .expected = std::move(expected)});
  };
  if (options.cleanup_size < 0) refuse("cleanup_size", options.cleanup_size, "0 or more characters");
  if (options.intermediate_size <= options.cleanup_size) {
    refuse("intermediate_size", options.intermediate_size,
           fmt::format("more than cleanup_size, {}", options.cleanup_size));
  }
  if (options.target_size <= options.intermediate_size) {
    refuse("target_size", options.target_size,
           fmt::format("more than intermediate_size, {}", options.intermediate_size));
  }
  local_minima({}, options.savgol_window, options.poly_order);  // refuses what does not fit
  windowed_similarity(Matrix(), options.window_size);
}

struct Compared {
  std::vector<float> averages;
  Minima minima;
  std::vector<std::size_t> cuts;  // pieces that begin a region
};

Compared compare(const StaticEmbedding& embedding, const std::vector<std::string_view>& pieces,
                 const SplitOptions& options) {
  Matrix vectors = embedding.embed(pieces, options.threads);
  normalize(vectors);
  Compared out;
  out.averages = windowed_similarity(vectors, options.window_size);
  if (pieces.empty()) return out;
  out.minima = local_minima(out.averages, options.savgol_window, options.poly_order);
  const float limit = quantile(out.averages, least_similar_share);
  for (std::size_t i = 0; i < out.minima.index.size(); ++i)
    if (out.minima.value[i] < limit) out.cuts.push_back(static_cast<std::size_t>(out.minima.index[i]));
  return out;
}

std::vector<TextPiece> reference_pieces(std::string_view text, const SplitOptions& options) {
  const auto target = static_cast<std::size_t>(options.target_size);
  const auto least = static_cast<std::size_t>(options.cleanup_size);
  std::vector<TextPiece> lines =
      merged_back(coalesced(split_lines(text), static_cast<std::size_t>(options.intermediate_size), "\n"), least, "\n");
  std::vector<TextPiece> out;
  for (TextPiece& line : lines) {
    if (line.length <= target) {
      if (!is_blank(line.text)) out.push_back(std::move(line));
      continue;
    }
    for (TextPiece& part : merged_back(coalesced(split_sentences(line.text), target, " "), least, " "))
      if (!is_blank(part.text)) out.push_back(std::move(part));
  }
  return out;
}

// Pieces of a text as its own parts.
class Parts {
 public:
  Parts(std::string_view text, std::size_t largest) : text_(text), largest_(largest) {}

  struct Part {
    std::size_t end, length;  // in the text; characters
  };

  // Lines with their ends; of those that are longer than `largest` sentences, words, clusters, characters.
  std::vector<Part> cut() {
    for (const LinePlace& line : line_places(text_)) add(line.begin, line.next);
    return std::move(parts_);
  }

 private:
  void add(std::size_t begin, std::size_t end) {
    while (begin < end) {
      const Part part = part_from(begin, end);
      parts_.push_back(part);
      begin = part.end;
    }
  }

  // As much from `begin` on as fits, to the last end of a sentence in it, or of a word.
  Part part_from(std::size_t begin, std::size_t end) const {
    Part sentence{0, 0}, word{0, 0}, cluster{0, 0}, character{0, 0};
    std::size_t length = 0, cluster_end = begin;
    bool seen_mark = false;
    for (std::size_t at = begin; at < end;) {
      if (at == cluster_end) {
        if (at > begin) cluster = {at, length};
        cluster_end = text::cluster_end(text_, at);
      }
      if (length == largest_) {
        for (const Part& each : {sentence, word, cluster})
          if (each.end > 0) return each;
        return character;
      }
      const std::size_t here = at;
      const char32_t c = decode_utf8(text_, at);
      ++length;
      character = {at, length};
      const bool is_space = is_blank(text_.substr(here, at - here));
      if (is_space) (seen_mark ? sentence : word) = character;
      if (!is_space) seen_mark = ends_sentence(c);
    }
    return {end, length};
  }

  std::string_view text_;
  std::size_t largest_;
  std::vector<Part> parts_;
};

// Neighbours together while they have at most `largest` characters; too small ones to the one before where both fit in
// `limit`.
std::vector<Parts::Part> joined(const std::vector<Parts::Part>& parts, std::size_t largest, std::size_t least,
                                std::size_t limit) {
  std::vector<Parts::Part> out;
  for (const Parts::Part& part : parts) {
    const std::size_t together = out.empty() ? 0 : out.back().length + part.length;
    if (!out.empty() && (together <= largest || (part.length < least && together <= limit)))
      out.back() = {part.end, together};
    else
      out.push_back(part);
  }
  return out;
}

}  // namespace

ReferenceSplit reference_split(const StaticEmbedding& embedding, std::string_view text, const SplitOptions& options) {
  check(text, options);
  std::vector<TextPiece> pieces = reference_pieces(text, options);
  std::vector<std::string_view> views;
  for (const TextPiece& piece : pieces) views.push_back(piece.text);
  Compared compared = compare(embedding, views, options);
  ReferenceSplit out;
  std::size_t begin = 0;
  compared.cuts.push_back(pieces.size());
  for (const std::size_t end : compared.cuts) {
    std::vector<TextPiece> region;
    for (std::size_t i = begin; i < end; ++i) region.push_back(pieces[i]);
    for (TextPiece& chunk : coalesced(std::move(region), static_cast<std::size_t>(options.target_size), "\n"))
      out.chunks.push_back(std::move(chunk.text));
    begin = std::max(begin, end);
  }
  for (TextPiece& piece : pieces) out.pieces.push_back(std::move(piece.text));
  out.averages = std::move(compared.averages);
  out.minima_index = std::move(compared.minima.index);
  out.minima_value = std::move(compared.minima.value);
  return out;
}

std::vector<std::size_t> split_ends(const StaticEmbedding& embedding, std::string_view text,
                                    const SplitOptions& options) {
  check(text, options);
  const auto target = static_cast<std::size_t>(options.target_size);
  const std::vector<Parts::Part> pieces =
      joined(Parts(text, target).cut(), static_cast<std::size_t>(options.intermediate_size),
             static_cast<std::size_t>(options.cleanup_size), target);
  std::vector<std::string_view> views;
  std::size_t begin = 0;
  for (const Parts::Part& piece : pieces) {
    views.push_back(text.substr(begin, piece.end - begin));
    begin = piece.end;
  }
  Compared compared = compare(embedding, views, options);
  compared.cuts.push_back(pieces.size());
  std::vector<std::size_t> out;
  std::size_t first = 0;
  for (const std::size_t last : compared.cuts) {
    const std::vector<Parts::Part> region(pieces.begin() + static_cast<std::ptrdiff_t>(first),
                                          pieces.begin() + static_cast<std::ptrdiff_t>(std::max(first, last)));
    for (const Parts::Part& chunk : joined(region, target, 0, target)) out.push_back(chunk.end);
    first = std::max(first, last);
  }
  return out;
}

}  // namespace welt::similarity
