// `welt embed` as a user runs it: texts from options, files and standard input; formats; refusals.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/base/safetensors.h"
#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const std::string bytes_only = (fs::path(WELT_TEST_DATA) / "welt" / "bytes-only").string();

class EmbedVerb : public testing::Test {
 protected:
  Outcome embed(std::vector<std::string> more, const std::string& out = "out.safetensors",
                const std::string& environment = "") const {
    more.insert(more.begin(), {"embed", bytes_only, "--out", (folder_ / out).string()});
    return run_welt(more, environment);
  }
  SafetensorsFile opened(const std::string& name = "out.safetensors") const {
    return SafetensorsFile::open(folder_ / name);
  }
  static std::vector<float> floats(const SafetensorsFile& file, const std::string& name) {
    const SafetensorsEntry* entry = file.find(name);
    std::vector<float> values(entry->data.size() / sizeof(float));
    std::memcpy(values.data(), entry->data.data(), entry->data.size());
    return values;
  }
  TempFolder folder_;
};

TEST_F(EmbedVerb, TextsComeFromOptionsFileAndStandardInput) {
  const Outcome options = embed({"--text", "the cat sat", "--text", ""});
  ASSERT_EQ(options.status, 0) << options.err;
  EXPECT_CONTAINS(options.out, "2 texts, 5 words");
  EXPECT_EQ(Json::parse(opened().metadata().at("words")),
            (Json{{"\x02", "the ", "cat ", "sat"}, Json::array({"\x02"})}));
  const std::vector<float> expected = floats(opened(), "vectors");
  folder_.put("texts.txt", "the cat sat\n\n");
  ASSERT_EQ(embed({"--file", (folder_ / "texts.txt").string()}, "file.safetensors").status, 0);
  EXPECT_EQ(floats(opened("file.safetensors"), "vectors"), expected);
  ASSERT_EQ(embed({"--file", "-"}, "input.safetensors", "printf '\\357\\273\\277the cat sat\\r\\n\\n' | gzip |").status,
            0);
  EXPECT_EQ(floats(opened("input.safetensors"), "vectors"), expected);
}

TEST_F(EmbedVerb, APooledNumPyFileHoldsARowATextWhateverTheBatches) {
  std::string lines;
  for (int i = 0; i < 1500; ++i) lines += i % 3 == 0 ? "on a mat\n" : "the cat sat on a big mat \n";
  folder_.put("texts.txt", lines);  // 11,000 words: several batches
  const Outcome run =
      embed({"--file", (folder_ / "texts.txt").string(), "--level", "latents", "--pool", "last"}, "out.npy");
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_CONTAINS(run.err, "it has no welt.json");
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;  // progress is for terminals
  const std::string text = slurp(folder_ / "out.npy");
  EXPECT_CONTAINS(text.substr(0, 128), "'shape': (1500, 32)");
  ASSERT_EQ(text.size(), 128 + 1500 * 32 * 4);
  std::vector<float> rows(1500 * 32);
  std::memcpy(rows.data(), text.data() + 128, 4 * rows.size());
  for (std::size_t row = 3; row < 1500; ++row)
    for (std::size_t i = 0; i < 32; ++i)
      ASSERT_NEAR(rows[32 * row + i], rows[32 * (row % 3) + i], 1e-5) << "row " << row;
  EXPECT_GT(std::abs(rows[0] - rows[32]), 1e-3);
}

TEST_F(EmbedVerb, Float64IsFloat32WithMoreDigits) {
  ASSERT_EQ(embed({"--text", "the cat "}).status, 0);
  ASSERT_EQ(embed({"--text", "the cat ", "--dtype", "float64"}, "double.safetensors").status, 0);
  const SafetensorsFile file = opened("double.safetensors");
  ASSERT_EQ(file.find("vectors")->dtype, "F64");
  const std::vector<float> single = floats(opened(), "vectors");
  const std::span<const std::byte> data = file.find("vectors")->data;
  ASSERT_EQ(data.size(), 8 * single.size());
  for (std::size_t i = 0; i < single.size(); ++i) {
    double value = 0;
    std::memcpy(&value, data.data() + 8 * i, 8);
    EXPECT_NEAR(value, single[i], 1e-5);
  }
}

TEST_F(EmbedVerb, RefusalsNameThePlaceAndLeaveNoFile) {
  const auto refusal = [&](std::vector<std::string> more, const std::string& out = "out.npy") {
    const Outcome outcome = embed(std::move(more), out);
    EXPECT_EQ(outcome.status, 1) << outcome.out;
    return outcome.err;
  };
  folder_.put("bad.txt", "good line\ncaf\xE9 \n");
  EXPECT_CONTAINS(refusal({"--file", (folder_ / "bad.txt").string()}), "bad.txt, line 2: byte 3 (E9)");
  EXPECT_FALSE(fs::exists(folder_ / "out.npy"));
}

TEST_F(EmbedVerb, RefusalsOfTheCommandLineSayWhatWasExpected) {
  const auto refusal = [&](std::vector<std::string> more, const std::string& out = "out.npy") {
    return embed(std::move(more), out).err;
  };
  EXPECT_CONTAINS(refusal({}), "--text TEXT");
  EXPECT_CONTAINS(refusal({"--text", "a"}, "out.txt"), "FILE.safetensors or FILE.npy");
  EXPECT_CONTAINS(refusal({"--text", "a", "--without", "bytes_encoder"}), "every encoder is switched off");
  EXPECT_FALSE(fs::exists(folder_ / "out.npy"));
  EXPECT_EQ(run_welt({"embed", bytes_only, "--text", "a", "--out", "a.npy", "--level", "bytes"}).status, 2);
}

}  // namespace
}  // namespace welt::test
