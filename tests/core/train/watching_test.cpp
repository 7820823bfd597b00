// What a run shows of itself: event files, the log read back, the report, the best evaluation.
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "core/train/best.h"
#include "core/train/chart.h"
#include "core/train/event_file.h"
#include "core/train/html_report.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

std::string content_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

template <typename Number>
Number number_at(const std::string& bytes, std::size_t at) {
  Number number;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

std::uint32_t masked(std::string_view bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return (crc >> 15 | crc << 17) + 0xA282EAD8U;
}

// The records of a file, each with its two checksums right.
std::vector<std::string> records(const std::string& file) {
  std::vector<std::string> all;
  for (std::size_t at = 0; at < file.size();) {
    const auto size = static_cast<std::size_t>(number_at<std::uint64_t>(file, at));
    EXPECT_EQ(number_at<std::uint32_t>(file, at + 8), masked(std::string_view(file).substr(at, 8)));
    all.push_back(file.substr(at + 12, size));
    EXPECT_EQ(number_at<std::uint32_t>(file, at + 12 + size), masked(all.back()));
    at += 16 + size;
  }
  return all;
}

TEST(EventFile, ChecksumIsCastagnolis) { EXPECT_EQ(crc32c("123456789"), 0xE3069283U); }

TEST(EventFile, RecordsAreWholeAndNameTheirValues) {
  const test::TempFolder folder;
  EventFile events(folder / "tensorboard");
  events.scalars(300, {{"train/loss", 2.5}, {"train/rate", 0.125}});
  const std::vector<std::string> all = records(content_of(events.path()));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_CONTAINS(all[0], "brain.Event:2");
  EXPECT_CONTAINS(all[1], "train/loss");
  EXPECT_CONTAINS(all[1], (std::string{'\x10', '\xAC', '\x02'}));                  // field 2, varint: 300
  EXPECT_CONTAINS(all[1], (std::string{'\x15', '\x00', '\x00', '\x20', '\x40'}));  // field 2, float: 2.5
}

TEST(EventFile, AResumedRunSaysFromWhereItCountsAnew) {
  const test::TempFolder folder;
  const EventFile first(folder.path()), resumed(folder.path(), 7);
  EXPECT_NE(first.path(), resumed.path());
  EXPECT_EQ(records(content_of(first.path())).size(), 1U);
  const std::vector<std::string> all = records(content_of(resumed.path()));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_CONTAINS(all[1], (std::string{'\x10', '\x08'}));                  // step 8
  EXPECT_CONTAINS(all[1], (std::string{'\x3A', '\x02', '\x08', '\x01'}));  // session log: START
}

TEST(Best, TakesWhatIsBetterAndCountsWhatIsNot) {
  const BestOptions loss{.metric = "loss", .patience = 2, .min_improvement = 0.1};
  Best best;
  EXPECT_TRUE(best.take(loss, {{"loss", 3.0}}, 10));
  EXPECT_FALSE(best.take(loss, {{"loss", 2.95}}, 20)) << "too little";
  EXPECT_FALSE(best.enough(loss));
  EXPECT_TRUE(best.take(loss, {{"loss", 2.5}}, 30));
  EXPECT_EQ(best.waiting, 0);
  EXPECT_FALSE(best.take(loss, {{"loss", 2.6}}, 40));
  EXPECT_FALSE(best.take(loss, {{"loss", 2.7}}, 50));
  EXPECT_TRUE(best.enough(loss));
  EXPECT_EQ(best.step, 30);
  Best accurate;
  const BestOptions accuracy{.metric = "byte_accuracy"};
  EXPECT_TRUE(accurate.take(accuracy, {{"byte_accuracy", 0.5}}, 1));
  EXPECT_FALSE(accurate.take(accuracy, {{"byte_accuracy", 0.4}}, 2));
  EXPECT_TRUE(accurate.take(accuracy, {{"byte_accuracy", 0.6}}, 3));
  EXPECT_FALSE(accurate.enough(accuracy)) << "patience 0 waits for ever";
}

TEST(Chart, LeavesOutWhatIsNoNumberAndDrawsNothingOfNothing) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(chart_svg("empty", {{"a", {}}, {"b", {{1, nan}}}}), "");
  EXPECT_EQ(chart_svg("logarithmic", {{"a", {{1, 0.0}, {2, -1.0}}}}, true), "");
  const std::string svg = chart_svg("a < b", {{"one", {{1, 2.0}, {2, nan}, {3, 1.0}}}});
  EXPECT_CONTAINS(svg, "a &lt; b");
  EXPECT_EQ(svg.find("nan"), std::string::npos);
}

// As a run leaves it that was killed while it wrote a line.
std::filesystem::path killed_run(const test::TempFolder& folder, const std::string& name, const char* rate) {
  folder.put(name + "/recipe.toml", std::string("name = \"x\"\n\n[train]\nsteps = 40  # ") + name +
                                        ".toml:3\nschedule = \"#\"\nlearning_rate = " + rate + "  # " + name +
                                        ".toml:4\n");
  folder.put(name + "/log.jsonl",
             "{\"kind\":\"evaluation\",\"step\":0,\"loss\":5.5,\"bits_per_byte\":7.9}\n"
             "{\"kind\":\"train\",\"step\":1,\"loss\":5.25,\"gradient_norms\":{\"latent\":0.5}}\n"
             "{\"kind\":\"evaluation\",\"step\":1,\"averages\":true,\"loss\":1.0}\n"
             "{\"kind\":\"train\",\"step\":2,\"lo");
  folder.put(name + "/samples.jsonl", "{\"prompt\":\"<b>\",\"text\":\"& so\"}\n");
  return folder / name;
}

TEST(RunLog, ReadsARunThatWasKilled) {
  const test::TempFolder folder;
  const RunLog log = RunLog::read(killed_run(folder, "a", "0.001"));
  EXPECT_EQ(log.name, "a");
  EXPECT_EQ(log.steps, 40);
  EXPECT_EQ(log.objective, "") << "the recipe does not say";
  EXPECT_EQ(log.state(), "step 1");
  EXPECT_EQ(log.training.at("loss"), (Series{{1, 5.25}}));
  EXPECT_EQ(log.training.at("gradient_norms/latent"), (Series{{1, 0.5}}));
  EXPECT_EQ(log.evaluation.at("loss"), (Series{{0, 5.5}})) << "the averages' is another line";
  EXPECT_CONTAINS(log_csv(folder / "a"), "gradient_norms/latent");
  EXPECT_CONTAINS(test::error_of([&] { RunLog::read(folder.path()); }), "recipe.toml");
}

TEST(HtmlReport, IsMadeOfARunThatWasKilledAndShowsTextAsText) {
  const test::TempFolder folder;
  write_html_report(killed_run(folder, "a", "0.001"));
  const std::string page = content_of(folder / "a" / "report.html");
  EXPECT_CONTAINS(page, "Loss, nats per label byte");
  EXPECT_CONTAINS(page, "&lt;b&gt;");
  EXPECT_CONTAINS(page, "&amp; so");
  EXPECT_CONTAINS(page, "learning_rate = 0.001");
  EXPECT_EQ(page.find("http"), std::string::npos) << "it needs no other file";
}

TEST(HtmlReport, DrawsTheWordsAsTheModelSeesThem) {
  const test::TempFolder folder;
  const RunLog log = RunLog::read(killed_run(folder, "a", "0.001"));
  const auto image = std::make_shared<GreyImage>();
  image->width = image->height = 2;
  image->pixels = {0, 255, 255, 0};
  const std::string page = html_report(log, [&](const std::string& text) { return DrawnWords{{text, image}}; });
  EXPECT_CONTAINS(page, "data:image/bmp;base64,Qk");  // "BM"
  EXPECT_CONTAINS(page, "alt=\"&lt;b&gt;&amp; so\"");
}

TEST(RunComparison, NamesTheKeysThatDiffer) {
  const test::TempFolder folder;
  const std::vector<RunLog> runs{RunLog::read(killed_run(folder, "a", "0.001")),
                                 RunLog::read(killed_run(folder, "b", "0.002"))};
  const std::vector<std::vector<std::string>> rows = recipe_differences(runs);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[1], (std::vector<std::string>{"train.learning_rate", "0.001", "0.002"}));
  EXPECT_EQ(comparison_table(runs).size(), 3U);
  EXPECT_CONTAINS(comparison_page(runs), "Training loss");
}

}  // namespace
}  // namespace welt
