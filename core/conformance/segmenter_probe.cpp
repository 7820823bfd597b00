// See segmenter_probe.h.
#include "core/conformance/segmenter_probe.h"

#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "core/conformance/guarded.h"
#include "core/conformance/texts.h"
#include "core/plugin/strings.h"

namespace welt::conformance {
namespace {

constexpr std::uint64_t untouched = 0xA5A5A5A5A5A5A5A5u;

std::uint64_t room_for(std::string_view text, std::uint64_t capacity) {
  return std::min<std::uint64_t>(capacity, text.size() + 1);
}

}  // namespace

welt_segment_limits limits_of(std::int64_t max_bytes, std::int64_t max_characters, std::int64_t max_lookahead) {
  return {sizeof(welt_segment_limits), 0, max_bytes, max_characters, max_lookahead};
}

// Mapping memory costs more than most calls, so it is kept. Whatever its size, what a plugin gets is the end of it.
struct SegmenterProbe::Areas {
  explicit Areas(std::size_t bytes)
      : bytes(bytes),
        text(bytes),
        limits(sizeof(welt_segment_limits)),
        ends((bytes + 1) * sizeof(std::uint64_t)),
        ids((bytes + 1) * sizeof(std::int64_t)),
        engines((bytes + 1) * sizeof(std::uint32_t)) {}
  std::size_t bytes;
  Guarded text, limits, ends, ids, engines;
};

struct SegmenterProbe::Outputs {
  std::uint64_t capacity, count = untouched, consumed = untouched;
  const std::uint64_t* ends = nullptr;
};

SegmenterProbe::SegmenterProbe(Trial& trial, const ComponentType& type)
    : trial_(trial), made_(trial, type), table_(&made_.require<welt_segmenter_v1>(WELT_SEGMENTER_INTERFACE)) {}
SegmenterProbe::~SegmenterProbe() = default;

SegmenterProbe::Areas& SegmenterProbe::areas_for(std::size_t bytes) const {
  constexpr std::size_t least = 4096;
  if (areas_ == nullptr || areas_->bytes < bytes) areas_ = std::make_unique<Areas>(std::max(bytes, least));
  return *areas_;
}

welt_status SegmenterProbe::call(Outputs& outputs, std::string_view text, const Request& request,
                                 welt_error* error) const {
  Areas& areas = areas_for(text.size());
  char* const borrowed = areas.text.last<char>(text.size());
  std::ranges::copy(text, borrowed);
  // A struct that ends where it says: an older host's limits are shorter.
  welt_segment_limits* limits = nullptr;
  if (request.limits != nullptr) {
    char* const bytes = areas.limits.last<char>(request.limits->struct_size);
    std::memcpy(bytes, request.limits, request.limits->struct_size);
    limits = reinterpret_cast<welt_segment_limits*>(bytes);
  }
  auto* const ends = areas.ends.last<std::uint64_t>(outputs.capacity);
  outputs.ends = ends;
  return table_->segment(made_.raw(), {borrowed, text.size()}, request.is_final ? 1 : 0, limits, ends, outputs.capacity,
                         &outputs.count, &outputs.consumed, areas.ids.last<std::int64_t>(outputs.capacity),
                         areas.engines.last<std::uint32_t>(outputs.capacity), error);
}

void SegmenterProbe::check(const Ends& ends, std::uint64_t consumed, std::string_view text,
                           const Request& request) const {
  const char* const rule = "segmenter.h: end offsets, ascending; *consumed is the last one";
  std::uint64_t last = 0;
  for (const std::uint64_t end : ends) {
    trial_.expect(end > last && end <= text.size(),
                  {fmt::format("the end {} behind {} in {} of {} bytes", end, last, shown(text), text.size()),
                   "ends that ascend and lie in the text", rule});
    last = end;
  }
  trial_.expect(consumed == last, {fmt::format("*consumed {} in {}", consumed, shown(text)),
                                   fmt::format("{}, the last offset written", last), rule});
  const bool enough = request.capacity > text.size();
  trial_.expect(!(request.is_final && enough) || last == text.size(),
                {fmt::format("words that end at byte {} of the {} of {}", last, text.size(), shown(text)),
                 "words that joined give the text back",
                 "segmenter.h: with is_final and enough capacity everything is consumed"});
}

Ends SegmenterProbe::segment(std::string_view text, const Request& request) const {
  Outputs outputs{.capacity = room_for(text, request.capacity)};
  trial_.must("segment()", [&](welt_error* error) { return call(outputs, text, request, error); });
  trial_.expect(outputs.count <= outputs.capacity,
                {fmt::format("*count {} for {}", outputs.count, shown(text)),
                 fmt::format("at most {}, the capacity", outputs.capacity), "segmenter.h: at most `capacity` of them"});
  Ends ends(outputs.ends, outputs.ends + outputs.count);
  check(ends, outputs.consumed, text, request);
  return ends;
}

Call SegmenterProbe::refused(std::string_view text, const Request& request) const {
  Outputs outputs{.capacity = room_for(text, request.capacity)};
  Call result = trial_.status_of("segment()", [&](welt_error* error) { return call(outputs, text, request, error); });
  trial_.expect(result.status == WELT_INVALID_ARGUMENT,
                {fmt::format("{} for {}", status_text(result.status), shown(text)), status_text(WELT_INVALID_ARGUMENT),
                 "segmenter.h: segment()"});
  trial_.expect(!result.message.empty(), {"no message", "one that says why", "error.h: the callee fills it"});
  trial_.expect(
      outputs.count == untouched && outputs.consumed == untouched,
      {"*count or *consumed changed", "both untouched", "docs/abi-policy.md: outputs are untouched on failure"});
  return result;
}

Ends SegmenterProbe::stream(std::string_view text, const std::vector<std::size_t>& pieces) const {
  constexpr std::int64_t whole = 1 << 20;  // nothing is cut for being held back too long
  const welt_segment_limits limits = limits_of(0, 0, whole);
  Ends ends;
  std::size_t begin = 0, end = 0;
  for (std::size_t i = 0; i <= pieces.size(); ++i) {
    const bool last = i == pieces.size();
    end = last ? text.size() : std::min(text.size(), end + pieces[i]);
    while (!starts_character(text, end)) ++end;
    const Ends some = segment(text.substr(begin, end - begin), {.is_final = last, .limits = &limits});
    for (const std::uint64_t each : some) ends.push_back(begin + each);
    if (!some.empty()) begin += some.back();
  }
  return ends;
}

bool SegmenterProbe::plain(std::string_view text, Ends& ends) const {
  ends.assign(text.size() + 1, 0);
  std::uint64_t count = 0, consumed = 0;
  const welt_status status = table_->segment(made_.raw(), string_of(text), 1, nullptr, ends.data(), ends.size(), &count,
                                             &consumed, nullptr, nullptr, nullptr);
  ends.resize(std::min<std::size_t>(count, ends.size()));
  return status == WELT_OK;
}

bool SegmenterProbe::has_encode() const { return WELT_HAS(table_, encode) && table_->encode != nullptr; }

std::vector<std::int64_t> SegmenterProbe::encode(std::string_view text, std::uint64_t capacity,
                                                 std::uint64_t& count) const {
  const Guarded area(std::max<std::size_t>(1, capacity * sizeof(std::int64_t)));
  auto* const ids = area.last<std::int64_t>(capacity);
  count = untouched;
  const Call call = trial_.status_of("encode()", [&](welt_error* error) {
    return table_->encode(made_.raw(), string_of(text), ids, capacity, &count, error);
  });
  if (call.status == WELT_UNIMPLEMENTED) trial_.skip("its words have no ids: " + call.message);
  trial_.succeeded(call);
  trial_.expect(count != untouched,
                {fmt::format("no *count for {}", shown(text)), "how many ids there are", "segmenter.h: encode()"});
  return {ids, ids + std::min(capacity, count)};
}

Call SegmenterProbe::refused_encode(std::string_view text) const {
  std::uint64_t count = untouched;
  Call result = trial_.status_of("encode()", [&](welt_error* error) {
    return table_->encode(made_.raw(), string_of(text), nullptr, 0, &count, error);
  });
  trial_.expect(result.status == WELT_INVALID_ARGUMENT && !result.message.empty() && count == untouched,
                {fmt::format("{} with \"{}\" for {}", status_text(result.status), result.message, shown(text)),
                 "WELT_INVALID_ARGUMENT with a message, *count untouched",
                 "segmenter.h: text that is not UTF-8 is WELT_INVALID_ARGUMENT"});
  return result;
}

bool SegmenterProbe::is_complete(std::string_view word) const {
  char* const borrowed = areas_for(word.size()).text.last<char>(word.size());
  std::ranges::copy(word, borrowed);
  const std::uint32_t answer = trial_.call("is_complete()", [&] {
    return table_->is_complete(made_.raw(), {borrowed, word.size()});
  });
  trial_.expect(answer <= 1, {fmt::format("{} for {}", answer, shown(word)), "0 or 1",
                              "base.h: truth values are uint32_t: 0 false, 1 true"});
  return answer == 1;
}

std::string first_difference(const Ends& found, const Ends& expected, std::string_view text) {
  const auto [here, there] = std::ranges::mismatch(found, expected);
  const auto name = [](auto at, auto end) { return at == end ? std::string("no more") : std::to_string(*at); };
  return fmt::format("word {} of {} ends at {} instead of {}", here - found.begin(), shown(text),
                     name(here, found.end()), name(there, expected.end()));
}

}  // namespace welt::conformance
