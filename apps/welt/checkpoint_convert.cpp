// welt checkpoint convert and export: a checkpoint's files in another form.
#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <string>

#include "apps/welt/export_options.h"
#include "apps/welt/verb.h"
#include "core/checkpoint/convert.h"
#include "core/checkpoint/export.h"
#include "core/tensor/tensor_io.h"

namespace welt {
namespace {

struct ConvertOptions {
  std::string from, to, dtype;
  std::uint64_t largest = usual_largest_file;
  bool ternary = false;
};

void convert(const ConvertOptions& options) {
  Conversion conversion{.largest_file = static_cast<std::int64_t>(options.largest), .ternary = options.ternary};
  if (!options.dtype.empty()) conversion.dtype = parse_float_dtype(options.dtype, "--dtype");
  const ConversionReport report = convert_checkpoint(options.from, options.to, conversion);
  fmt::print("{}: {} tensors in {} file{}, {:.1f} MB (before: {:.1f} MB)\n", options.to, report.tensors, report.files,
             report.files == 1 ? "" : "s", static_cast<double>(report.bytes_after) / 1e6,
             static_cast<double>(report.bytes_before) / 1e6);
  for (const std::string& line : report.left_out) fmt::print("  not copied: {}\n", line);
}

void export_to(const ExportOptions& options) {
  const auto largest = static_cast<std::int64_t>(options.largest);
  const ExportReport report = options.part.empty() ? export_model(options.from, options.to, largest)
                                                   : export_part(options.from, options.part, options.to, largest);
  fmt::print("{}: {} with {} tensors{}\n", options.to, report.class_name, report.tensors,
             report.files == 1 ? "" : fmt::format(" in {} files", report.files));
  for (const std::string& line : report.told) fmt::print("  {}\n", line);
}

void add_convert(CLI::App& checkpoint) {
  auto options = std::make_shared<ConvertOptions>();
  CLI::App* verb = checkpoint.add_subcommand(
      "convert", "The weights in another type, ternary ones in 2 bits, or cut into files of another size");
  verb->add_option("checkpoint", options->from, "Run folder (its newest checkpoint), checkpoint or Hugging Face folder")
      ->required()
      ->type_name("DIR");
  verb->add_option("out", options->to, "New folder")->required()->type_name("OUT");
  verb->add_option("--dtype", options->dtype,
                   "Type of floating tensors: float32, bfloat16, float16 or float64; without it each keeps its own")
      ->type_name("TYPE");
  verb->add_flag(
      "--ternary", options->ternary,
      "Keep the weights of layers that compute with -1, 0 and 1 (matmul_free) in 2 bits: for use, not training");
  add_largest_file(*verb, options->largest);
  verb->footer(
      R"(Other files are copied, but for training/ (moments belong to the weights as they were) and weights in other formats.
A value that the type cannot hold is an error: nothing is written then. Memory is that of one file.

Examples:
  welt checkpoint convert runs/quickstart quickstart-bf16 --dtype bfloat16
  welt checkpoint convert runs/matmul_free matmul-free-2bit --ternary
  welt checkpoint convert some-model some-model-shards --max-shard-size 2GB)");
  verb->callback([options] { convert(*options); });
}

void add_export(CLI::App& checkpoint) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* verb = checkpoint.add_subcommand("export", "The model, or one part of it, as a folder to hand on");
  options->add_to(*verb);
  verb->footer(
      R"(The whole model comes with a model card (README.md) and the run's recipe; the Python WeLT and welt read it. A part is
a plain Hugging Face folder: bodies in their class without a head, the decoder with its head; the folded byte table is
the token table (256 rows; the latent transformer has none).

Examples:
  welt checkpoint export runs/quickstart my-model
  welt checkpoint export runs/quickstart my-decoder --part bytes_decoder)");
  verb->callback([options] { export_to(*options); });
}

}  // namespace

void add_checkpoint_convert(CLI::App& checkpoint) {
  add_convert(checkpoint);
  add_export(checkpoint);
}

}  // namespace welt
