// A segmenter under check: calls segment() with memory that ends where it may not be touched, and checks what every
// answer must be.
#pragma once

#include <welt/abi/segmenter.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/conformance/made.h"

namespace welt::conformance {

using Ends = std::vector<std::uint64_t>;

class SegmenterProbe {
 public:
  SegmenterProbe(Trial& trial, const ComponentType& type);
  ~SegmenterProbe();

  struct Request {
    bool is_final = true;
    const welt_segment_limits* limits = nullptr;
    std::uint64_t capacity = ~std::uint64_t{0};  // this: enough for any text
  };
  // The ends of a call that must succeed. Fails the test unless they are ascending, within the text, the last of them
  // is *consumed, and a final call with enough capacity consumes all.
  Ends segment(std::string_view text, const Request& request) const;
  Ends segment(std::string_view text) const { return segment(text, {}); }

  // A call that must be refused: with WELT_INVALID_ARGUMENT and a message, and *count and *consumed as they were.
  Call refused(std::string_view text, const Request& request) const;

  // What a stream of pieces gives, the tail in front of each next piece; `pieces` are lengths in bytes.
  Ends stream(std::string_view text, const std::vector<std::size_t>& pieces) const;

  // One call without any checks: from any thread. `text` must live on.
  bool plain(std::string_view text, Ends& ends) const;

  bool is_complete(std::string_view word) const;

  bool has_encode() const;
  // The ids that a call with this room writes; `count` of them there are. The call must succeed.
  std::vector<std::int64_t> encode(std::string_view text, std::uint64_t capacity, std::uint64_t& count) const;
  // The same for text that must be refused with WELT_INVALID_ARGUMENT and a message, and *count as it was.
  Call refused_encode(std::string_view text) const;

  const Made& made() const { return made_; }

 private:
  struct Areas;
  struct Outputs;
  Areas& areas_for(std::size_t bytes) const;
  welt_status call(Outputs& outputs, std::string_view text, const Request& request, welt_error* error) const;
  void check(const Ends& ends, std::uint64_t consumed, std::string_view text, const Request& request) const;

  Trial& trial_;
  Made made_;
  const welt_segmenter_v1* table_;
  mutable std::unique_ptr<Areas> areas_;  // what the last call was given; taken again
};

// Limits of this host's size.
welt_segment_limits limits_of(std::int64_t max_bytes, std::int64_t max_characters, std::int64_t max_lookahead = 0);

// "3, 7, 12" or the first difference of two: for messages.
std::string first_difference(const Ends& found, const Ends& expected, std::string_view text);

}  // namespace welt::conformance
