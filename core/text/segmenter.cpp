// See segmenter.h.
#include "core/text/segmenter.h"

#include <algorithm>
#include <limits>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/plugin/registry.h"

namespace welt {
namespace {

constexpr std::size_t first_window = std::size_t{1} << 18;

welt_string abi_text(std::string_view text) { return {text.data(), text.size()}; }

// The beginning of `text` of about `size` bytes that cuts no code point.
std::string_view window_of(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size < text.size() && (static_cast<std::uint8_t>(text[size]) & 0xC0) == 0x80) ++size;
  return text.substr(0, size);
}

}  // namespace

Segmenter::Segmenter(const Component& component, std::int64_t max_bytes, std::int64_t max_characters)
    : component_(&component),
      table_(&component.require<welt_segmenter_v1>(WELT_SEGMENTER_INTERFACE)),
      limits_{.struct_size = sizeof(welt_segment_limits),
              .reserved = 0,
              .max_bytes = max_bytes,
              .max_characters = max_characters,
              .max_lookahead = std::numeric_limits<std::int64_t>::max()} {
  if (!WELT_HAS(table_, is_complete) || table_->segment == nullptr || table_->is_complete == nullptr) {
    fail({.where = "segmenter " + component.type().id,
          .found = "an incomplete table of " WELT_SEGMENTER_INTERFACE,
          .expected = "segment and is_complete",
          .mend = "This is a defect of the plugin"},
         ErrorCode::internal);
  }
  if (max_bytes < 0 || max_characters < 0 || (max_bytes > 0 && max_characters > 0)) {
    fail({.where = "segmenter " + component.type().id,
          .found = fmt::format("max_bytes {} and max_characters {}", max_bytes, max_characters),
          .expected = "one of them positive, or both 0 (no limit)"});
  }
}

void Segmenter::split(std::string_view text, std::vector<std::uint64_t>& ends) const {
  ends.clear();
  std::size_t begin = 0, size = first_window;
  while (begin < text.size()) {
    const std::string_view window = window_of(text.substr(begin), size);
    const bool is_final = begin + window.size() == text.size();
    const std::size_t known = ends.size();
    ends.resize(known + window.size());
    std::uint64_t count = 0, consumed = 0;
    CallError error;
    error.check(table_->segment(component_->raw(), abi_text(window), is_final ? 1 : 0, &limits_, ends.data() + known,
                                window.size(), &count, &consumed, nullptr, nullptr, error.raw()),
                "cutting text into words");
    bool good = count <= window.size();
    ends.resize(known + (good ? count : 0));
    std::uint64_t last = 0;
    for (std::size_t i = known; i < ends.size() && good; ++i) {
      good = ends[i] > last && ends[i] <= window.size();
      last = ends[i];
      ends[i] += begin;
    }
    if (!good || last != consumed || (is_final && consumed != window.size())) {
      fail({.where = "segmenter " + component_->type().id,
            .found = fmt::format("{} word ends of a text of {} bytes, {} bytes of it used up", count, window.size(),
                                 consumed),
            .expected = "ascending ends that cover the text",
            .mend = "This is a defect of the plugin"},
           ErrorCode::internal);
    }
    begin += consumed;
    size = consumed == 0 ? size * 2 : first_window;
  }
}

std::vector<std::string> Segmenter::words(std::string_view text) const {
  std::vector<std::uint64_t> ends;
  split(text, ends);
  std::vector<std::string> out;
  std::uint64_t begin = 0;
  for (const std::uint64_t end : ends) {
    out.emplace_back(text.substr(begin, end - begin));
    begin = end;
  }
  return out;
}

bool Segmenter::is_complete(std::string_view word) const {
  return table_->is_complete(component_->raw(), abi_text(word)) != 0;
}

}  // namespace welt
