// Fonts that are missing, damaged or several; what the file itself asks for; the fingerprint.
#include <sys/stat.h>

#include "core/base/file.h"
#include <welt/common/sha256.h>
#include "core/plugin/note_reader.h"
#include "drawing.h"

namespace welt::test {
namespace {

std::string refusal(const json& config) {
  return error_of([&] { Drawing{config}; });
}

TEST(BitmapFiles, MissingFontIsRefusedNamingThePackage) {
  for (const char* key : {"fonts", "marks"}) {
    const std::string error = refusal({{key, {"/nowhere/unifont.hex"}}});
    EXPECT_CONTAINS(error, "/nowhere/unifont.hex: No such file");
    EXPECT_CONTAINS(error, "apt-get install unifont");
    EXPECT_CONTAINS(error, key);
  }
}

TEST(BitmapFiles, OnlyRegularFilesAreRead) {
  const TempFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe.hex").c_str(), 0600), 0);
  EXPECT_CONTAINS(refusal({{"fonts", {(folder / "pipe.hex").string()}}}), "no regular file");
  EXPECT_CONTAINS(refusal({{"fonts", {"/dev/zero"}}}), "no regular file");
  EXPECT_CONTAINS(refusal({{"fonts", {folder.path().string()}}}), "no regular file");
}

TEST(BitmapFiles, DamagedLinesAreNamed) {
  const std::string good = glyph("61", "00") + "\n# comment\r\n";
  for (const auto& [line, problem] : std::vector<std::pair<std::string, std::string>>{
           {"hello", "begins with no character"},
           {":00", "begins with no character"},
           {"0041", "begins with no character"},
           {"110000:00", "begins with no character"},
           {"FFFFFFFFFFFFFFFF0041:00", "begins with no character"},
           {glyph("42", "0"), "U+0042 has 16 digits; expected 32"},
           {glyph("42", "000000"), "U+0042 has 96 digits"},
           {"42:", "U+0042 has 0 digits"},
           {"1F389:" + std::string(31, '0') + "x", "digit 32 of the glyph of U+1F389"},
           {"42:" + std::string(31, '0') + std::string(1, '\0'), "digit 32 of the glyph of U+0042"}}) {
    const std::string error = refusal(SmallFont(good + line).config());
    EXPECT_CONTAINS(error, "glyphs.hex, line 4: ") << line;
    EXPECT_CONTAINS(error, problem);
  }
  for (const std::string place : {"", "-", "-17", "8", "x", "-8x", "-99999999999999999999", "--8", " -8"}) {
    const std::string error = refusal(SmallFont(good, "0301:-8\n\n0302:" + place).config());
    EXPECT_CONTAINS(error, "marks.txt, line 3: the place of the mark U+0302 is no number from -16 to 0");
  }
}

TEST(BitmapFiles, ListsMustHoldGlyphsAndPaths) {
  EXPECT_CONTAINS(refusal(SmallFont("").config()), "no file of fonts has a glyph");
  EXPECT_CONTAINS(refusal(SmallFont("# only a comment").config()), "no file of fonts has a glyph");
  EXPECT_CONTAINS(refusal({{"fonts", json::array()}}), "no file of fonts has a glyph");
  for (const json& name :
       {json(""), json(7), json(nullptr), json(std::string("a\0b", 3)), json(std::string(2000, 'a'))})
    EXPECT_CONTAINS(refusal({{"fonts", {name}}}), "fonts.0 is no file's path");
}

TEST(BitmapFiles, FirstFontThatHasACharacterDrawsIt) {
  const SmallFont first(glyph("61", "81")), second(glyph("61", "FF") + glyph("62", "18") + glyph("62", "00"));
  const std::string one = first.folder / "glyphs.hex", two = second.folder / "glyphs.hex";
  const Drawing both(json{{"fonts", {one, two}}});
  EXPECT_EQ(row_of(both("ab"), 3).substr(0, 24), ".....#......#...##......");
  EXPECT_EQ(row_of(Drawing(json{{"fonts", {two, one}}})("ab"), 3).substr(0, 24), ".....########...##......");
}

TEST(BitmapFiles, NumbersOutOfRangeAreRefused) {
  for (const int block : {15, 0, -16, 1025}) EXPECT_CONTAINS(refusal({{"block", block}}), "block");
  EXPECT_CONTAINS(refusal({{"block", 32}, {"max_width", 31}}),
                  "max_width is 31 pixels; expected 32, a block, to 1048576");
  EXPECT_CONTAINS(refusal({{"block", 1024}, {"max_width", 100000}}), "to 65536");
}

TEST(BitmapFiles, PluginNeedsTheCLibraryAlone) {
  const std::filesystem::path path = std::string(WELT_PLUGIN_DIR) + "/welt_bitmap.plugin.so";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "linked into the program";
  const std::string file = read_file(path);
  const PluginFacts facts = read_plugin_facts(std::as_bytes(std::span(file)), "bitmap");
  EXPECT_EQ(facts.note.kind, WELT_KIND_TORCH_FREE);
  for (const std::string& library : facts.needed) {
    EXPECT_TRUE(library == "libc.so.6" || library.starts_with("libasan") || library.starts_with("libubsan")) << library;
  }
}

// The plugin's SHA-256 is its own, in C: here it is done once more by the host's.
TEST(BitmapFiles, FingerprintIsTheHashOfFilesAndSettings) {
  for (const int size : {1, 54, 55, 56, 63, 64, 65, 1000}) {
    const std::string glyphs = "#" + std::string(static_cast<std::size_t>(size), ' ') + "\n" + glyph("61", "81");
    const std::string marks = "0061:-8\n";
    Sha256 hash;
    for (const std::string& file : {glyphs, marks}) hash.add(std::to_string(file.size()) + " bytes\n" + file);
    hash.add("bitmap renderer 1\nblock 32\nmax_width 320\n");
    const Drawing drawing(SmallFont(glyphs, marks).config({{"block", 32}, {"max_width", 350}}));
    EXPECT_EQ(drawing.renderer.fingerprint(), "bitmap/1 (1 glyphs, 1 marks) " + hash.finish()) << size;
  }
}

TEST(BitmapFiles, FingerprintChangesWithEverySettingAndByte) {
  const std::string plain = draw().renderer.fingerprint();
  EXPECT_EQ(Drawing().renderer.fingerprint(), plain);
  const SmallFont small(glyph("61", "81")), other(glyph("61", "81") + "\n");
  EXPECT_NE(Drawing(small.config()).renderer.fingerprint(), Drawing(other.config()).renderer.fingerprint());
  for (const json& config : {json{{"block", 32}}, json{{"max_width", 64}}, json{{"marks", json::array()}}})
    EXPECT_NE(Drawing(config).renderer.fingerprint(), plain) << config;
}

}  // namespace
}  // namespace welt::test
