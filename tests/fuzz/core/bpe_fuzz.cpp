// The segmenter `bpe`: a tokenizer.json, and behind a NUL byte a text. Any bytes are a tokenizer or an Error; whatever
// the tokenizer, words put together give the text back, do not depend on how it arrives, and have ids of the text.
#include <algorithm>
#include <optional>
#include <vector>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/text/segmenter.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/plugin_file.h"

namespace {

using namespace welt;
using Ends = std::vector<std::uint64_t>;

// The words of the text whose first `shown` bytes come first.
Ends in_two_pieces(const Segmenter& segmenter, std::string_view text, std::size_t shown) {
  Ends first, rest;
  const std::size_t begin = segmenter.split_beginning(text.substr(0, shown), false, 1 << 20, first);
  segmenter.split(text.substr(begin), rest);
  for (const std::uint64_t end : rest) first.push_back(begin + end);
  return first;
}

void check(const Segmenter& segmenter, std::string_view text, std::size_t shown) {
  Ends ends, pieces;
  std::vector<std::int64_t> ids, again;
  const bool good = fuzz::answers([&] {
    try {
      segmenter.split(text, ends);
      pieces = in_two_pieces(segmenter, text, shown);
      segmenter.encode(text, ids);
      segmenter.encode(text, again);
    } catch (const Error& error) {  // internal: the host's Segmenter insists that words cover the text
      fuzz::require(error.code() != ErrorCode::internal, "no defect of the plugin");
      throw;
    }
  });
  fuzz::require(!good || find_invalid_utf8(text) == utf8_ok, "text that is not UTF-8 is refused");
  if (!good) return;
  fuzz::require(pieces == ends, "words do not depend on how the text arrives");
  fuzz::require(ids == again, "a text has the same ids each time");
  fuzz::require(std::ranges::all_of(ids, [](std::int64_t id) { return id >= 0; }), "ids are 0 or more");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::MemoryFile file;
  fuzz::Input input(data, size);
  std::string_view tokenizer;
  input.text(tokenizer);
  file.put(tokenizer);
  const ComponentType& type = fuzz::built_plugin(WELT_SEGMENTER_INTERFACE, "bpe");
  std::optional<Component> component;
  if (!fuzz::answers([&] {
        const ConfigView config(type, {{"tokenizer", file.path().string()}, {"cache_bytes", 65536}}, true, "fuzz");
        component.emplace(type, config, WELT_INIT_NONE);
      })) {
    return 0;
  }
  const std::string_view text = input.rest().substr(0, 512);
  const Segmenter segmenter(*component);
  check(segmenter, text, text.size() / 2);
  check(segmenter, "The  caf\xC3\xA9's \xE6\x97\xA5\xE6\x9C\xAC\xF0\x9F\x8E\x89 12345 e\xCC\x81\n\n ab<x>ab", 11);
  return 0;
}
