// welt sample, schedule and generate --jsonl as another program uses them: a line for each line, whatever stands there.
#include <nlohmann/json.hpp>

#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

using Json = nlohmann::json;

// The sample_answers to lines of standard input; the exit status must be 0.
std::vector<Json> sample_answers(std::vector<std::string> arguments, const std::string& lines) {
  const TempFolder folder;
  folder.put("lines", lines);
  const Outcome outcome = run_welt(arguments, "cat " + shell_quoted(folder / "lines") + " |");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  return json_lines(outcome.out);
}

std::string request(Json json) {
  Json logits = Json::array();
  for (int byte = 0; byte < 256; ++byte) logits.push_back(byte < 250 ? Json() : Json(byte - 250));
  json["logits"] = logits;
  return json.dump() + "\n";
}

TEST(Sample, EveryLineIsAnsweredWhateverItSays) {
  const std::vector<Json> all = sample_answers(
      {"sample", "--jsonl"}, request({{"options", {{"top_k", 2}}}, {"something", "else"}}) +
                                 request({{"options", {{"top_k", 2}}}, {"min_tokens_to_keep", 3}}) +
                                 request({{"options", {{"repetition_penalty", 2.0}}}, {"before", {255, 250}}}) +
                                 "{\"logits\": [1, 2]}\nno JSON\n" + request({{"options", {{"top_k", "many"}}}}));
  ASSERT_EQ(all.size(), 6U);
  EXPECT_EQ(all[0].at("allowed"), (Json{254, 255}));
  EXPECT_NEAR(all[0].at("probabilities")[1].get<double>(), 0.7310585786, 1e-9);
  EXPECT_EQ(all[1].at("allowed"), (Json{253, 254, 255}));
  ASSERT_EQ(all[2].at("scores").size(), 256U);
  EXPECT_EQ(all[2].at("scores")[255], 2.5);
  EXPECT_EQ(all[2].at("scores")[254], 4.0);
  EXPECT_TRUE(all[2].at("scores")[0].is_null());
  for (int i = 3; i < 6; ++i) EXPECT_TRUE(all[i].contains("error")) << all[i];
  EXPECT_CONTAINS(all[5].at("error").get<std::string>(), "top_k");
}

TEST(Sample, ABanLongerThanTheBytesSoFarHasNoEffect) {
  const Json options = Json::parse(R"({"bad_words_ids": [[255], [250, 251, 254]]})");
  const std::vector<Json> all =
      sample_answers({"sample", "--jsonl"}, request({{"options", options}, {"before", {250, 251}}}) +
                                                request({{"options", options}, {"before", {1, 250, 251}}}));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].at("scores")[254], 4.0);
  EXPECT_TRUE(all[0].at("scores")[255].is_null());
  EXPECT_TRUE(all[1].at("scores")[254].is_null());
}

TEST(ScheduleVerb, AnswersLinesAndPrintsRecipes) {
  const std::vector<Json> all = sample_answers(
      {"schedule", "--jsonl"},
      "{\"name\": \"linear\", \"lr\": 0.001, \"steps\": 100, \"warmup_ratio\": 0.07, \"keep\": [1, 9, 100], \"x\": 1}\n"
      "{\"name\": \"linearr\", \"lr\": 0.001, \"steps\": 100}\n");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].at("warmup"), 8) << "0.07 · 100 is above 7 in binary";
  EXPECT_EQ(all[0].at("lr_of_step").size(), 3U);
  EXPECT_EQ(all[0].at("lr_of_step").at("1"), 0.0);
  EXPECT_CONTAINS(all[1].at("error").get<std::string>(), "linear");
  const TempFolder folder;
  const std::string recipe =
      folder.put("r.toml", "[train]\nsteps = 20\nwarmup_steps = 4\nlearning_rate = 1.0\nschedule = \"constant\"\n");
  const Outcome printed = run_welt({"schedule", recipe});
  ASSERT_EQ(printed.status, 0) << printed.err;
  EXPECT_CONTAINS(printed.out, "4 of warm-up");
  const Outcome rates = run_welt({"schedule", recipe, "--json"});
  EXPECT_EQ(Json::parse(rates.out).at("learning_rates").at(0), 0.25) << "the first step moves";
  EXPECT_EQ(Json::parse(run_welt({"schedule", recipe, "--json", "--set", "compat.schedule_from_zero=true"}).out)
                .at("learning_rates")
                .at(0),
            0.0);
  EXPECT_EQ(run_welt({"schedule"}).status, 2);
}

TEST(GenerateLines, AnswerInTheReferencesTermsAndGoOnAfterAFault) {
  const std::string model = (std::filesystem::path(WELT_TEST_DATA) / "welt" / "bytes-only").string();
  const std::vector<Json> all = sample_answers(
      {"generate", model, "--jsonl", "--reference-compatible"},
      "{\"prompts\": [\"the cat \"], \"max_generated_words\": 2, \"options\": {\"num_beams\": 2}, \"x\": 1}\n"
      "{\"prompts\": [\"the cat \"], \"options\": {\"num_return_sequences\": 2}}\n"
      "{\"prompts\": [\"the cat \"], \"max_generated_words\": 1, \"logit_scale\": 0.5}\n"
      "{\"prompts\": [\"the cat \"], \"max_generated_words\": 1}\n");
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].at("bytes").size(), 2U);
  EXPECT_TRUE(all[0].at("scores")[0][0].is_number()) << "a search has one score a word";
  EXPECT_CONTAINS(all[1].at("error").get<std::string>(), "num_return_sequences");
  const double half = all[2].at("scores")[0][0][0], whole = all[3].at("scores")[0][0][0];
  EXPECT_NEAR(2 * half, whole, 1e-4) << "the scale is that line's alone";
  const Outcome refused = run_welt({"generate", model, "--jsonl", "--reference-compatible", "--top-k", "3"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_CONTAINS(refused.err, "--top-k");
}

}  // namespace
}  // namespace welt::test
