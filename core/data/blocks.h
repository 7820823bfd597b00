// Prefix blocks: words from SO (Shift Out) to SI (Shift In), which see each other whatever their order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/batch.h"
#include "core/text/control.h"

namespace welt {

struct ComponentType;

// SO…SI, both ends included.
struct Block {
  std::uint64_t first, last;
};

// SO inside an open block; SO without SI; SI without SO.
enum class BlockFault { nested, unclosed, without_start };

// Counts them.
struct BlockFaults {
  std::int64_t nested = 0, unclosed = 0, without_start = 0;
  void operator()(BlockFault fault) {
    ++(fault == BlockFault::nested ? nested : fault == BlockFault::unclosed ? unclosed : without_start);
  }
};

// The blocks among words begin … end−1; word(i) has size() and []. An SO inside an open block replaces it, an SO
// without SI and an SI without SO are ignored. fault(BlockFault) is called for each, in the order of the words.
template <typename WordAt, typename OnFault>
void find_blocks(std::uint64_t begin, std::uint64_t end, WordAt&& word, std::vector<Block>& blocks, OnFault&& fault) {
  bool open = false;
  std::uint64_t first = 0;
  for (std::uint64_t i = begin; i < end; ++i) {
    const auto& text = word(i);
    if (text.size() != 1) continue;
    const auto byte = static_cast<std::uint8_t>(text[0]);
    if (byte == shift_out) {
      if (open) fault(BlockFault::nested);
      open = true;
      first = i;
    } else if (byte == shift_in) {
      if (open) blocks.push_back({first, i});
      if (!open) fault(BlockFault::without_start);
      open = false;
    }
  }
  if (open) fault(BlockFault::unclosed);
}

// The block that each word of one text is in, −1: none. Faults are ignored.
inline std::vector<std::int64_t> block_ids(const std::vector<std::string>& words) {
  std::vector<Block> blocks;
  find_blocks(
      0, words.size(), [&](std::uint64_t i) -> const std::string& { return words[i]; }, blocks, [](BlockFault) {});
  std::vector<std::int64_t> ids(words.size(), -1);
  for (std::size_t block = 0; block < blocks.size(); ++block)
    for (std::uint64_t i = blocks[block].first; i <= blocks[block].last; ++i) ids[i] = static_cast<std::int64_t>(block);
  return ids;
}

// Throws Error if there are blocks and the latent transformer never looks ahead. `where` has them.
void check_blocks(std::int64_t blocks, const ComponentType& latent, std::string_view where);
inline void check_blocks(const std::vector<std::string>& words, const ComponentType& latent, std::string_view where) {
  std::int64_t blocks = 0;
  for (const std::int64_t id : block_ids(words)) blocks = blocks > id ? blocks : id + 1;
  check_blocks(blocks, latent, where);
}

}  // namespace welt
