// The batched UTF-8 mask against tests/goldens/text/utf8_mask.jsonl, and against the automaton for one text.
#include "core/model/utf8_mask.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <random>

#include "core/base/utf8.h"
#include "tests/core/text/golden_lines.h"

namespace welt {
namespace {

std::vector<std::int64_t> from_hex(const std::string& hex) {
  std::vector<std::int64_t> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) bytes.push_back(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

ByteSet set_of(const at::Tensor& row) {  // bool [256]
  ByteSet set;
  for (std::size_t byte = 0; byte < 256; ++byte) set.set(byte, row.contiguous().const_data_ptr<bool>()[byte]);
  return set;
}

ByteSet from_ranges(const nlohmann::ordered_json& ranges) {
  ByteSet set;
  for (const auto& range : ranges)
    for (int byte = range[0]; byte <= range[1].get<int>(); ++byte) set.set(static_cast<std::size_t>(byte));
  return set;
}

// All prefixes of one length are one batch.
void check_goldens(Utf8Rule rule, const char* column) {
  const Utf8Mask mask(rule);
  std::map<std::size_t, std::vector<nlohmann::ordered_json>> by_length;
  int cases = 0;
  for (const auto& row : test::golden_lines("utf8_mask.jsonl"))
    by_length[row["prefix"].get_ref<const std::string&>().size() / 2].push_back(row);
  for (const auto& [length, rows] : by_length) {
    const auto count = static_cast<std::int64_t>(rows.size());
    at::Tensor states = mask.start(count);
    for (std::size_t at = 0; at < length; ++at) {
      std::vector<std::int64_t> bytes;
      for (const auto& row : rows) bytes.push_back(from_hex(row["prefix"])[at]);
      states = mask.advance(states, at::tensor(bytes, at::kLong));
    }
    const at::Tensor allowed = mask.allowed(states, at::full({count}, 4, at::kLong)), ends = mask.can_end(states);
    for (std::int64_t i = 0; i < count; ++i, ++cases) {
      const auto& row = rows[static_cast<std::size_t>(i)];
      EXPECT_EQ(set_of(allowed[i]), from_ranges(row[column])) << row.dump();
      if (rule == Utf8Rule::reference) continue;
      EXPECT_EQ(ends[i].item<bool>(), row["strict_can_end"].get<bool>()) << row.dump();
    }
  }
  EXPECT_EQ(cases, 427);
}

TEST(Utf8MaskParity, StrictEqualsTheGoldens) { check_goldens(Utf8Rule::strict, "strict"); }

TEST(Utf8MaskParity, ReferenceEqualsTheGoldens) { check_goldens(Utf8Rule::reference, "reference"); }

TEST(Utf8Mask, EveryStateRoomAndByteEqualsTheAutomaton) {
  for (const Utf8Rule rule : {Utf8Rule::strict, Utf8Rule::reference}) {
    const Utf8Mask mask(rule);
    for (std::uint8_t state = 0; state < utf8_states; ++state) {
      const at::Tensor next = mask.advance(at::full({256}, state, at::kLong), at::arange(256, at::kLong));
      for (int byte = 0; byte < 256; ++byte)
        ASSERT_EQ(next[byte].item<std::int64_t>(), utf8_next(state, static_cast<std::uint8_t>(byte), rule));
      const at::Tensor room = at::arange(-1, 9, at::kLong);
      const at::Tensor allowed = mask.allowed(at::full({10}, state, at::kLong), room);
      for (std::int64_t i = 0; i < 10; ++i) EXPECT_EQ(set_of(allowed[i]), utf8_allowed(state, i - 1, rule));
    }
  }
}

// A batch that always takes some allowed byte, until the room is gone: every row is well-formed and whole.
TEST(Utf8Mask, WhateverIsChosenEndsBetweenCharacters) {
  std::mt19937 random(5);
  const Utf8Mask mask;
  constexpr std::int64_t count = 64, longest = 9;
  std::vector<std::string> texts(count);
  at::Tensor states = mask.start(count), room = at::arange(count, at::kLong).remainder(longest + 1);
  for (std::int64_t step = 0; step < longest; ++step, room = room.sub(1)) {
    const at::Tensor allowed = mask.allowed(states, room);
    std::vector<std::int64_t> bytes(count, 0);
    for (std::int64_t i = 0; i < count; ++i) {
      if (room[i].item<std::int64_t>() <= 0) continue;
      const ByteSet set = set_of(allowed[i]);
      ASSERT_TRUE(set.any());
      do bytes[static_cast<std::size_t>(i)] = random() % 256;
      while (!set.test(static_cast<std::size_t>(bytes[static_cast<std::size_t>(i)])));
      texts[static_cast<std::size_t>(i)] += static_cast<char>(bytes[static_cast<std::size_t>(i)]);
    }
    states = mask.advance(states, at::tensor(bytes, at::kLong));
  }
  for (const std::string& text : texts) EXPECT_EQ(find_invalid_utf8(text), utf8_ok);
}

}  // namespace
}  // namespace welt
