// core/base/file: reading, mapping, hashes, and writing that survives a full disk and a kill.
#include "core/base/file.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <welt/common/file_kind.h>
#include <welt/common/sha256.h>

#include <chrono>
#include <thread>

#include "core/base/atomic_file.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using test::error_of;
using test::TempFolder;

std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(ReadFile, ReadsEverythingAlsoBinaryAndEmpty) {
  const TempFolder folder;
  const std::string content("a\0b\r\n\xFF", 6);
  EXPECT_EQ(read_file(folder.put("x", content)), content);
  EXPECT_EQ(read_file(folder.put("empty", "")), "");
  EXPECT_FALSE(read_file("/proc/self/stat").empty());  // announces size 0
}

TEST(ReadFile, ErrorsNamePathAndReason) {
  const TempFolder folder;
  EXPECT_CONTAINS(error_of([&] { read_file(folder / "absent"); }), (folder / "absent").string() + ": cannot be opened");
  EXPECT_CONTAINS(error_of([&] { read_file(folder.path()); }), "Name a file, not a folder");
  try {
    read_file(folder / "absent");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
  }
}

// The kinds that are said in words; everything else is text, or no business of this.
TEST(FileKind, FirstBytesTell) {
  using namespace std::string_literals;
  const auto name = [](std::string_view head) { return file_kind(head) ? file_kind(head)->name : "nothing known"; };
  EXPECT_EQ(name("\x1F\x8B\x08"), "compressed with gzip");
  EXPECT_EQ(name("\x28\xB5\x2F\xFD."), "compressed with zstd");
  EXPECT_EQ(name("\xFD"
                 "7zXZ\0."s),
            "compressed with xz");
  EXPECT_EQ(name("PK\x03\x04"), "a zip archive");
  EXPECT_EQ(name("PAR1\x15"), "a Parquet table");
  EXPECT_EQ(name("  <HTML lang=en>"), "an HTML page");
  EXPECT_EQ(name("<html>"), "an HTML page");
  EXPECT_EQ(name("version https://git-lfs.github.com/spec/v1\n"), "a Git LFS pointer, not the file itself");
  EXPECT_EQ(name("\xFE\xFF\0a"s), "text in UTF-16");
  EXPECT_EQ(name("\xFF\xFE\0\0a\0\0\0"s), "text in UTF-32");
  EXPECT_EQ(name("a\0b\0\n\0"s), "text in UTF-16");
  EXPECT_EQ(name("\0a\0b\0\n\0c"s), "text in UTF-16");
  EXPECT_EQ(name("a\0\0\0b\0\0\0c\0\0\0"s), "text in UTF-32");
  EXPECT_EQ(name(std::string(257, 'x') + "ustar"), "a tar archive");
  EXPECT_EQ(name("BZh91AY&SY...."), "compressed with bzip2");
  EXPECT_EQ(name("\x89PNG\r\n\x1A\n"), "a picture");
  EXPECT_EQ(name("\x7F"
                 "ELF\2"),
            "a program or library (ELF)");
  EXPECT_EQ(name("\x80\x05\x95"), "a Python pickle");
  for (const std::string& text :
       {""s, "text"s, "<htmlx>"s, "a\0b"s, "one\0two\0"s, "\xEF\xBB\xBFtext"s, "PAR"s, "\0\0\0\0\0\0\0\0"s})
    EXPECT_EQ(name(text), "nothing known") << text;
}

// Cyrillic without a mark is UTF-8 too, of control characters and ASCII; pages begin with more than their own tag.
TEST(FileKind, Utf16OfOtherScriptsAndPagesBehindADeclarationWereTakenForText) {
  using namespace std::string_literals;
  const auto name = [](std::string_view head) { return file_kind(head) ? file_kind(head)->name : "nothing known"; };
  EXPECT_EQ(name("\x3F\4\x40\4\x38\4\x32\4\x35\4\x42\4\x20\0"s), "text in UTF-16");
  EXPECT_EQ(name("\4\x3F\4\x40\4\x38\4\x32\4\x35\4\x42\0\x20"s), "text in UTF-16");
  EXPECT_EQ(name("\x15\x09\x30\x09\x24\x09\x3E\x09\x20\0\x39\x09\x48\x09"s), "text in UTF-16") << "Devanagari";
  EXPECT_EQ(name("\x3F\4\0\0\x40\4\0\0\x38\4\0\0"s), "text in UTF-32");
  EXPECT_EQ(name("<?xml version=\"1.0\"?>\n<!-- saved -->\n<!DOCTYPE html PUBLIC"), "an HTML page");
  EXPECT_EQ(name("<!-- saved from url --><html>"), "an HTML page");
  for (const std::string& text : {"<?xml version=\"1.0\"?><corpus>"s, "<!-- html -->"s, "<?xml"s, "BZh is a word"s,
                                  "a\nb\nc\nd\ne\n"s, "1\t2\t3\t4\t"s,
                                  "a\xE"
                                  "b\nc\xF"
                                  "d\n"s,
                                  "GIF"s, "{\"rtf\": 1}"s})
    EXPECT_EQ(name(text), "nothing known") << text;
}

TEST(FileKind, NumbersOfASmallSafetensorsFileAreNoWideText) {
  using namespace std::string_literals;
  const std::string header = R"({"a":{"dtype":"F32","shape":[90],"data_offsets":[0,360]}}  )";
  std::string file(1, static_cast<char>(header.size()));
  file += "\0\0\0\0\0\0\0"s + header;
  for (int i = 0; i < 90; ++i) file += "\0\0\xC0\x3F"s;
  EXPECT_EQ(file_kind(file), nullptr);
}

TEST(InputFile, AFileCutWhileItIsReadIsNamed) {
  const TempFolder folder;
  const auto path = folder.put("x", std::string(100, 'a'));
  InputFile file(path);
  char bytes[10];
  EXPECT_EQ(file.read(bytes, 10), 10U);
  fs::resize_file(path, 5);
  EXPECT_CONTAINS(error_of([&] { file.read(bytes, 10); }), path.string() + ": it was cut to 10 bytes while");
}

TEST(InputFile, EndsWhereTheFileEndedWhenItWasOpened) {
  const TempFolder folder;
  const auto path = folder.put("x", "one");
  InputFile file(path);
  folder.put("x", "one and more");
  char bytes[100];
  EXPECT_EQ(file.read(bytes, 100), 3U);
  EXPECT_EQ(file.read(bytes, 100), 0U);
}

// As a user who may not: the tests may run as root.
TEST(RefuseUnreachable, AFolderThatMayNotBeEnteredWasNoSuchFile) {
  const TempFolder folder;
  const auto path = folder.put("closed/x", "");
  fs::permissions(folder / "closed", fs::perms::none);
  fs::permissions(folder.path(), fs::perms::all);
  const bool is_root = ::geteuid() == 0;
  ASSERT_TRUE(!is_root || ::seteuid(65534) == 0);
  EXPECT_CONTAINS(error_of([&] { refuse_unreachable(path); }), "Check the permissions");
  EXPECT_CONTAINS(error_of([&] { read_file(path); }), "Permission denied");
  ASSERT_TRUE(!is_root || ::seteuid(0) == 0);
  fs::permissions(folder / "closed", fs::perms::all);
  refuse_unreachable(path);
  refuse_unreachable(folder / "absent");
}

TEST(MappedFile, MapsAndOutlivesTheName) {
  const TempFolder folder;
  const auto path = folder.put("x", "hello");
  const auto mapped = MappedFile::open(path);
  fs::remove(path);
  EXPECT_EQ(mapped->text(), "hello");
  EXPECT_EQ(mapped->bytes().size(), 5U);
}

TEST(MappedFile, EmptyFileIsEmpty) {
  const TempFolder folder;
  const auto mapped = MappedFile::open(folder.put("empty", ""));
  EXPECT_TRUE(mapped->bytes().empty());
  EXPECT_EQ(mapped->text(), "");
}

TEST(MappedFile, RefusesWhatCannotBeMapped) {
  const TempFolder folder;
  EXPECT_CONTAINS(error_of([&] { MappedFile::open(folder.path()); }), "folder");
  EXPECT_CONTAINS(error_of([] { MappedFile::open("/dev/null"); }), "no regular file");
}

TEST(WriteFile, WritesReplacesAndLeavesNothingBehind) {
  const TempFolder folder;
  write_file(folder / "x", "one");
  write_file(folder / "x", "two!");
  EXPECT_EQ(read_file(folder / "x"), "two!");
  EXPECT_EQ(files_in(folder.path()), 1U);
}

TEST(WriteFile, KeepsASymbolicLinkAndWritesWhatItPointsTo) {
  const TempFolder folder;
  folder.put("real/x", "old");
  fs::create_symlink("real/x", folder / "link");
  write_file(folder / "link", "new");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(read_file(folder / "real/x"), "new");
}

TEST(WriteFile, TakesTheLongestNameThereIs) {
  const TempFolder folder;
  const std::string name(255, 'n');
  write_file(folder / name, "x");
  EXPECT_EQ(read_file(folder / name), "x");
}

TEST(WriteFile, BareNameGoesToTheWorkingDirectory) {
  const TempFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  write_file("x", "here");
  fs::current_path(before);
  EXPECT_EQ(read_file(folder / "x"), "here");
}

TEST(WriteFile, ErrorsNamePathAndLeaveFoldersAlone) {
  const TempFolder folder;
  EXPECT_CONTAINS(error_of([&] { write_file(folder / "no/x", "a"); }), (folder / "no").string());
  EXPECT_CONTAINS(error_of([&] { write_file(folder.path(), "a"); }), "Name a file");
  EXPECT_CONTAINS(error_of([&] { write_file(folder.path().string() + "/", "a"); }), "Name a file");
  EXPECT_EQ(files_in(folder.path()), 0U);
}

TEST(WriteFile, DevicesAreWrittenDirectlyAndNeverReplaced) {
  write_file("/dev/null", "x");
  const std::string message = error_of([] { write_file("/dev/full", "x"); });
  EXPECT_CONTAINS(message, "/dev/full");
  EXPECT_CONTAINS(message, "Free some space");
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST(AtomicFile, WithoutCommitNothingHappened) {
  const TempFolder folder;
  folder.put("x", "old");
  {
    AtomicFile file(folder / "x");
    file.write("new", 3);
  }
  EXPECT_EQ(read_file(folder / "x"), "old");
  EXPECT_EQ(files_in(folder.path()), 1U);
}

// Runs `body` in a child, so that limits and mounts end with it. Its exit status.
template <typename Body>
int in_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST(WriteFile, FileSizeLimitLeavesTheOldFile) {
  const TempFolder folder;
  folder.put("x", "old");
  const int status = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      write_file(folder / "x", std::string(5000, 'n'));
    } catch (const Error& error) {
      const bool told = std::string(error.what()).find("What was there before is unchanged") != std::string::npos;
      return error.code() == ErrorCode::resource_exhausted && told ? 42 : 1;
    }
    return 2;
  });
  EXPECT_EQ(status, 42);
  EXPECT_EQ(read_file(folder / "x"), "old");
  EXPECT_EQ(files_in(folder.path()), 1U);
}

TEST(WriteFile, FullDiskLeavesTheOldFile) {
  const TempFolder folder;
  if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=64k") != 0) GTEST_SKIP() << "mounting is not permitted";
  folder.put("x", "old");
  const std::string message = error_of([&] { write_file(folder / "x", std::string(200'000, 'n')); });
  const std::string content = read_file(folder / "x");
  const std::size_t files = files_in(folder.path());
  EXPECT_EQ(::umount2(folder.path().c_str(), MNT_DETACH), 0);
  EXPECT_CONTAINS(message, "No space left");
  EXPECT_CONTAINS(message, "unchanged");
  EXPECT_EQ(content, "old");
  EXPECT_EQ(files, 1U);
}

TEST(WriteFile, KilledAtAnyInstantTheFileIsWhole) {
  const TempFolder folder;
  const std::string a(300'000, 'a'), b(200'000, 'b');
  write_file(folder / "x", a);
  for (int round = 0; round < 8; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (;;) {
        write_file(folder / "x", b);
        write_file(folder / "x", a);
      }
    }
    std::this_thread::sleep_for(std::chrono::microseconds(4000 + 3700 * round));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const std::string content = read_file(folder / "x");
    EXPECT_TRUE(content == a || content == b) << content.size() << " bytes in round " << round;
  }
}

TEST(PublishFolder, RenamesACompleteFolder) {
  const TempFolder folder;
  folder.put("tmp/a", "1");
  folder.put("tmp/sub/b", "2");
  fs::create_symlink("nowhere", folder / "tmp/dangling");
  publish_folder(folder / "tmp", folder / "step-10");
  EXPECT_EQ(read_file(folder / "step-10/sub/b"), "2");
  EXPECT_FALSE(fs::exists(folder / "tmp"));
}

TEST(PublishFolder, NeverReplacesATarget) {
  const TempFolder folder;
  folder.put("tmp/a", "1");
  fs::create_directory(folder / "empty");
  folder.put("file", "x");
  EXPECT_CONTAINS(error_of([&] { publish_folder(folder / "tmp", folder / "empty"); }), "is there already");
  EXPECT_CONTAINS(error_of([&] { publish_folder(folder / "tmp/", folder / "file"); }), "is there already");
  EXPECT_EQ(read_file(folder / "tmp/a"), "1");
  EXPECT_CONTAINS(error_of([&] { publish_folder(folder / "none", folder / "t"); }), (folder / "none").string());
}

TEST(Sha256, MatchesTheExamplesOfFips180) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesAndProcessorsDoNotMatter) {
  const std::string text(1000, 'z');
  for (const std::size_t piece : {1U, 63U, 64U, 65U, 1000U}) {
    for (const bool by_instructions : {false, true}) {
      welt_sha256 hash;
      welt_sha256_open(&hash);
      if (!by_instructions) hash.by_instructions = 0;  // the form of processors without them
      for (std::size_t at = 0; at < text.size(); at += piece)
        welt_sha256_add(&hash, text.data() + at, std::min(piece, text.size() - at));
      char digits[65];
      welt_sha256_close(&hash, digits);
      EXPECT_EQ(digits, sha256(text)) << piece << " " << by_instructions;
    }
  }
}

TEST(Sha256, EveryPaddingLengthAgreesBetweenFileAndText) {
  const TempFolder folder;
  for (std::size_t size = 54; size <= 66; ++size) {
    const std::string text(size, 'x');
    EXPECT_EQ(sha256_file(folder.put("x", text)), sha256(text));
  }
  const std::string large(600'001, 'y');
  EXPECT_EQ(sha256_file(folder.put("x", large)), sha256(large));
}

}  // namespace
}  // namespace welt
