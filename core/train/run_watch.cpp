// See run_watch.h.
#include "core/train/run_watch.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/train/html_report.h"

namespace welt {
namespace {

template <typename Body>
bool warning_of_errors(Body&& body) {
  try {
    body();
    return true;
  } catch (const Error& error) {
    log_warning("train", "{}", error.what());
    return false;
  }
}

}  // namespace

RunWatch::RunWatch(const Recipe& recipe, const RunFolder& folder, const TextFrontEnd* text, std::int64_t step)
    : recipe_(recipe), folder_(folder), text_(text) {
  if (recipe.boolean("train.tensorboard"))
    warning_of_errors([&] { events_.emplace(folder.path() / "tensorboard", step); });
}

void RunWatch::step(const StepReport& report, const TrainingState& state, const nlohmann::json& throughput) {
  nlohmann::json line{{"kind", "train"},
                      {"step", report.step},
                      {"loss", report.loss},
                      {"learning_rate", report.learning_rate},
                      {"gradient_norm", report.gradient_norm},
                      {"gradient_norms", report.part_norms},
                      {"step_seconds", report.total_seconds},
                      {"seconds", state.seconds}};
  const std::pair<const char*, std::optional<double>> auxiliary[] = {{"further_loss", report.further_loss},
                                                                     {"masked_loss", report.masked_loss}};
  for (const auto& [figure, loss] : auxiliary)
    if (loss) line[figure] = *loss;
  if (report.words > 0) line.update({{"words", report.words}, {"bytes", report.bytes}});
  line.update(throughput);
  folder_.log(line);
  std::vector<std::pair<std::string, double>> values{{"train/loss", report.loss},
                                                     {"train/learning_rate", report.learning_rate},
                                                     {"train/gradient_norm", report.gradient_norm}};
  if (report.words > 0) values.emplace_back("train/words_per_second", state.words_per_second());
  for (const char* figure : {"pairs_per_second", "bytes_per_second", "padding_share", "mfu"})
    if (const auto at = throughput.find(figure); at != throughput.end())
      values.emplace_back(fmt::format("train/{}", figure), at->get<double>());
  for (const auto& [figure, loss] : auxiliary)
    if (loss) values.emplace_back(fmt::format("train/{}", figure), *loss);
  for (const auto& [part, norm] : report.part_norms) values.emplace_back("gradient_norm/" + part, norm);
  tell(report.step, values);
  if (seconds_since(reported_) > pause_) this->report();
}

void RunWatch::evaluation(std::int64_t step, const Evaluation& evaluation) {
  nlohmann::json line = evaluation_json(evaluation);
  line["kind"] = "evaluation";
  line["step"] = step;
  folder_.log(line);
  for (nlohmann::json sample : sample_lines(evaluation)) {
    sample["kind"] = "sample";
    sample["step"] = step;
    folder_.log(sample);
  }
  const LossSums& sums = evaluation.all.sums;
  std::vector<std::pair<std::string, double>> values{{"evaluation/loss", sums.loss()},
                                                     {"evaluation/bits_per_byte", sums.bits_per_byte()},
                                                     {"evaluation/byte_accuracy", sums.byte_accuracy()}};
  if (sums.words > 0) values.emplace_back("evaluation/word_accuracy", sums.word_accuracy());
  if (const auto& texts = evaluation.texts)
    for (const TextMetric* metric : texts->metrics)
      values.emplace_back(fmt::format("evaluation/{}", metric->name), metric->value(texts->all));
  tell(step, values);
}

void RunWatch::evaluation(std::int64_t step, const nlohmann::json& figures) {
  nlohmann::json line = figures;
  line.update({{"kind", "evaluation"}, {"step", step}});
  folder_.log(line);
  std::vector<std::pair<std::string, double>> values;
  for (const auto& [key, value] : figures.items()) {
    if (value.is_number()) values.emplace_back("evaluation/" + key, value.get<double>());
    if (!value.is_object()) continue;
    for (const auto& [inner, number] : value.items())
      values.emplace_back(fmt::format("evaluation/{}/{}", key, inner), number.get<double>());
  }
  tell(step, values);
}

void RunWatch::report() {
  if (!recipe_.boolean("train.report")) return;
  const auto start = Clock::now();
  const auto pictures = [&](const std::string& text) {
    DrawnWords words;
    for (const std::string& word : text_->words(text, "a sample"))
      words.emplace_back(word, text_->drawer()->draw(word));
    return words;
  };
  const bool drawn = text_ != nullptr && text_->drawer();
  warning_of_errors([&] { write_html_report(folder_.path(), drawn ? WordPictures(pictures) : WordPictures()); });
  reported_ = Clock::now();
  pause_ = std::max(30.0, 100 * seconds_since(start));
}

// A disk that is full is told once, and said again by the next checkpoint.
void RunWatch::tell(std::int64_t step, const std::vector<std::pair<std::string, double>>& values) {
  if (events_ && !warning_of_errors([&] { events_->scalars(step, values); })) events_.reset();
}

}  // namespace welt
