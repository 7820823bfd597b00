// The decoder writing words that begin and end each when it will: a row that is finished makes room, and another begins
// beside those in the middle of theirs. Rows are packed, of one byte mostly; a row's bytes do not depend on the others
// (but for rounding, where products are not the program's own). Inside core/generate only. [one thread]
#pragma once

#include <optional>
#include <vector>

#include "core/generate/byte_writer.h"

namespace welt {

class ByteWriter::Flow {
 public:
  // For a decoder that takes packed rows. Each slot writes one word at a time.
  Flow(ByteWriter& writer, std::size_t slots);

  // A word begins in a free slot, behind its text's latents [k,E]. `word` and `draws` stay where they are until it is
  // finished; it is the text's word `number`.
  void begin(std::size_t slot, at::Tensor latents, WrittenWord& word, const ByteDraws& draws, std::int64_t number);

  // One step of all words that go on, on one thread if `alone`. The slots whose words are finished, which are free now.
  std::vector<std::size_t> step(bool alone, GenerateStatistics& spent);

  std::size_t running() const;

 private:
  struct Slot {
    Row row;
    at::Tensor latents;  // of a word that begins
  };
  at::Tensor forward(const std::vector<std::size_t>& fed);

  ByteWriter& writer_;
  Cache cache_;
  std::vector<std::optional<Slot>> slots_;
};

}  // namespace welt
