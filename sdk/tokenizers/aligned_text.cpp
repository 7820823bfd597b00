// See aligned_text.h.
#include "aligned_text.h"

#include <algorithm>
#include <welt/sdk/base.hpp>

namespace welt::tokenizers {
namespace {

// The edits of two steps, `first` (old to middle) and `second` (middle to new), as one step. Edits whose middle parts
// overlap become one.
std::vector<Edit> composed(const std::vector<Edit>& first, const std::vector<Edit>& second) {
  std::vector<Edit> out;
  std::size_t i = 0, k = 0;
  std::size_t middle = 0, old = 0, now = 0;  // the same place in the three texts, behind all edits so far
  while (i < first.size() || k < second.size()) {
    std::size_t low = std::string::npos, high = 0;
    const auto take_first = [&] {
      low = std::min(low, first[i].begin);
      high = std::max(high, first[i++].end);
    };
    const auto take_second = [&] {
      low = std::min(low, second[k].old_begin);
      high = std::max(high, second[k++].old_end);
    };
    const auto before = [](std::size_t begin, std::size_t end, std::size_t begin2, std::size_t end2) {
      return begin != begin2 ? begin < begin2 : end <= end2;
    };
    const bool first_leads = k == second.size() || (i < first.size() && before(first[i].begin, first[i].end,
                                                                               second[k].old_begin, second[k].old_end));
    const std::size_t from_i = i, from_k = k;
    if (first_leads)
      take_first();
    else
      take_second();
    for (;;) {
      if (i < first.size() && first[i].begin < high)
        take_first();
      else if (k < second.size() && second[k].old_begin < high)
        take_second();
      else
        break;
    }
    const std::size_t old_begin = old + (low - middle), begin = now + (low - middle);
    std::size_t old_end = old_begin + (high - low), end = begin + (high - low);
    for (std::size_t j = from_i; j < i; ++j)
      old_end = old_end - (first[j].end - first[j].begin) + (first[j].old_end - first[j].old_begin);
    for (std::size_t j = from_k; j < k; ++j)
      end = end - (second[j].old_end - second[j].old_begin) + (second[j].end - second[j].begin);
    out.push_back({begin, end, old_begin, old_end});
    middle = high;
    old = old_end;
    now = end;
  }
  return out;
}

}  // namespace

void AlignedText::rewrite(std::string text, const std::vector<Edit>& edits) {
  edits_ = edits_.empty() ? edits : composed(edits_, edits);
  own_ = std::move(text);
  view_ = own_;
  hint_ = 0;
}

AlignedText::Place AlignedText::original(std::size_t at) const {
  if (edits_.empty()) return {at, at};
  if (hint_ > 0 && edits_[hint_ - 1].end > at) hint_ = 0;
  if (hint_ == 0) {
    const auto first = std::partition_point(edits_.begin(), edits_.end(), [&](const Edit& e) { return e.end <= at; });
    hint_ = static_cast<std::size_t>(first - edits_.begin());
  }
  while (hint_ < edits_.size() && edits_[hint_].end <= at) ++hint_;
  if (hint_ < edits_.size() && edits_[hint_].begin < at) return {edits_[hint_].old_begin, edits_[hint_].old_end};
  const std::size_t place = hint_ == 0 ? at : edits_[hint_ - 1].old_end + (at - edits_[hint_ - 1].end);
  return {place, place};
}

std::size_t AlignedText::current(std::size_t original) const {
  const auto next = std::partition_point(edits_.begin(), edits_.end(), [&](const Edit& e) {
    return e.old_end < original || (e.old_end == original && e.old_begin < original);
  });
  if (next != edits_.end() && next->old_begin < original) return next->begin;
  if (next == edits_.begin()) return original;
  return std::prev(next)->end + (original - std::prev(next)->old_end);
}

void Rewriter::append(std::string_view text) {
  if (text.size() > longest_ - text_.size()) {
    throw sdk::Failure(WELT_RESOURCE_EXHAUSTED,
                       "the tokenizer's normalizer and pre_tokenizer make more than " + std::to_string(longest_) +
                           " bytes of a text; expected no more than 256 for each of its bytes");
  }
  text_.append(text);
}

void Rewriter::keep(std::size_t end) {
  append(old_.substr(done_, end - done_));
  done_ = end;
}

void Rewriter::replace(std::size_t end, std::string_view text) {
  const std::size_t begin = text_.size();
  append(text);
  edits_.push_back({begin, text_.size(), done_, end});
  done_ = end;
}

void Rewriter::finish(AlignedText& text) {
  if (edits_.empty()) return;
  keep(old_.size());
  text.rewrite(std::move(text_), edits_);
}

}  // namespace welt::tokenizers
