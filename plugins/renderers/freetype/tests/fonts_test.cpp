// Fonts that are missing, altered, damaged or none at all.
#include <sys/stat.h>

#include <random>

#include "core/base/file.h"
#include "drawing.h"

namespace welt::test {
namespace {

namespace fs = std::filesystem;

// What `make` logs, and what it throws.
struct Said {
  std::string log, error;
};
Said said_by(const std::function<void()>& make) {
  Said said;
  testing::internal::CaptureStderr();
  try {
    make();
  } catch (const Error& error) {
    said.error = error.what();
  }
  said.log = testing::internal::GetCapturedStderr();
  return said;
}

TEST(FreetypeFonts, ManifestFontsAreAllThereAndUnaltered) {
  const Said said = said_by([] { Drawing(); });
  EXPECT_EQ(said.error, "");
  EXPECT_EQ(said.log, "");  // neither missing nor altered
}

TEST(FreetypeFonts, MissingOnesAreNamedWithTheirPackageAndDrawnAsBoxes) {
  const TempFolder folder;
  fs::create_symlink(noto("NotoSans-Regular.ttf"), folder / "NotoSans-Regular.ttf");
  const json config{{"font_folders", {folder.path().string()}}};
  const Said said = said_by([&] { Drawing{config}; });
  EXPECT_EQ(said.error, "");
  expect_all_in(said.log, {"NotoSansHebrew-Regular.ttf", "NotoSansCJK-Regular.ttc", folder.path().string(),
                           "apt-get install fonts-noto-core", "apt-get install fonts-noto-cjk"});
  EXPECT_EQ(said.log.find("NotoSans-Regular.ttf"), std::string::npos);
  const Drawing few(config);
  EXPECT_TRUE(same(few("Hello"), draw()("Hello")));
  EXPECT_GT(few("אבגד").width, draw()("אבגד").width);
  EXPECT_NE(few.renderer.fingerprint(), draw().renderer.fingerprint());
}

TEST(FreetypeFonts, AlteredOneIsAWarningAndAnotherFingerprint) {
  const TempFolder folder;
  folder.put("NotoSans-Regular.ttf", read_file(noto("NotoSans-Regular.ttf")) + '\0');
  const json config{
      {"font_folders", {folder.path().string(), "/usr/share/fonts/truetype/noto", "/usr/share/fonts/opentype/noto"}}};
  const Said said = said_by([&] { Drawing{config}; });
  EXPECT_EQ(said.error, "");
  expect_all_in(said.log,
                {(folder / "NotoSans-Regular.ttf").string(), "SHA-256", "expected 89c3c497", "fonts-noto-core"});
  const Drawing altered(config);
  EXPECT_NE(altered.renderer.fingerprint(), draw().renderer.fingerprint());
  EXPECT_TRUE(same(altered("Hello"), draw()("Hello")));  // it is only one byte longer
}

TEST(FreetypeFonts, NoneAtAllIsRefusedNamingFoldersAndPackages) {
  const TempFolder folder;
  const Said said = said_by([&] { Drawing(json{{"font_folders", {folder.path().string(), "/nowhere"}}}); });
  expect_all_in(said.error, {folder.path().string(), "/nowhere", "NotoSans-Regular.ttf", "fonts-noto-core",
                             "fonts-noto-cjk", "apt-get install", "font_folders"});
}

TEST(FreetypeFonts, NamedOnesMustBeThereAndReadable) {
  const TempFolder folder;
  const std::string text = folder.put("readme.ttf", "this is no font").string();
  const std::string empty = folder.put("empty.ttf", "").string();
  const auto refusal = [](const std::string& entry) { return error_of([&] { Drawing(json{{"fonts", {entry}}}); }); };
  expect_all_in(refusal("/nowhere/a.ttf"), {"/nowhere/a.ttf", "No such file"});
  expect_all_in(refusal(text), {text, "FreeType cannot read it"});
  expect_all_in(refusal(empty), {empty, "it is empty"});
  const std::string pointer = folder.put("a.ttf", "version https://git-lfs.github.com/spec/v1\nsize 9\n").string();
  expect_all_in(refusal(pointer), {pointer, "it is a Git LFS pointer", "git lfs pull"});
  expect_all_in(refusal(folder.put("b.ttf", "<!DOCTYPE html>\n").string()), {"it is an HTML page"});
  ASSERT_EQ(::mkfifo((folder / "pipe.ttf").c_str(), 0600), 0);
  expect_all_in(refusal((folder / "pipe.ttf").string()), {"pipe.ttf", "no regular file"});
  expect_all_in(refusal("/dev/null"), {"/dev/null", "no regular file"});
  expect_all_in(refusal(noto("NotoSans-Regular.ttf").string() + "#7"), {"face 7"});
  fs::create_directories(folder / "bare");
  expect_all_in(refusal((folder / "bare").string()), {"bare", "has no font", ".ttc"});
}

TEST(FreetypeFonts, FoldersAndFacesAreTaken) {
  const TempFolder folder;
  for (const char* name : {"NotoSans-Regular.ttf", "NotoSansHebrew-Regular.ttf"}) {
    fs::create_symlink(noto(name), folder / name);
  }
  const Drawing two(json{{"fonts", {folder.path().string(), folder.path().string()}}});
  expect_all_in(two.renderer.fingerprint(), {"2 fonts"});  // each once
  EXPECT_TRUE(same(two("abc אבג"), draw()("abc אבג")));
  const std::string cjk = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc";
  const Drawing japanese(json{{"fonts", {cjk}}}), chinese(json{{"fonts", {cjk + "#2"}}});
  EXPECT_FALSE(same(japanese("直"), chinese("直")));
  EXPECT_NE(japanese.renderer.fingerprint(), chinese.renderer.fingerprint());
}

// Where a table of an OpenType file begins.
std::size_t table_at(const std::string& font, std::string_view tag) {
  const auto number = [&](std::size_t at, int bytes) {
    std::size_t value = 0;
    for (int i = 0; i < bytes; ++i)
      value = value << 8 | static_cast<unsigned char>(font[at + static_cast<std::size_t>(i)]);
    return value;
  };
  for (std::size_t entry = 12; entry < 12 + 16 * number(4, 2); entry += 16) {
    if (font.compare(entry, 4, tag) == 0) return number(entry + 8, 4);
  }
  ADD_FAILURE() << "no table " << tag;
  return 0;
}

// Once a division by the height of the line.
TEST(FreetypeFonts, OneWithoutLineMetricsStillDrawsBoxes) {
  const TempFolder folder;
  std::string font = read_file(noto("NotoSansThaana-Regular.ttf"));
  font.replace(table_at(font, "hhea") + 4, 6, 6, '\0');
  font.replace(table_at(font, "OS/2") + 68, 10, 10, '\0');
  const Drawing draw(json{{"fonts", {folder.put("flat.ttf", font).string()}}});
  EXPECT_GT(darkness(draw("中")), 0.05);
  EXPECT_GT(darkness(draw("މިއަދު")), 0.05);
}

// Damaged files give an error or some picture, never a crash.
// Doubled at every step, parts of parts kept FreeType busy for seconds, glyph by glyph.
TEST(FreetypeFonts, AGlyphOfTooManyPartsIsEmptyInsteadOfSlow) {
  const Drawing draw(json{{"fonts", {WELT_SOURCE_DIR "/tests/fuzz/corpus/font/nested-parts.ttf"}}});
  EXPECT_EQ(draw("a").pixels, draw(" ").pixels);  // 8,192 squares
  EXPECT_NE(draw("b").pixels, draw(" ").pixels);  // 16
}

TEST(FreetypeFonts, DamagedOnesNeverCrash) {
  const TempFolder folder;
  std::mt19937 random(7);
  int drawn = 0, refused = 0;
  for (const char* name : {"NotoSansThaana-Regular.ttf", "NotoSansTifinagh-Regular.ttf", "NotoSansNKo-Regular.ttf"}) {
    const std::string good = read_file(noto(name));
    for (int round = 0; round < 40; ++round) {
      std::string bad = good;
      if (round < 10) {
        bad.resize(good.size() * static_cast<std::size_t>(round) / 10 + 1);
      } else {
        const std::size_t span = round % 2 == 0 ? 2000 : bad.size();  // tables' headers, or anywhere
        for (int i = 0; i < 1 << (round % 8); ++i) bad[random() % span] = static_cast<char>(random());
      }
      const std::string path = folder.put("bad.ttf", bad).string();
      try {
        const Drawing draw(json{{"fonts", {path}}});
        for (const char* word : {"މިއަދު", "ⴰⵣⵓⵍ", "ߞߊ߬ߙߊ߲", "a b", "\u0301"}) draw(word);
        ++drawn;
      } catch (const Error&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(drawn, 20);
  EXPECT_GT(refused, 10);
}

}  // namespace
}  // namespace welt::test
