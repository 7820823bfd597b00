// Tables that a plugin broke by hand: null slots and short structs are found before anything of them is called.
#include "core/plugin/interface_tables.h"

#include <gtest/gtest.h>
#include <welt/abi/decoder.h>
#include <welt/abi/kv_cache.h>
#include <welt/abi/mode.h>
#include <welt/abi/plugin.h>
#include <welt/abi/segmenter.h>

#include <cstring>
#include <vector>

namespace welt {
namespace {

// A table with a non-null pointer in every slot of the interface.
std::vector<unsigned char> full_table(std::string_view id) {
  const auto slots = table_slots(id);
  const std::uint32_t size = slots.back().offset + sizeof(void*);
  std::vector<unsigned char> bytes(size, 0xAB);
  std::memcpy(bytes.data(), &size, sizeof size);
  return bytes;
}

const char* const interfaces[] = {WELT_DECODER_INTERFACE, WELT_KV_CACHE_INTERFACE, WELT_SEGMENTER_INTERFACE,
                                  WELT_COMPONENT_FACTORY};

TEST(InterfaceTables, FullOnesAreFaultless) {
  for (const char* id : interfaces) EXPECT_EQ(table_fault(id, full_table(id).data()), "") << id;
}

TEST(InterfaceTables, LongerOnesOfANewerMinorAreFaultless) {
  std::vector<unsigned char> bytes = full_table(WELT_DECODER_INTERFACE);
  bytes.resize(bytes.size() + 64);
  const auto size = static_cast<std::uint32_t>(bytes.size());
  std::memcpy(bytes.data(), &size, sizeof size);
  EXPECT_EQ(table_fault(WELT_DECODER_INTERFACE, bytes.data()), "");
}

TEST(InterfaceTables, EveryNullSlotIsNamedUnlessItIsOptional) {
  for (const char* id : interfaces) {
    for (const TableSlot& slot : table_slots(id)) {
      std::vector<unsigned char> bytes = full_table(id);
      std::memset(bytes.data() + slot.offset, 0, sizeof(void*));
      const std::string expected = slot.optional ? "" : std::string("its ") + slot.name + " is null";
      EXPECT_EQ(table_fault(id, bytes.data()), expected) << id;
    }
  }
}

TEST(InterfaceTables, EveryShortTableIsFoundAtTheSlotThatItCuts) {
  for (const char* id : interfaces) {
    for (const TableSlot& slot : table_slots(id)) {
      if (slot.optional) continue;
      std::vector<unsigned char> bytes = full_table(id);
      const std::uint32_t size = slot.offset + 4;
      std::memcpy(bytes.data(), &size, sizeof size);
      bytes.resize(size);  // what lies behind is not the table's: reading it would be a fault
      EXPECT_EQ(table_fault(id, bytes.data()),
                "it has " + std::to_string(size) + " bytes, which end before " + slot.name);
    }
  }
}

TEST(InterfaceTables, ModeNeedsNoActivationCheckpointing) {
  std::vector<unsigned char> bytes = full_table(WELT_MODE_INTERFACE);
  const std::uint32_t size = offsetof(welt_mode_v1, checkpoint_every);
  std::memcpy(bytes.data(), &size, sizeof size);
  EXPECT_EQ(table_fault(WELT_MODE_INTERFACE, bytes.data()), "");
}

TEST(InterfaceTables, UnknownInterfacesMustOnlyBeLongEnoughToBeATable) {
  const std::uint32_t none = 8, one_function = 16;
  EXPECT_TRUE(table_slots("org.example.other/1").empty());
  EXPECT_EQ(table_fault("org.example.other/1", &none), "it has 8 bytes, less than any table");
  EXPECT_EQ(table_fault("org.example.other/1", &one_function), "");
}

}  // namespace
}  // namespace welt
