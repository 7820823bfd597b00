// See segmenter.h.
#include "core/text/segmenter.h"

#include <algorithm>
#include <limits>
#include <memory>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/plugin/registry.h"

namespace welt {
namespace {

// Small enough that its ends stay in the cache of a core.
constexpr std::size_t first_window = std::size_t{1} << 16;

welt_string abi_text(std::string_view text) { return {text.data(), text.size()}; }

// Beyond that an answer is no list of ids: normal forms make a byte some, never thousands.
std::uint64_t most_ids(std::string_view text) { return (std::uint64_t{1} << 20) + 256 * std::uint64_t{text.size()}; }

std::string text_of(welt_string text) {
  return text.data == nullptr ? std::string() : std::string(text.data, text.size);
}

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

void Segmenter::split(std::string_view text, std::vector<std::uint64_t>& ends,
                      std::vector<std::uint32_t>* engines) const {
  ends.clear();
  if (engines != nullptr) engines->clear();
  // As many ends as bytes, never initialised: what a window does not use is never touched.
  std::size_t capacity = 0;
  std::unique_ptr<std::uint64_t[]> found;
  std::unique_ptr<std::uint32_t[]> makers;
  std::size_t begin = 0, size = first_window;
  while (begin < text.size()) {
    const std::string_view window = window_of(text.substr(begin), size);
    const bool is_final = begin + window.size() == text.size();
    if (window.size() > capacity) {
      capacity = window.size();
      found = std::make_unique_for_overwrite<std::uint64_t[]>(capacity);
      if (engines != nullptr) makers = std::make_unique<std::uint32_t[]>(capacity);
    }
    std::uint64_t count = 0;
    const std::uint64_t consumed = call(window, is_final, limits_, found.get(), makers.get(), count);
    for (std::size_t i = 0; i < count; ++i) found[i] += begin;
    ends.insert(ends.end(), found.get(), found.get() + count);
    if (engines != nullptr) engines->insert(engines->end(), makers.get(), makers.get() + count);
    begin += consumed;
    size = consumed == 0 ? size * 2 : first_window;
  }
}

std::uint64_t Segmenter::call(std::string_view window, bool is_final, const welt_segment_limits& limits,
                              std::uint64_t* ends, std::uint32_t* engines, std::uint64_t& count) const {
  std::uint64_t consumed = 0;
  CallError error;
  error.check(table_->segment(component_->raw(), abi_text(window), is_final ? 1 : 0, &limits, ends, window.size(),
                              &count, &consumed, nullptr, engines, error.raw()),
              "cutting text into words");
  bool good = count <= window.size();
  std::uint64_t last = 0;
  for (std::size_t i = 0; good && i < count; ++i) {
    good = ends[i] > last && ends[i] <= window.size();
    last = ends[i];
  }
  if (!good || last != consumed || (is_final && consumed != window.size())) {
    fail({.where = "segmenter " + component_->type().id,
          .found =
              fmt::format("{} word ends of a text of {} bytes, {} bytes of it used up", count, window.size(), consumed),
          .expected = "ascending ends that cover the text",
          .mend = "This is a defect of the plugin"},
         ErrorCode::internal);
  }
  return consumed;
}

std::size_t Segmenter::split_beginning(std::string_view text, bool is_final, std::int64_t max_lookahead,
                                       std::vector<std::uint64_t>& ends) const {
  welt_segment_limits limits = limits_;
  limits.max_lookahead = max_lookahead;
  ends.resize(text.size());
  std::uint64_t count = 0;
  const std::uint64_t consumed = call(text, is_final, limits, ends.data(), nullptr, count);
  ends.resize(count);
  return consumed;
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

bool Segmenter::encode(std::string_view text, std::vector<std::int64_t>& ids) const {
  ids.clear();
  if (!WELT_HAS(table_, encode) || table_->encode == nullptr) return false;
  std::uint64_t count = 0;
  const auto ask = [&] {
    CallError error;
    const welt_status status =
        table_->encode(component_->raw(), abi_text(text), ids.data(), ids.size(), &count, error.raw());
    if (status != WELT_UNIMPLEMENTED) error.check(status, "looking up the ids of a text");
    return status == WELT_OK;
  };
  ids.resize(text.size());  // tokens are rarely shorter than a byte
  if (!ask()) return ids.clear(), false;
  if (count > most_ids(text)) {
    fail({.where = "segmenter " + component_->type().id,
          .found = fmt::format("{} ids for a text of {} bytes", count, text.size()),
          .expected = fmt::format("{} at most", most_ids(text)),
          .mend = "This is a defect of the plugin"},
         ErrorCode::internal);
  }
  if (count > ids.size()) {
    ids.resize(count);
    if (!ask() || count != ids.size()) {
      fail({.where = "segmenter " + component_->type().id,
            .found = "another number of ids when the same text was asked for again",
            .expected = fmt::format("{} as before", ids.size()),
            .mend = "This is a defect of the plugin"},
           ErrorCode::internal);
    }
  }
  ids.resize(count);
  return true;
}

std::string Segmenter::fingerprint() const {
  if (!WELT_HAS(table_, fingerprint) || table_->fingerprint == nullptr) return "";
  return text_of(table_->fingerprint(component_->raw()));
}

std::string Segmenter::engine_name(std::uint32_t engine) const {
  std::string name;
  if (WELT_HAS(table_, engine_name) && table_->engine_name != nullptr)
    name = text_of(table_->engine_name(component_->raw(), engine));
  if (!name.empty()) return name;
  return engine == 0 ? "default" : std::to_string(engine);  // 0: the plugin does not say
}

}  // namespace welt
