// See report.h.
#include "core/train/report.h"

#include <fmt/core.h>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/base/printable.h"
#include "core/base/shell.h"
#include "core/base/table.h"
#include "core/checkpoint/run_folder.h"
#include "core/model/byte_lm.h"
#include "core/model/model_info.h"
#include "core/train/pins.h"
#include "core/train/recipe_text.h"
#include "core/train/throughput.h"
#include "core/train/training_loop.h"

namespace welt {
namespace {

void add_row(std::string& text, const char* title, const LossSums& sums) {
  text += fmt::format("  {:<28} {:>8.3f} {:>13.3f} {:>10.1f} %{}\n", title, sums.bits_per_byte(), sums.loss(),
                      100.0 * sums.byte_accuracy(),
                      sums.words > 0 ? fmt::format(" {:>10.1f} %", 100.0 * sums.word_accuracy()) : "");
}

// Of evaluated text: "31 words, 150 bytes"; of a byte_lm, which has no words, "150 bytes".
std::string amount_text(std::int64_t words, std::int64_t bytes, bool byte_lm) {
  return byte_lm ? fmt::format("{} bytes", bytes) : fmt::format("{} words, {} bytes", words, bytes);
}

void add_comparison(std::string& text, const TrainResult& result) {
  const LossSums& after = result.after->all.sums;
  const bool byte_lm = after.words == 0;
  text += fmt::format("\nHeld-out text ({})\n", amount_text(after.words, after.text_bytes, byte_lm));
  text += fmt::format("  {:<28} {:>8} {:>13} {:>12}{}\n", "", "bits/byte", "nats/label", "bytes right",
                      byte_lm ? "" : "  words right");
  if (result.before) add_row(text, "before training", *result.before);
  add_row(text, "after training", after);
  if (result.without_image_encoder) add_row(text, "  bytes alone (no images)", *result.without_image_encoder);
  if (result.without_bytes_encoder) add_row(text, "  images alone (no bytes)", *result.without_bytes_encoder);
  if (!result.no_baseline.empty())
    text += fmt::format("  Not compared with byte unigram and trigram: {}.\n", result.no_baseline);
  if (!result.baseline) return;
  const double bits = after.bits_per_byte(), unigram = result.baseline->unigram_bits_per_byte,
               trigram = result.baseline->trigram_bits_per_byte;
  text += fmt::format("  {:<28} {:>8.3f}\n  {:<28} {:>8.3f}\n", "byte unigram (baseline)", unigram,
                      "byte trigram (baseline)", trigram);
  const auto against = [&](const char* name, double other) {
    text += fmt::format("  The model needs {:.1f} % {} bits than the {}.\n", 100.0 * std::abs(1.0 - bits / other),
                        bits < other ? "fewer" : "more", name);
  };
  against("unigram", unigram);
  against("trigram", trigram);
}

// "on: bert", "off (bert)", "on: vit, from elsewhere (DIR)", "none".
std::string encoder_text(const SlotSpec& slot) {
  if (!slot.type) return "none: the model was trained without one";
  std::string from;
  if (slot.fresh)
    from = slot.weights_from.empty() ? ", with random weights in place of the trained ones"
                                     : fmt::format(", with the weights of {}", slot.weights_from);
  return slot.enabled ? fmt::format("on: {}{}", slot.type->id, from)
                      : fmt::format("off ({} in training; its part is zero, the rest scaled up)", slot.type->id);
}

nlohmann::json encoder_json(const SlotSpec& slot) {
  if (!slot.type) return nullptr;
  return {{"plugin", slot.type->id}, {"enabled", slot.enabled}, {"from", slot.fresh ? slot.weights_from : ""}};
}

// Of a run whose text or plugins are not what it was trained with.
void warn_of_changes(const Recipe& recipe, const Session& session, const std::filesystem::path& checkpoint) {
  const std::filesystem::path run = run_recipe(checkpoint).parent_path(), pins = run / "inputs.json";
  if (run.empty() || !std::filesystem::exists(pins)) return;
  const InputDifferences found = input_differences(pins, pin_inputs(recipe, session.model.spec()));
  for (const std::vector<Difference>* list : {&found.decisive, &found.told})
    for (const Difference& difference : *list)
      log_warning("evaluate", "{} is not what {} was trained with: {}", difference.key, run.string(), difference.text);
}

// " (train.eval_rows = 64: not all of it)", or "".
std::string part_text(const Recipe& recipe, const Session& session) {
  const std::int64_t rows = recipe.integer("train.eval_rows");
  return session.validation_complete || rows == 0 ? "" : fmt::format(" (train.eval_rows = {}: not all of it)", rows);
}

}  // namespace

std::string plan_report(const Recipe& recipe, const Session& session) {
  const bool byte_lm = is_byte_lm(recipe);
  std::string text = fmt::format("Plan of {} (nothing is run)\n\nModel: {} parameters\n", recipe.path().string(),
                                 session.model.parameter_count());
  for (const PartInfo& part : count_model(session.model).parts)
    text += fmt::format("  {:<20} {:>12}\n", part.name, part.parameters);
  const auto add_text = [&](const char* title, const Dataset& data) {
    const DatasetStatistics& s = data.statistics();
    text += fmt::format("{}: {} files, {} documents, ", title, s.files, s.documents);
    if (!byte_lm) text += fmt::format("{} words ({} distinct), ", s.words, s.distinct_words);
    text += fmt::format("{} bytes", s.bytes);
  };
  add_text("Training text", *session.train);
  const DatasetStatistics& trained = session.train->statistics();
  text += fmt::format(", {} rows", trained.rows);
  if (trained.windows > 1) text += fmt::format(" in {} windows", trained.windows);
  if (trained.rows_per_epoch != trained.rows) text += fmt::format(", {} of them an epoch", trained.rows_per_epoch);
  text += '\n';
  if (trained.sources.size() > 1) text += mixture_table(trained);
  if (session.validation) {
    add_text("Held-out text", *session.validation);
    text += fmt::format("; {} rows are evaluated{}\n", session.validation_rows, part_text(recipe, session));
  }
  const std::string pieces =
      session.micro_batches > 1 ? fmt::format(" in {} micro-batches", session.micro_batches) : std::string();
  text += fmt::format("Training: {} steps of {} rows x {} {}{}, accumulate {}, {}, run folder {}/{}\n",
                      recipe.integer("train.steps"), recipe.integer("train.batch"), recipe.integer("train.words"),
                      byte_lm ? "bytes" : "words", pieces, recipe.integer("train.accumulate"),
                      recipe.string("precision"), recipe.string("run_dir"), recipe.string("name"));
  return text;
}

std::string training_report(const Recipe& recipe, const TrainResult& result) {
  const std::string path = shell_word(recipe.path().string()), run = shell_word(result.run.string());
  if (result.finished_before)
    return fmt::format(
        "{} is finished: step {} of {}. Nothing was changed.\nOn held-out text: welt evaluate {}\nTo train longer: "
        "more steps where train.schedule = \"constant\", more train.minutes or train.patience where these ended it, "
        "else a new run:\n"
        "  welt run {} --set model.init_from={} --set name=longer\n",
        run, result.last_step, result.steps, run, path, run);
  if (result.signal) return stopped_text(result.signal, result.last_step, result.steps, result.checkpoint, result.run);
  std::string text = fmt::format("\nTrained {} parameters, {} steps, in {:.0f} s: {:.0f} {}/s, peak memory {:.0f} MB\n",
                                 result.parameters, result.last_step, result.seconds, result.words_per_second,
                                 is_byte_lm(recipe) ? "bytes" : "words", static_cast<double>(result.peak_memory) / 1e6);
  if (const std::string speed = Throughput::text(result.throughput, is_byte_lm(recipe)); !speed.empty())
    text += fmt::format("In this session {}\n", speed);
  for (const nlohmann::json& source : result.sources)
    text += fmt::format("  {}: {} documents, {} words, {:.1f} % of those trained on\n",
                        source.at("name").get<std::string>(), source.at("documents").get<std::int64_t>(),
                        source.at("words").get<std::int64_t>(), 100 * source.at("share").get<double>());
  if (result.ended_by == "train.patience")
    text += fmt::format("Stopped by train.patience = {0} before step {1}: no better {2} in {0} evaluations.\n",
                        recipe.integer("train.patience"), result.steps, recipe.string("train.best_metric"));
  else if (result.last_step < result.steps)
    text +=
        fmt::format("Stopped by train.minutes = {} before step {}.\n", recipe.number("train.minutes"), result.steps);
  if (result.after) {
    add_comparison(text, result);
    text += metric_lines(*result.after) + group_table(*result.after, recipe.string("evaluate.group_by")) +
            sample_text(*result.after);
  }
  if (!result.samples.empty()) text += fmt::format("\nSamples (prompt | what the model wrote)\n");
  for (const Sample& sample : result.samples)
    text += fmt::format("  {}| {}\n", printable(sample.prompt), printable(sample.text));
  if (!result.profile.empty())
    text += fmt::format("\nProfile: {}\n{}\n", (result.run / "profile" / "trace.json").string(), result.profile);
  std::vector<std::vector<std::string>> next{{"Next", ""},
                                             {"  welt generate " + run + " --prompt 'And he said '", "continue a text"},
                                             {"  welt evaluate " + run, "the same figures again, from the checkpoint"}};
  if (result.without_image_encoder)
    next.push_back({"  welt evaluate " + run + " --set model.image_encoder.enabled=false", "with an encoder off"});
  next.push_back({fmt::format("  welt run {} --set train.steps={}{} --set name=longer", path, 4 * result.steps,
                              recipe.number("train.minutes") > 0 ? " --set train.minutes=0" : ""),
                  "train longer"});
  next.push_back({"  welt bench train " + path, "where the time of a step goes"});
  next.push_back({"  welt plugin list", "what can fill each slot of a recipe"});
  text += fmt::format("\nRun folder   {}\nCheckpoint   {}\n\n{}", result.run.string(), result.checkpoint.string(),
                      format_table(next));
  return text;
}

void check_evaluation(const Recipe& recipe, bool needs_model) {
  if (needs_model && recipe.string("model.from").empty())
    fail({recipe.path().string(), "task = \"evaluate\" without model.from", "a checkpoint folder in model.from",
          "Or use `welt evaluate RUN`"});
  if (!names_held_out_text(recipe))
    fail({recipe.path().string(), "the recipe names no held-out text",
          "data.validation.files or data.validation.fraction", "Add one, or give it with --set"});
}

std::string evaluation_plan(const Recipe& recipe) {
  check_evaluation(recipe);
  const Session session = open_session(recipe, SessionUse::evaluate);
  const DatasetStatistics& text = session.validation->statistics();
  return fmt::format(
      "Plan of {} (nothing is run)\n\nModel: {}, {} parameters\nHeld-out text: {}; {} rows are evaluated{}\n",
      recipe.path().string(), recipe.string("model.from"), session.model.parameter_count(),
      amount_text(text.words, text.bytes, is_byte_lm(session.model.spec())), session.validation_rows,
      part_text(recipe, session));
}

std::string evaluation_report(const Recipe& recipe, const std::optional<std::filesystem::path>& checkpoint,
                              const SpecChanges& changes, bool json) {
  check_evaluation(recipe, /*needs_model=*/!checkpoint);
  Session session = open_session(recipe, SessionUse::evaluate, checkpoint, changes);
  if (checkpoint) warn_of_changes(recipe, session, *checkpoint);
  const Evaluation evaluation = evaluate_fully(session, recipe);
  const LossSums& sums = evaluation.all.sums;
  const WeltSpec& spec = session.model.spec();
  if (json) {
    nlohmann::json figures = evaluation_json(evaluation);
    for (nlohmann::json& sample : sample_lines(evaluation)) figures["samples"].push_back(std::move(sample));
    if (!is_byte_lm(spec))
      figures["encoders"] = {{"bytes_encoder", encoder_json(spec.bytes_encoder)},
                             {"image_encoder", encoder_json(spec.image_encoder)}};
    return json_text(figures) + "\n";
  }
  std::string text =
      fmt::format("{}: {} of held-out text{}\n", checkpoint ? checkpoint->string() : recipe.string("model.from"),
                  amount_text(sums.words, sums.text_bytes, is_byte_lm(spec)), part_text(recipe, session));
  text += is_byte_lm(spec) ? fmt::format("  decoder alone   {}\n", spec.decoder.type->id)
                           : fmt::format("  bytes encoder   {}\n  image encoder   {}\n",
                                         encoder_text(spec.bytes_encoder), encoder_text(spec.image_encoder));
  text += fmt::format(
      "  bits per byte   {:.4f}\n  bits per char   {:.4f}\n  loss            {:.4f} nats per label byte\n"
      "  perplexity      {:.4f}\n  bytes right     {:.2f} %\n",
      sums.bits_per_byte(), evaluation.all.bits_per_character(), sums.loss(), sums.perplexity(),
      100.0 * sums.byte_accuracy());
  if (!is_byte_lm(spec)) text += fmt::format("  words right     {:.2f} %\n", 100.0 * sums.word_accuracy());
  return text + metric_lines(evaluation) + group_table(evaluation, recipe.string("evaluate.group_by")) +
         sample_text(evaluation);
}

}  // namespace welt
