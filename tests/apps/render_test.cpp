// `welt render`: the picture, the figures, the same pixels in every process, and what it refuses.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/base/safetensors.h"
#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

using nlohmann::json;

std::uint32_t big_endian(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return value;
}

TEST(RenderVerb, PrintsFiguresThatEveryProcessAgreesOn) {
  const std::vector<std::string> words = {"render", "--json", "Hello", "", "שלום ", "昨天", "\x0e"};
  const Outcome first = run_welt(words), second = run_welt(words);
  EXPECT_EQ(first.status, 0) << first.err;
  EXPECT_EQ(first.out, second.out);
  const std::vector<json> lines = json_lines(first.out);
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0]["text"], "Hello");
  EXPECT_EQ(lines[0]["width"], 48);
  EXPECT_EQ(lines[0]["height"], 16);
  EXPECT_EQ(lines[0]["sha256"].get<std::string>().size(), 64u);
  EXPECT_EQ(lines[1]["width"], 16);
  EXPECT_NE(lines[2]["sha256"], lines[3]["sha256"]);
  EXPECT_TRUE(lines[4]["fingerprint"].get<std::string>().starts_with("freetype/"));
  EXPECT_EQ(lines[0]["runs"].size(), 1u);
  EXPECT_EQ(lines[0]["runs"][0]["font"], "NotoSans-Regular.ttf");
  EXPECT_EQ(lines[0]["runs"][0]["face"], 0);
  EXPECT_EQ(lines[0]["runs"][0]["glyphs"], lines[0]["glyphs"]);
  EXPECT_EQ(lines[0]["glyphs"].size(), 5u);
  EXPECT_EQ(lines[0]["missing"], 0);
  EXPECT_EQ(lines[1]["ink"], nullptr);
  EXPECT_EQ(lines[1]["mean_darkness"], 0);
}

Outcome jsonl(const std::string& input, std::vector<std::string> arguments = {}) {
  const TempFolder folder;
  std::ofstream(folder / "in", std::ios::binary) << input;
  arguments.insert(arguments.begin(), {"render", "--jsonl"});
  std::string command = shell_quoted(WELT_BINARY);
  for (const std::string& argument : arguments) command += " " + shell_quoted(argument);
  return run_command(command + " <" + shell_quoted(folder / "in"));
}

TEST(RenderVerb, AnswersLinesInOrderTheSameInEveryProcess) {
  const std::string input =
      "{\"text\": \"Hello\"}\n"
      "{\"text\": \"Hello\", \"block\": 32}\n"
      "{\"text\": \"Hello\", \"options\": {\"block\": 32, \"font_px\": 24}}\n"
      "{\"text\": \"aא\\udb80\\udc00\"}\n"
      "{\"text\": \"Hello\"}\n";
  const std::string folder = "/usr/share/fonts/truetype/noto/";
  const std::vector<std::string> fonts = {"--font", folder + "NotoSans-Regular.ttf", "--font",
                                          folder + "NotoSansHebrew-Regular.ttf"};
  const Outcome first = jsonl(input, fonts), second = jsonl(input, fonts);
  ASSERT_EQ(first.status, 0) << first.err;
  EXPECT_EQ(first.out, second.out);
  const std::vector<json> lines = json_lines(first.out);
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0], lines[4]);
  EXPECT_EQ(lines[0]["width"], 48);
  EXPECT_EQ(lines[1]["height"], 32);
  EXPECT_EQ(lines[1]["width"], 64);
  EXPECT_EQ(lines[2]["width"], 96);
  EXPECT_NE(lines[0]["sha256"], lines[1]["sha256"]);
  ASSERT_EQ(lines[3]["runs"].size(), 3u);  // U+F0000 is private: no font has it
  EXPECT_EQ(lines[3]["missing"], 1);
  EXPECT_EQ(lines[3]["runs"][1]["font"], "NotoSansHebrew-Regular.ttf");
  EXPECT_EQ(lines[3]["runs"][2]["font"], nullptr);
  EXPECT_EQ(lines[3]["runs"][2]["glyphs"], json::array({0xF0000}));
}

// The pixels of `--out` are what --jsonl gives the hash of; ink and darkness are those of the reference's file format.
TEST(RenderVerb, AnswersAListWhereAListIsAsked) {
  const Outcome good =
      jsonl(R"({"text": "Hello", "renders": [{"block": 16, "font_px": 12}, {"block": 32, "font_px": 24}]})");
  ASSERT_EQ(good.status, 0) << good.err;
  const json line = json::parse(good.out);
  ASSERT_EQ(line["renders"].size(), 2u);
  EXPECT_FALSE(line.contains("sha256"));
  EXPECT_EQ(line["renders"][0]["block"], 16);
  EXPECT_EQ(line["renders"][1]["font_px"], 24);
  EXPECT_EQ(line["renders"][1]["width"], 96);
  const Outcome plain = run_welt({"render", "--json", "Hello"});
  EXPECT_EQ(line["renders"][0]["sha256"], json::parse(plain.out)["sha256"]);
  EXPECT_EQ(line["renders"][0]["ink"].size(), 4u);
  EXPECT_GT(line["renders"][0]["mean_darkness"], 0.05);
}

TEST(RenderVerb, ABadLineIsAnsweredByAnErrorAndTheNextGoesOn) {
  const Outcome outcome = jsonl(
      "{\"text\": 5}\n{\"text\": \"a\", \"block\": 0}\n{\"text\": \"a\", \"options\": {\"blok\": 1}}\n"
      "{\"text\": \"a\", \"renders\": 3}\n{\"text\": \"a\", \"renders\": [3]}\n{\"text\": \"a\"}\nnot json\n");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("line 7"), std::string::npos) << outcome.err;
  const std::vector<json> lines = json_lines(outcome.out);
  ASSERT_EQ(lines.size(), 7u);
  const std::vector<std::string> said = {"\"text\"", "block", "blok", "renders", "renders"};
  for (std::size_t i = 0; i < said.size(); ++i) {
    ASSERT_TRUE(lines[i].contains("error")) << i;
    EXPECT_NE(lines[i]["error"].get<std::string>().find(said[i]), std::string::npos) << lines[i];
  }
  EXPECT_EQ(lines[5]["height"], 16);
}

// More configurations than are kept open.
TEST(RenderVerb, ManyConfigurationsInTurnGiveWhatEachGivesAlone) {
  std::string input;
  for (int round = 0; round < 2; ++round) {
    for (int px = 8; px < 18; ++px) input += "{\"text\": \"Hg\", \"font_px\": " + std::to_string(px) + "}\n";
  }
  const Outcome outcome = jsonl(input, {"--font", "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const std::vector<json> lines = json_lines(outcome.out);
  ASSERT_EQ(lines.size(), 20u);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(lines[i], lines[i + 10]) << i;
  EXPECT_NE(lines[0]["sha256"], lines[1]["sha256"]);
}

TEST(RenderVerb, ReferenceCompatibleIsNoErrorForARendererWithoutIt) {
  const Outcome outcome = run_welt({"render", "--reference-compatible", "--json", "Hello"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(json::parse(outcome.out)["width"], 48);
}

TEST(RenderVerb, PixelsAreNormalisedAndPaddedAsTheProcessorSays) {
  const TempFolder folder;
  std::ofstream(folder / "preprocessor_config.json") << R"({"image_mean": [0, 0, 1], "image_std": [1, 2, 1]})";
  const Outcome outcome = run_welt({"render", "Hello", "", "--pixels", (folder / "pixels.safetensors").string(),
                                    "--processor", (folder / "preprocessor_config.json").string()});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const SafetensorsFile file = SafetensorsFile::open(folder / "pixels.safetensors");
  const SafetensorsEntry& images = *file.find("input_images");
  EXPECT_EQ(images.dtype, "F32");
  EXPECT_EQ(images.shape, (std::vector<std::int64_t>{2, 3, 16, 48}));
  const auto* pixels = reinterpret_cast<const float*>(images.data.data());
  const auto at = [&](int image, int channel, int x) { return pixels[(image * 3 + channel) * 16 * 48 + x]; };
  EXPECT_EQ(at(0, 0, 0), 1.0F);  // white paper
  EXPECT_EQ(at(0, 1, 0), 0.5F);
  EXPECT_EQ(at(0, 2, 0), 0.0F);
  EXPECT_EQ(at(1, 0, 15), 1.0F);
  EXPECT_EQ(at(1, 0, 16), 0.0F);  // padding: the empty word is one block wide
  const auto* sizes = reinterpret_cast<const std::int64_t*>(file.find("input_images_dimensions")->data.data());
  EXPECT_EQ(std::vector<std::int64_t>(sizes, sizes + 4), (std::vector<std::int64_t>{16, 48, 16, 16}));
}

TEST(RenderVerb, SheetIsAPageOfScripts) {
  const TempFolder folder;
  const std::string file = (folder / "sheet.png").string();
  const Outcome outcome = run_welt({"render", "--sheet", file});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_GE(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 45);
  for (const char* script : {"Devanagari", "SignWriting", "Control characters", "Two directions"})
    EXPECT_NE(outcome.out.find(script), std::string::npos) << script;
  const std::string png = slurp(file);
  ASSERT_GT(png.size(), 33u);
  EXPECT_GT(big_endian(png, 20), 45u * 32);  // rows of 32 pixels at least
}

TEST(BenchRender, MeasuresEveryRowOfAText) {
  const TempFolder folder;
  std::ofstream(folder / "text.txt") << "the cat and the dog\nthe dog and नमस्ते\n";
  const Outcome outcome =
      run_welt({"bench", "render", "--text", "t=" + (folder / "text.txt").string(), "--repeats", "1", "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const json text = json::parse(outcome.out)["texts"]["t"];
  EXPECT_EQ(text["words"], 11);  // with the two BOS
  EXPECT_EQ(text["distinct_words"], 7);
  EXPECT_EQ(text["cache"]["images"], 7);
  for (const char* row : {"distinct", "distinct_again", "first_pass", "cached", "batches_first_pass", "batches"})
    EXPECT_GT(text["words_per_second"][row]["median"], 0) << row;
  EXPECT_GT(text["grey_to_float_bytes_per_second"]["median"], 0);
}

TEST(RenderVerb, WritesAGreyPngOfTheStackedImages) {
  const TempFolder folder;
  const std::string file = (folder / "words.png").string();
  const Outcome outcome = run_welt({"render", "Hello", "i", "--out", file, "--scale", "3"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  const std::string png = slurp(file);
  ASSERT_GT(png.size(), 33u);
  EXPECT_EQ(png.substr(0, 8), "\x89PNG\r\n\x1a\n");
  EXPECT_EQ(big_endian(png, 16), 48u * 3);
  EXPECT_EQ(big_endian(png, 20), (16u + 2 + 16) * 3);
  EXPECT_EQ(png.substr(24, 2), std::string("\x08\x00", 2));  // 8 bits, grey
}

// The command-line library takes "[a,b]" for a list of two unless it is told otherwise.
TEST(RenderVerb, ATextInBracketsIsOneText) {
  const Outcome outcome = run_welt({"render", "[a,b]", "c", "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 2);
  EXPECT_NE(outcome.out.find(R"("text":"[a,b]")"), std::string::npos) << outcome.out;
}

TEST(RenderVerb, OptionsReachThePlugin) {
  const Outcome outcome = run_welt({"render", "--json", "--block", "32", "--font-px", "24", "--font",
                                    "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf", "Hello"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const json line = json::parse(outcome.out);
  EXPECT_EQ(line["width"], 96);
  EXPECT_EQ(line["height"], 32);
  EXPECT_NE(line["fingerprint"].get<std::string>().find("1 fonts"), std::string::npos);
}

struct Refused {
  std::vector<std::string> arguments;
  std::string said;
  friend void PrintTo(const Refused& refused, std::ostream* out) { *out << refused.said; }
};
class RenderVerbRefuses : public testing::TestWithParam<Refused> {};
TEST_P(RenderVerbRefuses, LeavesWithOneAndOneParagraph) {
  std::vector<std::string> arguments = {"render"};
  arguments.insert(arguments.end(), GetParam().arguments.begin(), GetParam().arguments.end());
  const Outcome outcome = run_welt(arguments);
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find(GetParam().said), std::string::npos) << outcome.err;
}
INSTANTIATE_TEST_SUITE_P(
    Render, RenderVerbRefuses,
    testing::Values(Refused{{"Hello"}, "neither --out nor --json"}, Refused{{"--json"}, "no text"},
                    Refused{{"Hello", "--jsonl"}, "texts beside --jsonl or --sheet"},
                    Refused{{"Hello", "--pixels", "/tmp/never.safetensors", "--processor", "/nowhere.json"},
                            "/nowhere.json"},
                    Refused{{"--json", "ok\xC3(x"}, "byte 2 (C3) is not UTF-8"},
                    Refused{{"--json", "a", "--plugin", "freetyp"}, "Did you mean \"freetype\"?"},
                    Refused{{"--json", "a", "--font", "/nowhere.ttf"}, "/nowhere.ttf: No such file"},
                    Refused{{"--json", "a", "--block", "4000"}, "expected 1 to 1024"},
                    Refused{{"a", "--out", "/nowhere/a.png"}, "/nowhere/a.png"},
                    Refused{{std::string(20000, 'W'), "--out", "/tmp/never.png", "--scale", "64"}, "smaller --scale"}));

}  // namespace
}  // namespace welt::test
