// See report.h.
#include "apps/welt/report.h"

#include <fmt/core.h>

#include <csignal>
#include <map>

#include "apps/welt/printable.h"
#include "apps/welt/table.h"
#include "core/base/error.h"

namespace welt {
namespace {

void print_row(const char* title, const LossSums& sums) {
  fmt::print("  {:<28} {:>8.3f} {:>13.3f} {:>10.1f} % {:>10.1f} %\n", title, sums.bits_per_byte(), sums.loss(),
             100.0 * sums.byte_accuracy(), 100.0 * sums.word_accuracy());
}

void print_comparison(const TrainResult& result) {
  fmt::print("\nHeld-out text ({} words, {} bytes)\n", result.after->words, result.after->text_bytes);
  fmt::print("  {:<28} {:>8} {:>13} {:>12} {:>12}\n", "", "bits/byte", "nats/label", "bytes right", "words right");
  if (result.before) print_row("before training", *result.before);
  print_row("after training", *result.after);
  if (result.without_image_encoder) print_row("  bytes alone (no images)", *result.without_image_encoder);
  if (result.without_bytes_encoder) print_row("  images alone (no bytes)", *result.without_bytes_encoder);
  if (!result.baseline) return;
  const double bits = result.after->bits_per_byte(), unigram = result.baseline->unigram_bits_per_byte,
               trigram = result.baseline->trigram_bits_per_byte;
  fmt::print("  {:<28} {:>8.3f}\n  {:<28} {:>8.3f}\n", "byte unigram (baseline)", unigram, "byte trigram (baseline)",
             trigram);
  const auto against = [&](const char* name, double other) {
    fmt::print("  The model needs {:.1f} % {} bits than the {}.\n", 100.0 * std::abs(1.0 - bits / other),
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

}  // namespace

void print_plan(const Recipe& recipe, const Session& session) {
  std::map<std::string, std::int64_t> sizes;
  for (const ModelParameter& parameter : session.model.parameters()) sizes[parameter.group] += parameter.tensor.numel();
  fmt::print("Plan of {} (nothing is run)\n\nModel: {} parameters\n", recipe.path().string(),
             session.model.parameter_count());
  for (const auto& [group, size] : sizes) fmt::print("  {:<20} {:>12}\n", group, size);
  const auto text = [](const char* title, const Dataset& data) {
    const DatasetStatistics& s = data.statistics();
    fmt::print("{}: {} files, {} documents, {} words ({} distinct), {} bytes, {} rows\n", title, s.files, s.documents,
               s.words, s.distinct_words, s.bytes, s.rows);
  };
  text("Training text", *session.train);
  if (session.validation) text("Held-out text", *session.validation);
  fmt::print("Training: {} steps of {} rows x {} words, accumulate {}, {}, run folder {}/{}\n",
             recipe.integer("train.steps"), recipe.integer("train.batch"), recipe.integer("train.words"),
             recipe.integer("train.accumulate"), recipe.string("precision"), recipe.string("run_dir"),
             recipe.string("name"));
}

void print_summary(const Recipe& recipe, const TrainResult& result) {
  if (result.signal) {
    fmt::print("Stopped by {} after step {} of {}; saved {}\nContinue: welt run {}/recipe.toml --resume\n",
               result.signal == SIGINT ? "SIGINT" : "SIGTERM", result.last_step, result.steps,
               result.checkpoint.string(), result.run.string());
    return;
  }
  const std::string path = recipe.path().string();
  fmt::print("\nTrained {} parameters, steps {} to {}, in {:.0f} s: {:.0f} words/s, peak memory {:.0f} MB\n",
             result.parameters, result.first_step, result.last_step, result.seconds, result.words_per_second,
             static_cast<double>(result.peak_memory) / 1e6);
  if (result.last_step < result.steps)
    fmt::print("Stopped by train.minutes = {} before step {}.\n", recipe.number("train.minutes"), result.steps);
  if (result.after) print_comparison(result);
  if (!result.samples.empty()) fmt::print("\nSamples (prompt | what the model wrote)\n");
  for (const Sample& sample : result.samples)
    fmt::print("  {}| {}\n", printable(sample.prompt), printable(sample.text));
  const std::string run = result.run.string();
  std::vector<std::vector<std::string>> next{{"Next", ""},
                                             {"  welt generate " + run + " --prompt 'And he said '", "continue a text"},
                                             {"  welt evaluate " + run, "the same figures again, from the checkpoint"}};
  if (result.without_image_encoder)
    next.push_back({"  welt evaluate " + run + " --set model.image_encoder.enabled=false", "with an encoder off"});
  next.push_back(
      {fmt::format("  welt run {} --set train.steps={} --set name=longer", path, 4 * result.steps), "train longer"});
  next.push_back({"  welt bench train " + path, "where the time of a step goes"});
  next.push_back({"  welt plugin list", "what can fill each slot of a recipe"});
  fmt::print("\nRun folder   {}\nCheckpoint   {}\n\n{}", run, result.checkpoint.string(), format_table(next));
}

void print_evaluation(const Recipe& recipe, const std::optional<std::filesystem::path>& checkpoint,
                      const SpecChanges& changes, bool json) {
  if (!checkpoint && recipe.string("model.from").empty())
    fail({recipe.path().string(), "task = \"evaluate\" without model.from", "a checkpoint folder in model.from",
          "Or use `welt evaluate RUN`"});
  Session session = open_session(recipe, SessionUse::evaluate, checkpoint, changes);
  if (!session.validation)
    fail({recipe.path().string(), "the recipe names no held-out text",
          "data.validation.files or data.validation.fraction", "Add one, or give it with --set"});
  const LossSums sums = evaluate(session.model, session.validation_batches, session.chunk_tokens, session.amp);
  const WeltSpec& spec = session.model.spec();
  if (json) {
    nlohmann::json figures = evaluation_json(sums);
    figures["encoders"] = {{"bytes_encoder", encoder_json(spec.bytes_encoder)},
                           {"image_encoder", encoder_json(spec.image_encoder)}};
    fmt::print("{}\n", figures.dump());
    return;
  }
  fmt::print("{}: {} words, {} bytes of held-out text\n",
             checkpoint ? checkpoint->string() : recipe.string("model.from"), sums.words, sums.text_bytes);
  fmt::print("  bytes encoder   {}\n  image encoder   {}\n", encoder_text(spec.bytes_encoder),
             encoder_text(spec.image_encoder));
  fmt::print(
      "  bits per byte   {:.4f}\n  loss            {:.4f} nats per label byte\n  perplexity      {:.4f}\n"
      "  bytes right     {:.2f} %\n  words right     {:.2f} %\n",
      sums.bits_per_byte(), sums.loss(), sums.perplexity(), 100.0 * sums.byte_accuracy(), 100.0 * sums.word_accuracy());
}

}  // namespace welt
