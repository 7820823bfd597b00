// See windows.h.
#include "core/similarity/windows.h"

#include <welt/text/grapheme.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/similarity/text_pieces.h"

namespace welt::similarity {
namespace {

void check(std::string_view text, const WindowOptions& options) {
  if (const std::size_t fault = find_invalid_utf8(text); fault != utf8_ok) {
    fail({"the text", fmt::format("byte {} is not UTF-8", fault), "text in UTF-8"}, ErrorCode::data_loss);
  }
  if (options.size < 1) {
    fail({.where = "splitting, the size", .found = fmt::format("{}", options.size), .expected = "1 or more"});
  }
  if (options.overlap < 0 || options.overlap >= options.size) {
    fail({.where = "splitting, the overlap",
          .found = fmt::format("{}", options.overlap),
          .expected = fmt::format("0 to {}, less than the size", options.size - 1)});
  }
}

// Where a text may be cut, ascending, without its start: behind each run of white space, cluster or character.
struct Places {
  std::vector<std::size_t> words, clusters, characters;

  explicit Places(std::string_view text) {
    bool was_space = false;
    for (std::size_t at = 0, cluster = 0; at < text.size();) {
      if (at == cluster) {
        if (at > 0) clusters.push_back(at);
        cluster = text::cluster_end(text, at);
      }
      const std::size_t here = at;
      decode_utf8(text, at);
      const bool is_space = is_blank(text.substr(here, at - here));
      if (was_space && !is_space) words.push_back(here);
      was_space = is_space;
      characters.push_back(at);
    }
    if (text.empty()) return;
    words.push_back(text.size());
    clusters.push_back(text.size());
  }
};

class Cutter {
 public:
  Cutter(const StaticEmbedding& embedding, std::string_view text, const WindowOptions& options)
      : embedding_(embedding), text_(text), options_(options), places_(text) {}

  std::vector<Window> cut() {
    std::vector<Window> out;
    for (std::size_t begin = 0; begin < text_.size();) {
      const std::size_t end = end_from(begin);
      out.push_back({begin, end});
      if (end == text_.size()) break;
      begin = std::max(start_before(end), begin + 1);
      while ((static_cast<std::uint8_t>(text_[begin]) & 0xC0) == 0x80) ++begin;
    }
    return out;
  }

 private:
  bool fits(std::size_t begin, std::size_t end, std::int64_t size) const {
    const std::string_view part = text_.substr(begin, end - begin);
    std::size_t count = part.size();
    if (options_.unit == Unit::characters) count = characters(part);
    if (options_.unit == Unit::tokens) count = embedding_.tokenize(part).size();
    return count <= static_cast<std::size_t>(size);
  }

  // The farthest of `places` behind `begin` up to which all fits; `begin` where none does. Steps double, then halve:
  // the work is that of a chunk, not of the text.
  std::size_t farthest(const std::vector<std::size_t>& places, std::size_t begin) const {
    const auto first = std::ranges::upper_bound(places, begin);
    const auto count = static_cast<std::size_t>(places.end() - first);
    const auto good = [&](std::size_t i) { return fits(begin, first[static_cast<std::ptrdiff_t>(i)], options_.size); };
    if (count == 0 || !good(0)) return begin;
    std::size_t fitting = 0, step = 1;
    while (fitting + step < count && good(fitting + step)) {
      fitting += step;
      step *= 2;
    }
    for (; step > 0; step /= 2)
      if (fitting + step < count && good(fitting + step)) fitting += step;
    return first[static_cast<std::ptrdiff_t>(fitting)];
  }

  std::size_t end_from(std::size_t begin) const {
    for (const auto* places : {&places_.words, &places_.clusters, &places_.characters})
      if (const std::size_t end = farthest(*places, begin); end > begin) return end;
    std::size_t end = begin;
    decode_utf8(text_, end);
    fail({.where = fmt::format("splitting, byte {}", begin),
          .found = fmt::format("the character \"{}\", which is larger than {} {}", text_.substr(begin, end - begin),
                               options_.size, options_.unit == Unit::bytes ? "bytes" : "tokens"),
          .expected = "a larger size"});
  }

  // The earliest place from which what stands before `end` fits in the overlap.
  std::size_t start_before(std::size_t end) const {
    if (options_.overlap == 0) return end;
    std::size_t start = end;
    for (const auto* places : {&places_.words, &places_.clusters}) {
      const auto behind = std::ranges::lower_bound(*places, end);
      for (auto at = behind; at != places->begin();) {
        --at;
        if (!fits(*at, end, options_.overlap)) break;
        start = *at;
      }
      if (start < end) break;
    }
    return start;
  }

  const StaticEmbedding& embedding_;
  std::string_view text_;
  const WindowOptions& options_;
  Places places_;
};

}  // namespace

std::vector<Window> windows(const StaticEmbedding& embedding, std::string_view text, const WindowOptions& options) {
  check(text, options);
  return Cutter(embedding, text, options).cut();
}

}  // namespace welt::similarity
