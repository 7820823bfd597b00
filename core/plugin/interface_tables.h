// Which functions the table of an interface must have. Asked wherever the host takes a table from a plugin, so that a
// short table or an empty slot is refused in words and never called. Torch-free. [any]
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace welt {

// One function (or other member that must not be null) of a table.
struct TableSlot {
  const char* name;
  std::uint32_t offset;
  bool optional;  // its header says what holds when it is null
};

// The slots of a known interface, in the order of its header; empty for an id this host does not know.
std::span<const TableSlot> table_slots(std::string_view id);

// What is wrong with a plugin's table: "it has 24 bytes, which end before forward", "its forward is null". Empty:
// nothing is; of an id that is not known here only the length is asked. `table` is not null.
std::string table_fault(std::string_view id, const void* table);

}  // namespace welt
