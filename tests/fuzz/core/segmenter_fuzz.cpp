// The segmenter `words` through the C ABI. The first bytes pick the limits, the room for ends and how the text arrives.
// Whatever the bytes: words put together give the text back, limits hold, nothing is written beside what was given, and
// text that is not UTF-8 is refused.
#include <welt/abi/segmenter.h>

#include <algorithm>
#include <set>
#include <vector>

#include "core/base/utf8.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/plugin_file.h"

namespace {

using namespace welt;
using Ends = std::vector<std::uint64_t>;

struct Words {
  Component component;
  const welt_segmenter_v1& table;
  Words()
      : component(fuzz::built_plugin(WELT_SEGMENTER_INTERFACE, "words"),
                  ConfigView(fuzz::built_plugin(WELT_SEGMENTER_INTERFACE, "words"), {}, true, "fuzz"), WELT_INIT_NONE),
        table(component.require<welt_segmenter_v1>(WELT_SEGMENTER_INTERFACE)) {}
};

const Words& words() {
  static const Words loaded;
  return loaded;
}

constexpr std::uint64_t untouched = 0xA5A5A5A5A5A5A5A5;

// One call, with room for `capacity` words. Checks what holds for every call; false: the plugin refused.
bool segment(std::string_view text, bool is_final, const welt_segment_limits& limits, std::size_t capacity, Ends& ends,
             std::uint64_t& consumed) {
  constexpr std::size_t guard = 4;
  std::uint64_t count = untouched;
  consumed = untouched;
  Ends room(capacity + guard, untouched);
  std::vector<std::int64_t> ids(capacity + guard, -7);
  std::vector<std::uint32_t> engines(capacity + guard, 77);
  CallError error;
  const welt_status status =
      words().table.segment(words().component.raw(), {text.data(), text.size()}, is_final ? 1 : 0, &limits, room.data(),
                            capacity, &count, &consumed, ids.data(), engines.data(), error.raw());
  for (std::size_t i = capacity; i < room.size(); ++i)
    fuzz::require(room[i] == untouched && ids[i] == -7 && engines[i] == 77, "nothing is written beyond the capacity");
  ends.clear();
  if (status != WELT_OK) {
    fuzz::require(!fuzz::answers([&] { error.check(status, "segment"); }), "a refusal has a message");
    fuzz::require(count == untouched && consumed == untouched, "a refusal leaves its outputs alone");
    return false;
  }
  fuzz::require(count <= capacity, "there are no more words than room");
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < count; ++i) {
    fuzz::require(room[i] > last && room[i] <= text.size(), "ends ascend within the text");
    ends.push_back(last = room[i]);
  }
  fuzz::require(consumed == last, "what is consumed ends with the last word");
  fuzz::require(!is_final || capacity < text.size() || consumed == text.size(), "the last piece is used up");
  fuzz::require(text.empty() || capacity == 0 || !is_final || count > 0, "the last piece goes on");
  return true;
}

// The whole text at once, with room enough.
Ends whole(std::string_view text, const welt_segment_limits& limits) {
  Ends ends;
  std::uint64_t consumed = 0;
  fuzz::require(segment(text, true, limits, text.size(), ends, consumed), "UTF-8 is cut into words");
  return ends;
}

// The text in pieces of at most `piece` bytes (inside characters too) and `capacity` words a call.
Ends in_pieces(std::string_view text, const welt_segment_limits& limits, std::size_t piece, std::size_t capacity) {
  Ends all, ends;
  std::uint64_t begin = 0, consumed = 0;
  for (std::size_t shown = 0; begin < text.size();) {
    shown = std::max<std::size_t>(shown, std::min(text.size(), begin + piece));
    const bool is_final = shown == text.size();
    fuzz::require(segment(text.substr(begin, shown - begin), is_final, limits, capacity, ends, consumed),
                  "a piece of UTF-8 is taken");
    for (const std::uint64_t end : ends) all.push_back(begin + end);
    begin += consumed;
    fuzz::require(!is_final || consumed > 0, "the last piece goes on");
    if (consumed == 0) shown = std::min(text.size(), shown + piece);
  }
  return all;
}

std::int64_t characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<std::uint8_t>(c) & 0xC0) != 0x80; });
}

// A word over its limit is one grapheme cluster: it has no border that max_bytes = 1 would cut at.
void check_limits(std::string_view text, const Ends& ends, const welt_segment_limits& limits) {
  if (limits.max_bytes == 0 && limits.max_characters == 0) return;
  welt_segment_limits smallest = limits;
  smallest.max_bytes = 1;
  smallest.max_characters = 0;
  const Ends borders = whole(text, smallest);
  const std::set<std::uint64_t> clusters(borders.begin(), borders.end());
  std::uint64_t begin = 0;
  for (const std::uint64_t end : ends) {
    if (limits.max_characters > 0)
      fuzz::require(characters(text.substr(begin, end - begin)) <= limits.max_characters, "max_characters holds");
    if (limits.max_bytes > 0 && end - begin > static_cast<std::uint64_t>(limits.max_bytes)) {
      const auto inside = clusters.upper_bound(begin);
      fuzz::require(inside == clusters.end() || *inside >= end, "max_bytes holds but for one cluster");
    }
    begin = end;
  }
}

void check_completeness(std::string_view text, const Ends& ends) {
  const welt_segment_limits none{sizeof none, 0, 0, 0, 0};
  std::uint64_t begin = 0;
  for (std::size_t i = 0; i < ends.size() && i < 8; begin = ends[i++]) {
    const std::string word(text.substr(begin, ends[i] - begin));
    if (words().table.is_complete(words().component.raw(), {word.data(), word.size()}) == 0) continue;
    if (whole(word, none).front() != word.size()) continue;  // one word only behind what stood before it
    for (const char* more : {"a", " ", "\xCC\x81", "\x01"})
      fuzz::require(whole(word + more, none).front() == word.size(), "nothing can be added to a complete word");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  welt_segment_limits limits{sizeof limits, 0, 0, 0, 0};
  const std::uint64_t kind = input.number(3);
  (kind == 1 ? limits.max_bytes : limits.max_characters) = static_cast<std::int64_t>(kind == 0 ? 0 : input.number(40));
  const std::size_t piece = 1 + input.number(64), capacity = 1 + input.number(64);
  const std::string_view text = input.rest();
  words().table.is_complete(words().component.raw(), {text.data(), text.size()});
  if (find_invalid_utf8(text) != utf8_ok) {
    Ends ends;
    std::uint64_t consumed = 0;
    fuzz::require(!segment(text, true, limits, text.size(), ends, consumed), "what is not UTF-8 is refused");
    segment(text, false, limits, capacity, ends, consumed);
    return 0;
  }
  const Ends ends = whole(text, limits);
  check_limits(text, ends, limits);
  check_completeness(text, ends);
  if (text.size() <= 4096) {  // within the default lookahead: nothing is cut only because it was held back for too long
    limits.max_lookahead = 1 << 20;
    // With less room than the words between two places where a cut is safe, the rest of them begins anew.
    fuzz::require(in_pieces(text, limits, piece, text.size()) == ends, "words do not depend on how the text arrives");
  }
  limits.max_lookahead = static_cast<std::int64_t>(1 + piece);
  const Ends held = in_pieces(text, limits, piece, capacity);
  fuzz::require(text.empty() || held.back() == text.size(), "words cover the text");
  return 0;
}
