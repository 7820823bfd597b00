// The note reader on hostile files: whatever the bytes, it answers or throws welt::Error, and reads nothing outside.
#include "core/plugin/note_reader.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <string>

#include "core/base/error.h"
#include "core/base/file.h"

namespace welt {
namespace {

std::string good_file() { return read_file(WELT_PLUGIN_ZOO "/good/welt_spaces.plugin.so"); }

// Reads from a block of exactly this size, so that a sanitizer sees a read past its end.
bool is_read(const std::string& bytes) {
  const auto block = std::make_unique<std::byte[]>(bytes.size());
  std::memcpy(block.get(), bytes.data(), bytes.size());
  try {
    read_plugin_facts({block.get(), bytes.size()}, "file");
    return true;
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("file: "), std::string::npos);
    return false;
  }
}

TEST(NoteReader, ReadsWhatTheBuildWrote) {
  const std::string bytes = good_file();
  const PluginFacts facts = read_plugin_facts(std::as_bytes(std::span(bytes)), "file");
  EXPECT_STREQ(facts.note.id, "spaces");
  EXPECT_EQ(facts.note.struct_size, sizeof(welt_plugin_note));
  EXPECT_EQ(facts.note.abi_major, WELT_ABI_MAJOR);
  EXPECT_EQ(facts.note.abi_minor_max, WELT_ABI_MINOR);
  EXPECT_EQ(facts.exports, std::vector<std::string>{"welt_plugin_entry"});
}

TEST(NoteReader, EveryTruncationIsAnError) {
  const std::string bytes = good_file();
  for (std::size_t size = 0; size < bytes.size(); size += size < 2048 ? 1 : 97) {
    EXPECT_FALSE(is_read(bytes.substr(0, size))) << "cut to " << size << " of " << bytes.size();
  }
}

TEST(NoteReader, FlippedBitsNeverLeaveTheFile) {
  const std::string bytes = good_file();
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof header);
  std::mt19937 random(7);
  int read = 0;
  for (int round = 0; round < 6000; ++round) {
    std::string changed = bytes;
    for (int flips = round % 4; flips >= 0; --flips) {
      // Half of the flips hit the headers at the start, half the section headers at the end.
      const std::size_t at =
          round % 2 == 0 ? random() % 1024 : header.e_shoff + random() % (bytes.size() - header.e_shoff);
      changed[std::min(at, bytes.size() - 1)] ^= static_cast<char>(1u << (random() % 8));
    }
    read += is_read(changed) ? 1 : 0;
  }
  EXPECT_GT(read, 0);  // harmless bits exist
}

TEST(NoteReader, HugeNumbersInEveryHeaderFieldAreErrorsOrHarmless) {
  const std::string bytes = good_file();
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof header);
  const auto set_all = [&](std::size_t begin, std::size_t end) {
    for (std::size_t at = begin; at + 8 <= end; at += 2) {
      for (const std::uint64_t value : {~0ull, 0ull, 0x7fffffffffffffffull, ~0ull - 63}) {
        std::string changed = bytes;
        std::memcpy(changed.data() + at, &value, sizeof value);
        is_read(changed);
      }
    }
  };
  set_all(0, sizeof header);
  set_all(header.e_phoff, header.e_phoff + std::size_t{header.e_phnum} * sizeof(Elf64_Phdr));
  set_all(header.e_shoff, header.e_shoff + 8 * sizeof(Elf64_Shdr));
}

TEST(NoteReader, ShorterNoteOfAnOlderPluginIsReadAsFarAsItGoes) {
  std::string bytes = good_file();
  const std::size_t note = bytes.find(std::string("welt\0\0\0\0", 8)) + 8;
  const std::uint32_t shorter = offsetof(welt_plugin_note, compiler);
  std::memcpy(bytes.data() + note, &shorter, sizeof shorter);
  const PluginFacts facts = read_plugin_facts(std::as_bytes(std::span(bytes)), "file");
  EXPECT_STREQ(facts.note.id, "spaces");
  EXPECT_STREQ(facts.note.compiler, "");
  const std::uint32_t too_short = 8;
  std::memcpy(bytes.data() + note, &too_short, sizeof too_short);
  EXPECT_FALSE(is_read(bytes));
}

TEST(NoteReader, AnotherMachinesFileSaysSo) {
  std::string bytes = good_file();
  bytes[offsetof(Elf64_Ehdr, e_machine)] = EM_S390;
  try {
    read_plugin_facts(std::as_bytes(std::span(bytes)), "file");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("another machine"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace welt
