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
    if (text_.empty()) return out;
    for (Window now{0, end_from(0)};; now = behind(now)) {
      out.push_back(now);
      if (now.end == text_.size()) return out;
    }
  }

 private:
  bool fits(std::size_t begin, std::size_t end, std::int64_t size) const {
    const std::string_view part = text_.substr(begin, end - begin);
    std::size_t count = part.size();
    if (options_.unit == Unit::characters) count = characters(part);
    if (options_.unit == Unit::tokens) count = embedding_.tokenize(part).size();
    return count <= static_cast<std::size_t>(size);
  }

  // How many of good(0), good(1) … hold, one behind the other. Steps double, then halve: the work is that of a chunk,
  // not of the text.
  template <typename Good>
  static std::size_t holding(std::size_t count, const Good& good) {
    if (count == 0 || !good(0)) return 0;
    std::size_t last = 0, step = 1;
    while (last + step < count && good(last + step)) {
      last += step;
      step *= 2;
    }
    for (; step > 0; step /= 2)
      if (last + step < count && good(last + step)) last += step;
    return last + 1;
  }

  // The farthest of `places` behind `begin` up to which all fits; `begin` where none does.
  std::size_t farthest(const std::vector<std::size_t>& places, std::size_t begin) const {
    const auto first = static_cast<std::size_t>(std::ranges::upper_bound(places, begin) - places.begin());
    const std::size_t fitting =
        holding(places.size() - first, [&](std::size_t i) { return fits(begin, places[first + i], options_.size); });
    return fitting == 0 ? begin : places[first + fitting - 1];
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

  // The next chunk, which ends behind this one: what does not fit beside the overlap, because the next word is long,
  // gets less of it.
  Window behind(const Window& chunk) const {
    for (std::int64_t overlap = options_.overlap;; overlap /= 2) {
      const std::size_t begin = start_within(chunk.begin, chunk.end, overlap), end = end_from(begin);
      if (end > chunk.end) return {begin, end};
    }
  }

  // The earliest place within a chunk from which its rest fits in `overlap`; its end where there is none. Words are
  // repeated whole.
  std::size_t start_within(std::size_t begin, std::size_t end, std::int64_t overlap) const {
    if (overlap == 0) return end;
    for (const auto* places : {&places_.words, &places_.clusters}) {
      const auto first = static_cast<std::size_t>(std::ranges::upper_bound(*places, begin) - places->begin());
      const auto behind = static_cast<std::size_t>(std::ranges::lower_bound(*places, end) - places->begin());
      if (first >= behind) continue;
      const std::size_t fitting =
          holding(behind - first, [&](std::size_t i) { return fits((*places)[behind - 1 - i], end, overlap); });
      return fitting == 0 ? end : (*places)[behind - fitting];
    }
    return end;
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
