// welt.segmenter/1 from a plain class. Torch-free.
//
//   class Words {
//    public:
//     static welt::sdk::Descriptor descriptor();      // roles may be left empty
//     struct Settings : welt::sdk::Fields { … };      // its keys (fields.hpp); or static welt::sdk::Schema schema();
//     explicit Words(const welt::sdk::Config& config);
//     welt::sdk::SegmentResult segment(const welt::sdk::SegmentRequest& request) const;
//     bool is_complete(std::string_view word) const;
//     std::string_view fingerprint() const;                       // may be left out, as the next two
//     std::string_view engine_name(std::uint32_t engine) const;
//     std::vector<std::int64_t> encode(std::string_view text) const;
//   };
//   WELT_PLUGIN(welt::sdk::PluginInfo("words", "0.1.0", "…", "MIT"), welt::sdk::Segmenter<Words>)
//
// The methods are const and called from several threads at once.
#pragma once

#include <welt/abi/segmenter.h>
#include <welt/sdk/fields.hpp>
#include <welt/sdk/plugin.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace welt::sdk {
inline namespace v0_1 {

// Write end offsets (bytes from the start of `text`, ascending) to `ends`, no more than ends.size() of them.
struct SegmentRequest {
  std::string_view text;
  bool is_final;
  std::int64_t max_bytes, max_characters, max_lookahead;  // 0: no limit; lookahead: the segmenter's default
  std::span<std::uint64_t> ends;
  std::int64_t* ids;       // null or ends.size() long
  std::uint32_t* engines;  // null or ends.size() long
};

struct SegmentResult {
  std::uint64_t count, consumed;  // words written; the last end offset written (0: none)
};

template <typename T>
class Segmenter {
 public:
  static Descriptor descriptor() {
    Descriptor out = T::descriptor();
    if (out.roles.empty()) out.roles = {WELT_SEGMENTER_INTERFACE};
    return out;
  }
  static Schema schema() { return declared_schema<T>(); }

  Segmenter(const Config& config, std::uint32_t) : impl_(config) {}

  const void* get_interface(std::string_view id) const { return id == WELT_SEGMENTER_INTERFACE ? &table : nullptr; }

 private:
  static welt_status segment(welt_component* component, welt_string text, std::uint32_t is_final,
                             const welt_segment_limits* limits, std::uint64_t* ends, std::uint64_t capacity,
                             std::uint64_t* count, std::uint64_t* consumed, std::int64_t* ids, std::uint32_t* engines,
                             welt_error* error) {
    return fence(error, "segment", [&] {
      SegmentRequest request{.text = text_from_abi(text, "the text"),
                             .is_final = is_final != 0,
                             .max_bytes = 0,
                             .max_characters = 0,
                             .max_lookahead = 0,
                             .ends = std::span(ends, ends == nullptr ? 0 : static_cast<std::size_t>(capacity)),
                             .ids = ids,
                             .engines = engines};
      if (limits != nullptr) {
        if (WELT_HAS(limits, max_bytes)) request.max_bytes = limits->max_bytes;
        if (WELT_HAS(limits, max_characters)) request.max_characters = limits->max_characters;
        if (WELT_HAS(limits, max_lookahead)) request.max_lookahead = limits->max_lookahead;
      }
      if (request.max_bytes < 0 || request.max_characters < 0 || request.max_lookahead < 0) {
        throw invalid("a word limit is negative; expected 0 (no limit) or more");
      }
      if (request.max_bytes > 0 && request.max_characters > 0) {
        throw invalid("both max_bytes and max_characters were given; give one of them");
      }
      const SegmentResult result = instance_of<Segmenter>(component).impl_.segment(request);
      if (count != nullptr) *count = result.count;
      if (consumed != nullptr) *consumed = result.consumed;
    });
  }

  static std::uint32_t is_complete(const welt_component* component, welt_string word) {
    bool complete = false;
    fence(nullptr, "is_complete",
          [&] { complete = instance_of<Segmenter>(component).impl_.is_complete(text_from_abi(word, "the word")); });
    return complete ? 1 : 0;
  }

  static welt_string fingerprint(const welt_component* component) {
    welt_string text{};
    if constexpr (requires(const T& impl) { impl.fingerprint(); }) {
      fence(nullptr, "fingerprint", [&] { text = to_abi(instance_of<Segmenter>(component).impl_.fingerprint()); });
    }
    return text;
  }

  static welt_string engine_name(const welt_component* component, std::uint32_t engine) {
    welt_string text{};
    if constexpr (requires(const T& impl) { impl.engine_name(engine); }) {
      fence(nullptr, "engine_name",
            [&] { text = to_abi(instance_of<Segmenter>(component).impl_.engine_name(engine)); });
    }
    return text;
  }

  // Null where T has no encode().
  static constexpr auto encode_slot() {
    decltype(welt_segmenter_v1::encode) slot = nullptr;
    if constexpr (requires(const T& impl, std::string_view text) { impl.encode(text); }) {
      slot = [](const welt_component* component, welt_string text, std::int64_t* ids, std::uint64_t capacity,
                std::uint64_t* count, welt_error* error) -> welt_status {
        return fence(error, "encode", [&] {
          const std::vector<std::int64_t> all =
              instance_of<Segmenter>(component).impl_.encode(text_from_abi(text, "the text"));
          if (ids != nullptr) std::copy_n(all.begin(), std::min<std::uint64_t>(capacity, all.size()), ids);
          if (count != nullptr) *count = all.size();
        });
      };
    }
    return slot;
  }

  static constexpr welt_segmenter_v1 table = {.struct_size = sizeof(welt_segmenter_v1),
                                              .reserved = 0,
                                              .segment = &Segmenter::segment,
                                              .is_complete = &Segmenter::is_complete,
                                              .fingerprint = &Segmenter::fingerprint,
                                              .engine_name = &Segmenter::engine_name,
                                              .encode = encode_slot()};

  T impl_;
};

}  // namespace v0_1
}  // namespace welt::sdk
