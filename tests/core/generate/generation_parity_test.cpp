// Byte decoding under transformers' options, against what the Python WeLT gives (tests/goldens/generation).
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "core/base/json.h"
#include "core/checkpoint/model_files.h"
#include "core/generate/generation_config.h"

namespace welt {
namespace {

using nlohmann::json;

const std::filesystem::path goldens = std::filesystem::path(WELT_TEST_DATA);

std::vector<json> lines_of(const std::string& file) {
  std::ifstream in(goldens / "generation" / file);
  std::vector<json> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
  return lines;
}

std::vector<double> logits_of(const std::string& name) {
  static const json all = json::parse(std::ifstream(goldens / "generation" / "logits.json"));
  std::vector<double> logits;
  for (const json& value : all.at(name))
    logits.push_back(value.is_null() ? -std::numeric_limits<double>::infinity() : value.get<double>());
  return logits;
}

TEST(SamplingFiltersParity, LeaveTheSameBytesWithTheSameProbabilities) {
  for (const json& line : lines_of("filters.jsonl")) {
    GenerateOptions options = step_config(line.at("options"));
    options.sampling.min_keep = line.at("min_tokens_to_keep");
    std::vector<double> scores = logits_of(line.at("logits"));
    filter_scores(scores, options.sampling);
    log_softmax(scores);
    std::vector<std::size_t> allowed;
    for (std::size_t byte = 0; byte < scores.size(); ++byte)
      if (std::isfinite(scores[byte])) allowed.push_back(byte);
    ASSERT_EQ(allowed, line.at("allowed").get<std::vector<std::size_t>>()) << line.at("options");
    for (std::size_t i = 0; i < allowed.size(); ++i)
      EXPECT_NEAR(std::exp(scores[allowed[i]]), line.at("probabilities")[i].get<double>(), 1e-7) << line.at("options");
  }
}

TEST(ByteRulesParity, ChangeTheSameScores) {
  for (const json& line : lines_of("steps.jsonl")) {
    std::string before;
    for (const json& byte : line.at("before")) before.push_back(static_cast<char>(byte.get<int>()));
    const std::vector<double> logits = logits_of(line.at("logits"));
    std::vector<double> expected = logits, found = logits;
    for (const json& change : line.at("changed"))
      expected[change[0]] = change[1].is_null() ? -std::numeric_limits<double>::infinity() : change[1].get<double>();
    step_config(line.at("options")).rules.apply(found, before, /*given=*/-2, /*room=*/100);
    for (std::size_t byte = 0; byte < found.size(); ++byte) {
      if (std::isfinite(expected[byte]))
        EXPECT_NEAR(found[byte], expected[byte], 1e-12) << line.at("options") << " byte " << byte;
      else
        EXPECT_EQ(found[byte], expected[byte]) << line.at("options") << " byte " << byte;
    }
  }
}

// The decoder's last norm times the scale: all byte logits are.
void scale_logits(WeltModel& model, double factor) {
  for (const ModelParameter& parameter : model.parameters())
    if (parameter.name.find(".ln_f.") != std::string::npos) parameter.tensor.detach().mul_(factor);
}

std::vector<int> numbers(const std::string& bytes) {
  std::vector<int> all;
  for (const char byte : bytes) all.push_back(static_cast<std::uint8_t>(byte));
  return all;
}

TEST(GenerationParitySlow, WordsBytesAndScoresAreThoseOfTheReference) {
  for (const json& line : lines_of("words.jsonl")) {
    WeltModel model = load_model(goldens / "welt" / "bytes-only");
    scale_logits(model, line.at("logit_scale"));
    GenerateOptions options = generation_config(line.at("options"));
    options.words = line.at("max_generated_words");
    options.scores = true;
    const auto results = Generator(model).generate(line.at("prompts").get<std::vector<std::string>>(), options);
    const std::string about = line.at("options").dump() + line.at("prompts").dump();
    for (std::size_t row = 0; row < results.size(); ++row) {
      EXPECT_EQ(results[row].text, line.at("texts")[row]) << about;
      ASSERT_EQ(results[row].trace.size(), line.at("bytes").size()) << about;
      for (std::size_t word = 0; word < results[row].trace.size(); ++word) {
        const WordTrace& trace = results[row].trace[word];
        EXPECT_EQ(numbers(trace.bytes), line.at("bytes")[word][row].get<std::vector<int>>()) << about;
        const json& scores = line.at("scores")[word][row];
        const json expected = scores.is_array() ? scores : json::array({scores});
        ASSERT_EQ(trace.scores.size(), expected.size()) << about;
        for (std::size_t i = 0; i < expected.size(); ++i)
          EXPECT_NEAR(trace.scores[i], expected[i].get<double>(), 5e-4) << about;
      }
    }
  }
}

}  // namespace
}  // namespace welt
