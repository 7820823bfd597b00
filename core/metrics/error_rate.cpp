// See error_rate.h.
#include "core/metrics/error_rate.h"

#include "core/metrics/white_space.h"

namespace welt {
namespace {

void split_words(std::string_view text, std::vector<std::string_view>& words) {
  words.clear();
  text = strip(text);
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at, spaces = 0;
    for (std::size_t space; end < text.size() && (space = white_space_at(text, end)) > 0; end += space) ++spaces;
    if (spaces > 1 || (spaces == 1 && text[at] == ' ')) {
      words.push_back(text.substr(begin, at - begin));
      begin = end;
    }
    at = spaces > 0 ? end : at + 1;
  }
  if (begin < text.size()) words.push_back(text.substr(begin));
}

}  // namespace

EditSums ErrorCounter::count() {
  return {distance_(hypothesis_, reference_), static_cast<std::int64_t>(reference_.size())};
}

EditSums ErrorCounter::words(std::string_view hypothesis, std::string_view reference) {
  numbers_.clear();
  split_words(hypothesis, words_);
  numbers_.number(words_, hypothesis_);
  split_words(reference, words_);
  numbers_.number(words_, reference_);
  return count();
}

EditSums ErrorCounter::characters(std::string_view hypothesis, std::string_view reference) {
  code_points(strip(hypothesis), hypothesis_);
  code_points(strip(reference), reference_);
  return count();
}

}  // namespace welt
