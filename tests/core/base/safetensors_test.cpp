// core/base/safetensors: round trips, every way a header can lie, and a bounded fuzz loop.
#include "core/base/safetensors.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstring>
#include <random>

#include "core/base/file.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

using test::error_of;
using test::TempFolder;

std::string little_endian(std::uint64_t number) {
  std::string text;
  for (int shift = 0; shift < 64; shift += 8) text += static_cast<char>(number >> shift & 0xFF);
  return text;
}

std::string file_of(std::string_view header, std::string_view data = "") {
  return little_endian(header.size()) + std::string(header) + std::string(data);
}

// The error for a file with this content; it must name the file.
std::string refusal(std::string_view content) {
  const TempFolder folder;
  const auto path = folder.put("model.safetensors", content);
  const std::string message = error_of([&] { SafetensorsFile::open(path); });
  EXPECT_CONTAINS(message, path.string());
  return message;
}

std::string refused_tensor(std::string_view fields, std::string_view data = "12345678") {
  const std::string message = refusal(file_of(R"({"a.b":)" + std::string(fields) + "}", data));
  EXPECT_CONTAINS(message, "tensor \"a.b\"");
  EXPECT_CONTAINS(message, "expected");
  EXPECT_CONTAINS(message, "copy or download it again");
  return message;
}

TEST(Safetensors, RoundTripKeepsBytesNamesAndMetadata) {
  const TempFolder folder;
  const float weight[6] = {1, -2, 3, 4, 5, 6};
  const std::uint8_t flags[3] = {0, 1, 1};
  const double one = 0.5;
  write_safetensors(folder / "x.safetensors",
                    {{"flags", "BOOL", {3}, flags},
                     {"w \"é\\", "F32", {2, 3}, weight},
                     {"none", "F32", {0, 7}, nullptr},
                     {"scalar", "F64", {}, &one}},
                    {{"format", "pt"}, {"step", "12"}});
  const SafetensorsFile file = SafetensorsFile::open(folder / "x.safetensors");
  ASSERT_EQ(file.entries().size(), 4U);
  EXPECT_EQ(file.metadata().at("step"), "12");
  const SafetensorsEntry* w = file.find("w \"é\\");
  ASSERT_NE(w, nullptr);
  EXPECT_EQ(w->dtype, "F32");
  EXPECT_EQ(w->shape, (std::vector<std::int64_t>{2, 3}));
  ASSERT_EQ(w->data.size(), sizeof(weight));
  EXPECT_EQ(std::memcmp(w->data.data(), weight, sizeof(weight)), 0);
  EXPECT_TRUE(file.find("none")->data.empty());
  EXPECT_TRUE(file.find("scalar")->shape.empty());
  EXPECT_EQ(file.find("absent"), nullptr);
}

TEST(Safetensors, EveryTensorIsAlignedToItsDtype) {
  const TempFolder folder;
  const std::uint8_t bytes[8] = {1, 1, 1, 1, 1, 1, 1, 1};
  write_safetensors(
      folder / "x",
      {{"u8", "U8", {3}, bytes}, {"bf16", "BF16", {1}, bytes}, {"f64", "F64", {1}, bytes}, {"f32", "F32", {1}, bytes}});
  const SafetensorsFile file = SafetensorsFile::open(folder / "x");
  for (const SafetensorsEntry& entry : file.entries())
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(entry.data.data()) % safetensors_dtype_size(entry.dtype), 0U);
}

TEST(Safetensors, DataOutlivesTheFileObjectThroughItsMapping) {
  const TempFolder folder;
  const float value = 4;
  write_safetensors(folder / "x", {{"a", "F32", {1}, &value}});
  std::shared_ptr<const void> mapping;
  std::span<const std::byte> data;
  {
    const SafetensorsFile file = SafetensorsFile::open(folder / "x");
    mapping = file.mapping();
    data = file.entries()[0].data;
  }
  EXPECT_EQ(std::memcmp(data.data(), &value, sizeof(value)), 0);
}

TEST(Safetensors, EntriesComeInOrderOfTheirDataAndAnEmptyFileIsFine) {
  const TempFolder folder;
  const auto path = folder.put("x", file_of(R"({"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]},)"
                                            R"("z":{"dtype":"F32","shape":[0],"data_offsets":[1,1]},)"
                                            R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}   )",
                                            "xyz"));
  const SafetensorsFile file = SafetensorsFile::open(path);
  EXPECT_EQ(file.entries()[0].name, "a");
  EXPECT_EQ(file.entries()[1].name, "z");
  EXPECT_EQ(file.entries()[2].name, "b");
  EXPECT_TRUE(SafetensorsFile::open(folder.put("y", file_of("{}"))).entries().empty());
}

TEST(SafetensorsRefuses, LyingHeaderLengths) {
  EXPECT_CONTAINS(refusal(""), "has only 0 bytes");
  EXPECT_CONTAINS(refusal("1234567"), "has only 7 bytes");
  EXPECT_CONTAINS(refusal(little_endian(3) + "{}"), "a header of 3 bytes is announced in a file of 10 bytes");
  EXPECT_CONTAINS(refusal(little_endian(~std::uint64_t{0}) + "{}"), "18446744073709551615");
  EXPECT_CONTAINS(refusal(little_endian(~std::uint64_t{0} - 7) + "{}"), "is announced");  // + 8 would wrap around
  EXPECT_CONTAINS(refusal(little_endian(0)), "no valid JSON");
}

TEST(SafetensorsRefuses, AHeaderOverAHundredMegabytes) {
  const TempFolder folder;
  const auto path = folder.put("big", little_endian(100'000'001));
  std::filesystem::resize_file(path, 100'000'100);  // sparse
  EXPECT_CONTAINS(error_of([&] { SafetensorsFile::open(path); }), "at most 100000000 bytes");
}

TEST(SafetensorsRefuses, WhatIsNoJsonObject) {
  for (const char* header :
       {"", "{", "}", "nonsense", R"({"a":})", R"({"a" 1})", "{}x", R"({"a":{"dtype":"F32)", "{}{}"})
    EXPECT_CONTAINS(refusal(file_of(header)), "no valid JSON");
  EXPECT_CONTAINS(refusal(file_of("{\"\xFF\":1}")), "no valid JSON");
  EXPECT_CONTAINS(refusal(file_of("[]")), "the header is an array");
  EXPECT_CONTAINS(refusal(file_of("3")), "the header is 3");
  EXPECT_CONTAINS(refusal(file_of("null")), "the header is null");
}

TEST(SafetensorsRefuses, DeepNesting) {
  const std::string deep(1'000'000, '[');
  EXPECT_CONTAINS(refusal(file_of(deep)), "the header is an array");
  EXPECT_CONTAINS(refusal(file_of("{\"a\":{\"shape\":" + deep)), "a size in its shape is an array");
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_CONTAINS(refusal(file_of(objects)), "unknown key \"a\"");
}

TEST(SafetensorsRefuses, DuplicateNames) {
  const std::string tensor = R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  EXPECT_CONTAINS(refusal(file_of("{" + tensor + "," + tensor + "}", "x")), "tensor \"a\": the name is there twice");
  EXPECT_CONTAINS(refusal(file_of(R"({"__metadata__":{},"__metadata__":{}})")), "twice");
  EXPECT_CONTAINS(refusal(file_of(R"({"__metadata__":{"k":"1","k":"2"}})")), "the key \"k\" is there twice");
  EXPECT_CONTAINS(refused_tensor(R"({"dtype":"U8","dtype":"F32"})"), "its dtype is there twice");
}

TEST(SafetensorsRefuses, EntriesThatAreNoTensors) {
  EXPECT_CONTAINS(refused_tensor("7"), "is 7");
  EXPECT_CONTAINS(refused_tensor("null"), "is null");
  EXPECT_CONTAINS(refused_tensor("[1]"), "is an array");
  EXPECT_CONTAINS(refused_tensor("{}"), "its dtype is missing");
  EXPECT_CONTAINS(refused_tensor(R"({"dtype":"U8","data_offsets":[0,8]})"), "its shape is missing");
  EXPECT_CONTAINS(refused_tensor(R"({"dtype":"U8","shape":[8]})"), "its data_offsets is missing");
  EXPECT_CONTAINS(refused_tensor(R"({"dtype":"U8","shape":[8],"data_offsets":[0,8],"x":1})"), "unknown key \"x\"");
  EXPECT_CONTAINS(refused_tensor(R"({"dtype":8})"), "its dtype is 8");
  EXPECT_CONTAINS(refused_tensor(R"({"dtype":["F32"]})"), "its dtype is an array");
  EXPECT_CONTAINS(refused_tensor(R"({"shape":8})"), "its shape is 8");
  EXPECT_CONTAINS(refused_tensor(R"({"shape":"8"})"), "its shape is the string \"8\"");
  EXPECT_CONTAINS(refused_tensor(R"({"data_offsets":{}})"), "its data_offsets is an object");
}

TEST(SafetensorsRefuses, MetadataThatIsNoString) {
  for (const char* value : {"1", "null", "true", "[]", "{}", "1.5"})
    EXPECT_CONTAINS(refusal(file_of(R"({"__metadata__":{"step":)" + std::string(value) + "}}")),
                    "__metadata__: the value of \"step\" is");
  EXPECT_CONTAINS(refusal(file_of(R"({"__metadata__":3})")), "__metadata__: is 3");
}

// Whoever asks for the tensor is told: entry_type() of core/tensor/tensor_io.cpp.
TEST(Safetensors, OneUnusedTensorOfAnotherTypeRefusedTheWholeFile) {
  const TempFolder folder;
  for (const auto& [dtype, bytes] : std::vector<std::pair<std::string, int>>{{"U16", 16},
                                                                             {"U32", 32},
                                                                             {"U64", 64},
                                                                             {"C64", 64},
                                                                             {"F8_E4M3", 8},
                                                                             {"F8_E8M0", 8},
                                                                             {"F4", 4},
                                                                             {"F6_E2M3", 6},
                                                                             {"NEWTYPE", 33}}) {
    const std::string header = fmt::format(
        R"({{"a":{{"dtype":"{}","shape":[8],"data_offsets":[0,{}]}},"b":{{"dtype":"U8","shape":[1],"data_offsets":[{},{}]}}}})",
        dtype, bytes, bytes, bytes + 1);
    const SafetensorsFile file = SafetensorsFile::open(
        folder.put("x.safetensors", file_of(header, std::string(static_cast<std::size_t>(bytes) + 1, 'x'))));
    ASSERT_NE(file.find("a"), nullptr) << dtype;
    EXPECT_EQ(file.find("a")->dtype, dtype);
    EXPECT_EQ(file.find("a")->data.size(), static_cast<std::size_t>(bytes));
    EXPECT_EQ(safetensors_dtype_size(dtype), 0U);
  }
  EXPECT_CONTAINS(refused_tensor(R"({"dtype":"U32","shape":[1],"data_offsets":[0,8]})"), "U32 [1] takes 4");
  EXPECT_CONTAINS(refused_tensor(R"({"dtype":"C64","shape":[1152921504606846976],"data_offsets":[0,8]})"), "too large");
}

TEST(SafetensorsRefuses, WhatIsNoDtype) {
  for (const char* dtype : {"", "f32", "A B", "ABCDEFGHIJKLMNOPQ"}) {
    const std::string message =
        refusal(file_of(R"({"a":{"dtype":")" + std::string(dtype) + R"(","shape":[1],"data_offsets":[0,1]}})", "x"));
    EXPECT_CONTAINS(message, fmt::format("tensor \"a\": unknown dtype \"{}\"", dtype));
    EXPECT_CONTAINS(message, "BF16");
  }
}

TEST(SafetensorsRefuses, OtherKindsOfFilesCalledThemDamagedHeaders) {
  EXPECT_CONTAINS(refusal("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"), "git lfs pull");
  EXPECT_CONTAINS(refusal("<!DOCTYPE html>\n<html>"), "an HTML page");
  EXPECT_CONTAINS(refusal(std::string("PK\x03\x04\x14\0\0\0\0\0", 10)), "a zip archive");
  EXPECT_CONTAINS(refusal("\x1F\x8B\x08"), "compressed with gzip");
  // A header of 35615 bytes begins as gzip does.
  const TempFolder folder;
  EXPECT_TRUE(SafetensorsFile::open(folder.put("x", file_of("{}" + std::string(35613, ' ')))).entries().empty());
}

TEST(SafetensorsRefuses, ANulInTheHeaderHidWhatFollowed) {
  EXPECT_CONTAINS(refusal(file_of(std::string("{}\0{\"a\":1}", 10))), "no valid JSON (at byte 10 of the file)");
}

TEST(SafetensorsRefuses, BadSizes) {
  const auto shape = [](const std::string& text) {
    return refused_tensor(R"({"dtype":"F32","shape":)" + text + R"(,"data_offsets":[0,8]})");
  };
  EXPECT_CONTAINS(shape("[-2]"), "a size in its shape is -2");
  EXPECT_CONTAINS(shape("[2.0]"), "a size in its shape is 2.0");
  EXPECT_CONTAINS(shape("[1e3]"), "1e3");
  EXPECT_CONTAINS(shape("[99999999999999999999]"), "99999999999999999999");
  EXPECT_CONTAINS(shape("[true]"), "a size in its shape is true");
  EXPECT_CONTAINS(shape("[9223372036854775808]"), "too large");
  EXPECT_CONTAINS(shape("[4294967296,4294967296]"), "too large");
  EXPECT_CONTAINS(shape("[4611686018427387904,4]"), "too large");
  EXPECT_CONTAINS(shape("[0,9223372036854775807,9223372036854775807]"), "too large");  // its strides overflow
  EXPECT_CONTAINS(shape("[" + std::string(64 * 2, ' ') + "1" +
                        [] {
                          std::string ones;
                          for (int i = 0; i < 64; ++i) ones += ",1";
                          return ones;
                        }() +
                        "]"),
                  "more than 64 sizes");
}

TEST(SafetensorsRefuses, BadOffsets) {
  const auto offsets = [](const std::string& text) {
    return refused_tensor(R"({"dtype":"F32","shape":[2],"data_offsets":)" + text + "}");
  };
  EXPECT_CONTAINS(offsets("[0,12]"), "data offsets 0..12 lie outside of the file's data (8 bytes)");
  EXPECT_CONTAINS(offsets("[8,0]"), "data offsets 8..0");
  EXPECT_CONTAINS(offsets("[18446744073709551608,18446744073709551615]"), "lie outside");
  EXPECT_CONTAINS(offsets("[-8,0]"), "one of its data_offsets is -8");
  EXPECT_CONTAINS(offsets("[0]"), "not two numbers");
  EXPECT_CONTAINS(offsets("[0,8,8]"), "more than two numbers");
  EXPECT_CONTAINS(offsets("[0,4]"), "data offsets 0..4 hold 4 bytes, but F32 [2] takes 8");
}

TEST(SafetensorsRefuses, OverlapsAndHoles) {
  const auto two = [](const char* second, std::size_t size) {
    return refusal(file_of(std::string(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":)") + second + "}",
                           std::string(size, 'x')));
  };
  EXPECT_CONTAINS(two(R"({"dtype":"U8","shape":[4],"data_offsets":[2,6]})", 6),
                  "tensor \"b\": its data begins at 2, inside");
  EXPECT_CONTAINS(two(R"({"dtype":"U8","shape":[4],"data_offsets":[0,4]})", 4), "inside tensor \"a\"");
  EXPECT_CONTAINS(two(R"({"dtype":"U8","shape":[1],"data_offsets":[6,7]})", 7), "2 bytes behind tensor \"a\"");
  EXPECT_CONTAINS(two(R"({"dtype":"U8","shape":[0],"data_offsets":[2,2]})", 4), "its data begins at");
  EXPECT_CONTAINS(two(R"({"dtype":"U8","shape":[1],"data_offsets":[4,5]})", 9), "4 bytes follow the last tensor");
  EXPECT_CONTAINS(refusal(file_of("{}", "x")), "1 bytes follow");
}

TEST(SafetensorsRefuses, BooleansThatAreNeitherTrueNorFalse) {
  EXPECT_CONTAINS(refused_tensor(R"({"dtype":"BOOL","shape":[2],"data_offsets":[0,2]})", "\x01\x02"),
                  "neither 0 nor 1");
}

TEST(SafetensorsRefuses, NamesThatWouldSpoilTheMessage) {
  const std::string message = refusal(file_of("{\"a\\n\\u0000" + std::string(5000, 'n') + "\":1}"));
  EXPECT_CONTAINS(message, "\"a\\x0a\\x00nnn");
  EXPECT_EQ(message.find('\n'), std::string::npos);
  EXPECT_LT(message.size(), 500U);
}

// Reads every byte that the entries promise: a sanitizer sees what leaves the mapping.
std::size_t touch(const SafetensorsFile& file) {
  std::size_t sum = 0;
  for (const SafetensorsEntry& entry : file.entries())
    for (const std::byte byte : entry.data) sum += std::to_integer<std::size_t>(byte);
  return sum;
}

TEST(SafetensorsFuzz, TruncatedAndFlippedFilesAreReadOrRefusedNeverMore) {
  const TempFolder folder;
  const float weight[6] = {1, 2, 3, 4, 5, 6};
  const std::int64_t ids[3] = {1, 2, 3};
  write_safetensors(folder / "good", {{"encoder.weight", "F32", {2, 3}, weight}, {"ids", "I64", {3}, ids}});
  const std::string good = read_file(folder / "good");
  const std::size_t header_end = good.size() - sizeof(weight) - sizeof(ids);
  // Thousands of files: in memory, because rewriting one on a disk may wait for the disk each time.
  const int memory = ::memfd_create("welt-test", MFD_CLOEXEC);
  ASSERT_GE(memory, 0);
  const std::filesystem::path path = "/proc/self/fd/" + std::to_string(memory);
  std::size_t refused = 0, read = 0;
  const auto attempt = [&](std::string_view content) {
    ASSERT_EQ(::ftruncate(memory, static_cast<off_t>(content.size())), 0);
    ASSERT_EQ(::pwrite(memory, content.data(), content.size(), 0), static_cast<ssize_t>(content.size()));
    try {
      touch(SafetensorsFile::open(path));
      ++read;
    } catch (const Error& error) {
      EXPECT_CONTAINS(error.what(), path.string());
      ++refused;
    }
  };
  for (std::size_t size = 0; size < good.size(); ++size) attempt(std::string_view(good).substr(0, size));
  EXPECT_EQ(read, 0U);
  for (std::size_t bit = 0; bit < header_end * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << bit % 8);
    attempt(bad);
  }
  std::mt19937 random(7);
  const std::string_view alphabet = "{}[]\",:0123456789-.eE\\ \xFF";
  for (int round = 0; round < 1500; ++round) {
    std::string bad = good;
    for (unsigned edits = 1 + random() % 4; edits > 0; --edits)
      bad[8 + random() % (header_end - 8)] = alphabet[random() % alphabet.size()];
    attempt(bad);
  }
  ::close(memory);
  EXPECT_GT(refused, read);
}

TEST(SafetensorsWrite, RefusesWhatItCouldNotReadBack) {
  const TempFolder folder;
  const std::uint8_t byte = 0;
  const auto written = [&](SafetensorsTensor tensor) {
    return error_of([&] { write_safetensors(folder / "x", {tensor, tensor}); });
  };
  EXPECT_CONTAINS(written({"a", "U8", {1}, &byte}), "tensor \"a\": the name is taken");
  EXPECT_CONTAINS(written({"__metadata__", "U8", {1}, &byte}), "the name is taken");
  EXPECT_CONTAINS(written({"a", "F8", {1}, &byte}), "dtype \"F8\"");
  EXPECT_CONTAINS(written({"a", "U8", {-1}, &byte}), "shape [-1]");
  EXPECT_CONTAINS(error_of([&] { write_safetensors(folder / "x", {{"\xFF", "U8", {1}, &byte}}); }), "UTF-8");
  EXPECT_FALSE(std::filesystem::exists(folder / "x"));
}

TEST(SafetensorsWrite, FullDiskLeavesTheOldFile) {
  const TempFolder folder;
  if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=64k") != 0) GTEST_SKIP() << "mounting is not permitted";
  const std::vector<float> values(100'000, 1.0F);
  write_safetensors(folder / "x", {{"a", "F32", {10}, values.data()}});
  const std::string before = read_file(folder / "x");
  const std::string message = error_of([&] {
    write_safetensors(folder / "x", {{"a", "F32", {100'000}, values.data()}});
  });
  const std::string after = read_file(folder / "x");
  EXPECT_EQ(::umount2(folder.path().c_str(), MNT_DETACH), 0);
  EXPECT_CONTAINS(message, "No space left");
  EXPECT_EQ(before, after);
}

}  // namespace
}  // namespace welt
