// core/data/text_stream and line_reader: what every verb that reads text shares.
#include "core/data/text_stream.h"

#include <random>

#include "core/data/csv.h"
#include "core/data/line_reader.h"
#include "gzip.h"
#include "temporary_folder.h"

namespace welt {
namespace {

using namespace std::string_literals;
using test::gzip;
using test::message_of;
using test::TemporaryFolder;

std::string text_of(const std::filesystem::path& path) {
  TextStream stream(path);
  std::string text;
  while (stream.more(text)) continue;
  return text;
}

using Lines = std::vector<std::pair<std::string, std::uint64_t>>;

Lines lines_of(const std::filesystem::path& path, LineLimits limits = {}) {
  LineReader reader(path, limits);
  Lines lines;
  std::string_view line;
  for (std::uint64_t offset = 0; reader.next(line, offset);) lines.emplace_back(line, offset);
  return lines;
}

TEST(LineReader, LinesWithTheirOffsetsWithoutReturnsAndMark) {
  const TemporaryFolder folder;
  EXPECT_EQ(lines_of(folder.write("a", "\xEF\xBB\xBFone\r\n\ntwo\r\nend\r")),
            (Lines{{"one", 3}, {"", 8}, {"two", 9}, {"end", 14}}));
  EXPECT_EQ(lines_of(folder.write("b", "")), Lines{});
  EXPECT_EQ(lines_of(folder.write("c", "\n")), (Lines{{"", 0}}));
}

TEST(LineReader, LinesLongerThanABlockAndManyOfThem) {
  const TemporaryFolder folder;
  const std::string big(700'000, 'x');
  std::string text = big + "\n";
  for (int i = 0; i < 100'000; ++i) text += "short\n";
  for (const auto& path : {folder.write("plain", text + big), folder.write("packed", gzip(text + big))}) {
    const Lines lines = lines_of(path);
    ASSERT_EQ(lines.size(), 100'002U);
    EXPECT_EQ(lines.front().first, big);
    EXPECT_EQ(lines.back(), std::pair(big, std::uint64_t{text.size()}));
  }
}

TEST(LineReader, ALineBeyondTheLimitIsRefusedWhereItBegins) {
  const TemporaryFolder folder;
  const LineLimits limits{.line = 600'000};
  EXPECT_EQ(lines_of(folder.write("fits", "short\n" + std::string(600'000, 'x')), limits).size(), 2U);
  const std::string text = "short\n" + std::string(1'000'000, 'x');
  for (const auto& path : {folder.write("plain", text), folder.write("packed", gzip(text))}) {
    LineReader reader(path, limits);
    std::string_view line;
    std::uint64_t offset = 0;
    ASSERT_TRUE(reader.next(line, offset));
    EXPECT_EQ(line, "short");
    const std::string message = message_of([&] { reader.next(line, offset); });
    EXPECT_NE(message.find(path.string() + ": the line at byte 6 is longer than 600000 bytes"), std::string::npos);
  }
}

// A quote without an end took the rest of the file into memory, whatever its size.
TEST(LineReader, ARowOfCsvOfManyLinesHasTheLimitToo) {
  const TemporaryFolder folder;
  std::string text = "1,\"one\ntwo\"\n2,\"";
  for (int i = 0; i < 2'000; ++i) text += "a line of an open quote\n";
  LineReader lines(folder.write("a.csv", text), {.line = 20'000});
  std::string record;
  std::uint64_t read = 0, line = 0;
  ASSERT_TRUE(next_csv_record(lines, ',', read, record, line));
  const std::string message = message_of([&] { next_csv_record(lines, ',', read, record, line); });
  EXPECT_NE(message.find("a.csv:3: a row of more than 20000 bytes"), std::string::npos) << message;
}

// 200 MB of zeros in 200 KB were one row.
TEST(LineReader, ABombIsOneLongLineAndNotManyLinesThatAreAlike) {
  const TemporaryFolder folder;
  const auto bomb = folder.write("bomb.gz", gzip("short\n" + std::string(70'000'000, 'x')));
  const std::string found = " bytes of one line or document";
  EXPECT_NE(message_of([&] { lines_of(bomb); }).find(found), std::string::npos);
  EXPECT_NE(message_of([&] { LineReader(bomb).rest(); }).find(found), std::string::npos);

  const LineLimits low{.suspicious = 4'000'000};  // what is unpacked at once is less
  std::string alike;
  for (int i = 0; i < 200'000; ++i) alike += "the same row\n";
  EXPECT_EQ(lines_of(folder.write("alike.gz", gzip(alike)), low).size(), 200'000U);
  std::string letters(6'000'000, ' ');
  std::mt19937 random(1);
  for (char& c : letters) c = static_cast<char>('a' + random() % 26);
  EXPECT_EQ(lines_of(folder.write("letters.gz", gzip(letters)), low).size(), 1U);
  EXPECT_EQ(lines_of(folder.write("plain", std::string(6'000'000, 'x')), low).size(), 1U) << "nothing was packed";
  // What is packed well in front of a bomb does not hide it, and text behind many lines that are alike is no bomb.
  EXPECT_NE(message_of([&] {
              lines_of(folder.write("hidden.gz", gzip(letters + "\n" + std::string(9'000'000, 'x'))), low);
            }).find(found),
            std::string::npos);
  EXPECT_EQ(lines_of(folder.write("behind.gz", gzip(alike + letters)), low).size(), 200'001U);
}

TEST(TextStream, GzipIsKnownByItsBytesWhateverTheName) {
  const TemporaryFolder folder;
  for (const char* name : {"a.txt", "a.gz", "a.GZ", "a"}) EXPECT_EQ(text_of(folder.write(name, gzip("text"))), "text");
  EXPECT_EQ(text_of(folder.write("mark.gz", gzip("\xEF\xBB\xBFtext"))), "text");
  EXPECT_EQ(text_of(folder.write("empty.gz", "")), "");
  EXPECT_NE(message_of([&] { text_of(folder.write("plain.GZ", "text")); }).find("not compressed with gzip"),
            std::string::npos);
}

TEST(TextStream, AllMembersAreReadAndZerosBetweenAndBehindThem) {
  const TemporaryFolder folder;
  const std::string zeros(300'000, '\0'), none = gzip("");
  for (const std::string& packed : {gzip("one ") + gzip("two"), gzip("one ") + "\0\0\0"s + gzip("two"),
                                    gzip("one ") + gzip("two") + zeros, none + gzip("one two") + none + "\0"s})
    EXPECT_EQ(text_of(folder.write("a.gz", packed)), "one two");
}

// Cut in front of its head, in it, in the data, in the checksum: each was the end of the text, without a word.
TEST(TextStream, ADamagedSecondMemberWasDroppedSilently) {
  const TemporaryFolder folder;
  const std::string first = gzip(std::string(800, 'a')), second = gzip(std::string(100'000, 'b') + "end");
  const auto refusal = [&](const std::string& rest) {
    return message_of([&] { text_of(folder.write("x.gz", first + rest)); });
  };
  for (std::size_t at = 0; at < 3; ++at) {
    std::string damaged = second;
    damaged[at] ^= 0x15;
    EXPECT_NE(refusal(damaged).find("x.gz: what follows the first 800 bytes"), std::string::npos) << at;
  }
  std::string damaged = second;
  damaged[second.size() - 6] ^= 1;
  EXPECT_NE(refusal(damaged).find("x.gz: the compressed data is damaged"), std::string::npos);
  for (const std::size_t size : {std::size_t{1}, std::size_t{9}, second.size() / 2, second.size() - 1})
    EXPECT_NE(refusal(second.substr(0, size)).find("ends too early"), std::string::npos) << size;
  EXPECT_NE(refusal("garbage").find("what follows the first 800 bytes"), std::string::npos);
  EXPECT_NE(refusal("\0\0garbage"s).find("what follows the first 800 bytes"), std::string::npos);
}

TEST(TextStream, OtherKindsOfFilesWereTakenForText) {
  const TemporaryFolder folder;
  const auto refusal = [&](const std::string& content) {
    return message_of([&] { text_of(folder.write("corpus.txt", content)); });
  };
  const std::string pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n";
  EXPECT_NE(refusal(pointer).find("git lfs pull"), std::string::npos);
  EXPECT_NE(refusal(gzip(pointer)).find("(decompressed): is a Git LFS pointer"), std::string::npos);
  EXPECT_NE(refusal("PAR1\x15\x04").find("Parquet"), std::string::npos);
  EXPECT_NE(refusal("PAR1\x15\x04").find("format = \"parquet\""), std::string::npos) << "it is read, under its name";
  EXPECT_NE(refusal("\xFF\xFEt\0e\0"s).find("iconv -f UTF-16"), std::string::npos);
  EXPECT_NE(refusal("t\0e\0x\0t\0\n\0"s).find("UTF-16"), std::string::npos);
  EXPECT_NE(refusal("\xEF\xBB\xBF<!doctype html>").find("HTML"), std::string::npos);
  EXPECT_NE(refusal(gzip(gzip("text"))).find("compressed with gzip"), std::string::npos);
  EXPECT_NE(refusal("\x10\0\0\0\0\0\0\0{\"a\": 1}        "s).find("a .safetensors file"), std::string::npos);
}

TEST(TextStream, SmallMembersAtOnceAndLargeOnesPieceByPieceAreOneText) {
  const TemporaryFolder folder;
  std::string large(5'000'000, ' ');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>('a' + i * i % 23);
  const std::string small = "one\ntwo\n", packed = gzip(small) + gzip(large) + gzip(small);
  EXPECT_EQ(text_of(folder.write("a.gz", gzip(small) + gzip(small))), small + small);
  EXPECT_EQ(text_of(folder.write("b.gz", packed)), small + large + small);
  std::string tiny, repeated;  // each was unpacked into room for two megabytes of its own
  for (int i = 0; i < 20'000; ++i) tiny += gzip(small), repeated += small;
  EXPECT_EQ(text_of(folder.write("d.gz", tiny)), repeated);
  for (const std::size_t kept : {packed.size() - 1, packed.size() - 40, gzip(small).size() + 100}) {
    const std::string message = message_of([&] { text_of(folder.write("c.gz", packed.substr(0, kept))); });
    EXPECT_NE(message.find("ends too early"), std::string::npos) << kept << ": " << message;
  }
}

TEST(TextStream, ATextCutWhileItIsReadWasABusError) {
  const TemporaryFolder folder;
  for (const bool packed : {false, true}) {
    std::string text(6'000'000, ' ');
    std::mt19937 random(1);  // so that it stays large when it is compressed
    for (char& c : text) c = static_cast<char>('a' + random() % 26);
    const auto path = folder.write("x.txt", packed ? gzip(text) : text);
    TextStream stream(path);
    std::string read;
    ASSERT_TRUE(stream.more(read));
    std::filesystem::resize_file(path, 0);
    const std::string message = message_of([&] {
      while (stream.more(read)) continue;
    });
    EXPECT_NE(message.find("x.txt: it was cut to"), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace welt
