// welt checkpoint inspect: what a checkpoint is, and whether it is whole.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <string>
#include <vector>

#include "apps/welt/verb.h"
#include "core/base/json.h"
#include "core/base/table.h"
#include "core/checkpoint/checkpoint_report.h"

namespace welt {
namespace {

struct Options {
  std::string path;
  bool json = false, tensors = false, check = false;
};

using Rows = std::vector<std::vector<std::string>>;

std::string or_unknown(const std::string& text) { return text.empty() ? "not known" : text; }

void print_model(const CheckpointReport& report) {
  Rows rows{{"format", or_unknown(report.format)}};
  if (report.training)
    rows.push_back({"training", fmt::format("after step {}; next text: epoch {}, row {}", report.training->step,
                                            report.training->epoch, report.training->row)});
  else
    rows.push_back({"training", "no state: it cannot be resumed, but used and started from"});
  rows.push_back({"words", report.segmenter.empty()
                               ? "not known"
                               : fmt::format("segmenter {}, up to {} bytes", report.segmenter, report.max_bytes)});
  if (!report.encoding.empty()) rows.push_back({"encoding", report.encoding});
  if (!report.segmenter_fingerprint.empty()) rows.push_back({"dictionaries", report.segmenter_fingerprint});
  if (!report.pooling.empty()) rows.push_back({"pooling", report.pooling});
  if (report.decoder_context > 1)
    rows.push_back({"decoder", fmt::format("reads the latents of {} words", report.decoder_context)});
  if (!report.renderer.empty())
    rows.push_back({"renderer", fmt::format("{}, fingerprint {}", report.renderer, or_unknown(report.fingerprint))});
  if (report.modality_dropout) rows.push_back({"modality dropout", fmt::format("{}", *report.modality_dropout)});
  if (report.parameters > 0) rows.push_back({"parameters", std::to_string(report.parameters)});
  fmt::print("{}", format_table(rows));
}

void print_slots(const CheckpointReport& report) {
  if (report.slots.empty()) return;
  Rows rows{{"slot", "model_type", "plugin", "width"}};
  for (const SlotReport& slot : report.slots) {
    if (slot.empty)
      rows.push_back({slot.slot, "off: the model was made without it"});
    else
      rows.push_back({slot.slot, slot.model_type.empty() ? "not told" : slot.model_type,
                      slot.plugin.empty() ? "none" : slot.plugin,
                      slot.width > 0 ? std::to_string(slot.width) : "not known"});
  }
  fmt::print("\n{}", format_table(rows));
}

void print_files(const CheckpointReport& report) {
  Rows rows{{"file", "    size"}};
  for (const CheckpointFile& file : report.files) rows.push_back({file.name, size_text(file.bytes)});
  fmt::print("\n{}", format_table(rows));
}

void print_weights(const CheckpointReport& report) {
  if (!report.weights_read) return;
  std::vector<std::string> dtypes;
  for (const auto& [dtype, count] : report.dtypes) dtypes.push_back(fmt::format("{} x {}", count, dtype));
  fmt::print("\nmodel.safetensors: {} tensors ({}), {} values, {:.1f} MB\n", report.tensors.size(),
             fmt::join(dtypes, ", "), report.values(), static_cast<double>(report.bytes()) / 1e6);
  for (const FoldedTable& table : report.folded)
    fmt::print("  {}: base + bits · projection within {:.1e} (values up to {:.3g})\n", table.name, table.difference,
               table.largest);
  if (!report.unused.empty())
    fmt::print("  {} tensors are not read: {}\n", report.unused.size(), fmt::join(report.unused, ", "));
  fmt::print("  {}\n", report.values_read ? "every value was read" : "values were not read (--check reads them)");
}

void print_tensors(const CheckpointReport& report) {
  Rows rows{{"tensor", "type", "shape", "    size"}};
  if (report.values_read) rows.front().insert(rows.front().end(), {"NaN", "infinite"});
  for (const TensorReport& tensor : report.tensors) {
    std::vector<std::string>& row = rows.emplace_back();
    row = {tensor.name, tensor.dtype, fmt::format("[{}]", fmt::join(tensor.shape, ", ")), size_text(tensor.bytes)};
    if (report.values_read) row.insert(row.end(), {std::to_string(tensor.nan), std::to_string(tensor.infinite)});
  }
  fmt::print("\n{}", format_table(rows));
}

void print_problems(const CheckpointReport& report) {
  constexpr std::size_t shown = 30;
  if (report.problems.empty()) {
    fmt::print("\nNo problem found.\n");
    return;
  }
  fmt::print("\nProblems\n");
  for (std::size_t i = 0; i < std::min(shown, report.problems.size()); ++i) fmt::print("  {}\n", report.problems[i]);
  if (report.problems.size() > shown)
    fmt::print("  … and {} more (--json tells them all)\n", report.problems.size() - shown);
}

int inspect(const Options& options) {
  const CheckpointReport report = report_checkpoint(options.path, options.check);
  if (options.json) {
    fmt::print("{}\n", json_text(report.to_json(options.tensors), 2));
  } else {
    fmt::print("Checkpoint {}\n\n", report.path.string());
    print_model(report);
    print_slots(report);
    print_files(report);
    print_weights(report);
    if (options.tensors) print_tensors(report);
    print_problems(report);
  }
  const bool nothing_read = !report.configuration_read && !report.weights_read;
  return nothing_read || (options.check && !report.problems.empty()) ? 1 : 0;
}

}  // namespace

void add_checkpoint(CLI::App& app) {
  CLI::App* checkpoint =
      app.add_subcommand("checkpoint", "Make a checkpoint, look into one, compare two, or hand one on");
  checkpoint->require_subcommand(1);
  checkpoint->footer(
      "Examples:\n  welt checkpoint init recipes/presets/small.toml untrained\n"
      "  welt checkpoint inspect runs/quickstart --check\n  welt checkpoint diff runs/a runs/b\n"
      "  welt checkpoint export runs/quickstart my-model");
  CLI::App* verb = checkpoint->add_subcommand(
      "inspect", "Files, format, training state, parts, tensors of a checkpoint, and what is wrong with it");
  auto options = std::make_shared<Options>();
  verb->add_option("checkpoint", options->path,
                   "Run folder (its newest checkpoint) or checkpoint folder, damaged or not")
      ->required()
      ->type_name("DIR");
  verb->add_flag("--check", options->check, "Also read every value: counts NaN and infinity; a problem gives status 1")
      ->group("Looking closer");
  verb->add_flag("--tensors", options->tensors, "List every tensor")->group("Looking closer");
  verb->add_flag("--json", options->json, "Print one JSON object")->group("Output");
  verb->footer(
      "Always compared: names and shapes of the tensors with the model that config.json describes, and each byte\n"
      "table's folded tensor with base + bits · projection of the same file. What cannot be read is told, and the "
      "rest\n"
      "is looked at all the same; without --check the status is 1 only where neither config.json nor weights could be\n"
      "read.\n\n"
      "Examples:\n  welt checkpoint inspect runs/quickstart\n"
      "  welt checkpoint inspect runs/quickstart/checkpoints/step-00000400 --check --json\n"
      "  welt checkpoint inspect from-elsewhere --tensors");
  verb->callback([options] {
    if (const int status = inspect(*options)) throw CLI::RuntimeError(status);
  });
  add_checkpoint_init(*checkpoint);
  add_checkpoint_diff(*checkpoint);
  add_checkpoint_convert(*checkpoint);
}

}  // namespace welt
