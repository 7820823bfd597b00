// welt model: a whole WeLT model on the Python reference's batches, for comparing the two. Its sizes: model_info.cpp.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

#include "apps/welt/verb.h"
#include "core/base/safetensors.h"
#include "core/checkpoint/model_files.h"
#include "core/model/byte_lm.h"
#include "core/model/welt_model.h"
#include "core/parity/dense_forward.h"
#include "core/parity/trace.h"
#include "core/tensor/tensor_io.h"

namespace welt {
namespace {

constexpr std::int64_t chunk_tokens = 8192;

struct ForwardOptions {
  std::string checkpoint, in, out, dtype;
  bool grad = false, reference_compatible = false;
};

// `dtype`: "": as the checkpoint has them.
WeltModel open_model(const std::string& checkpoint, const std::string& dtype) {
  WeltModel model = load_newest_model(checkpoint);
  require_words(model.spec(), "the stages of the Python WeLT");
  if (!dtype.empty()) model.to(model.device(), parse_float_dtype(dtype, "--dtype"));
  return model;
}

void forward(const ForwardOptions& options) {
  WeltModel model = open_model(options.checkpoint, options.dtype);
  const SafetensorsFile file = SafetensorsFile::open(options.in);
  const DenseBatch batch = read_dense_batch(file, "batch/", model, Predictors::shown, chunk_tokens);
  const std::vector<NamedTensor> results = dense_forward(model, batch, options.grad);
  save_tensors(options.out, results);
  fmt::print("{} tensors written to {}\n", results.size(), options.out);
}

void add_forward(CLI::App& model) {
  CLI::App* verb = model.add_subcommand("forward", "Every stage's output for a batch of the Python WeLT's processor");
  auto options = std::make_shared<ForwardOptions>();
  verb->add_option("checkpoint", options->checkpoint, "Run or checkpoint folder, the Python WeLT's too")
      ->required()
      ->type_name("DIR");
  verb->add_option("--in", options->in, "Tensors batch/<field>, a .safetensors file")
      ->required()
      ->type_name("FILE")
      ->group("Files");
  verb->add_option("--out", options->out, "Results; replaced as a whole or not at all")
      ->required()
      ->type_name("FILE")
      ->group("Files");
  verb->add_option("--dtype", options->dtype, "Type of weights, arithmetic and results; default: the checkpoint's")
      ->check(CLI::IsMember({"float32", "float64"}))
      ->group("Model");
  verb->add_flag("--grad", options->grad, "Also the loss's gradients and their norms")->group("Model");
  verb->add_flag("--reference-compatible", options->reference_compatible,
                 "Act like the Python reference. A batch says all that the two differ in (masks, positions), so both "
                 "give the same here")
      ->group("Model");
  verb->footer(
      "Evaluation mode. Writes out/encoder_mapping_input, encoded_words, latent_hidden, latent_mapped, latents, "
      "logits\n"
      "and loss in the batch's layout, zero at words without bytes; grad/<parameter> and grad_norm/<parameter>.\n\n"
      "Examples:\n  welt model forward runs/quickstart --in batch.safetensors --out out.safetensors\n"
      "  welt model forward checkpoint --in batch.safetensors --out out.safetensors --grad --dtype float64");
  verb->callback([options] { forward(*options); });
}

struct TraceOptions {
  std::string checkpoint, plan, batches, run, out, dtype;
};

void trace(const TraceOptions& options) {
  const TracePlan plan = TracePlan::load(options.plan, options.run);
  WeltModel model = open_model(options.checkpoint, options.dtype);
  train_trace(model, plan, options.batches, options.run, options.out);
  fmt::print("{}: steps.jsonl and after.safetensors written\n", options.out);
}

void add_trace(CLI::App& model) {
  CLI::App* verb = model.add_subcommand("trace", "Training steps over given batches, written down step by step");
  auto options = std::make_shared<TraceOptions>();
  verb->add_option("checkpoint", options->checkpoint, "Run or checkpoint folder to start from")
      ->required()
      ->type_name("DIR");
  verb->add_option("--plan", options->plan, "Optimizer, parameter groups and runs, a JSON file")
      ->required()
      ->type_name("FILE")
      ->group("Files");
  verb->add_option("--batches", options->batches, "Tensors batch_<i>/<field>, a .safetensors file")
      ->required()
      ->type_name("FILE")
      ->group("Files");
  verb->add_option("--run", options->run, "Which run of the plan")->required()->type_name("NAME")->group("Files");
  verb->add_option("--out", options->out, "Folder for steps.jsonl and after.safetensors")
      ->required()
      ->type_name("DIR")
      ->group("Files");
  verb->add_option("--dtype", options->dtype, "Type of weights and arithmetic; default: the checkpoint's")
      ->check(CLI::IsMember({"float32", "float64"}))
      ->group("Model");
  verb->footer(
      "Examples:\n  welt model trace checkpoint --plan trace.json --batches batches.safetensors --run plain --out "
      "trace");
  verb->callback([options] { trace(*options); });
}

}  // namespace

void add_model(CLI::App& app) {
  CLI::App* model = app.add_subcommand("model", "Tell a model's sizes, or run it on the Python reference's batches");
  model->require_subcommand(1);
  model->footer(
      "Examples:\n  welt model info recipes/quickstart.toml\n"
      "  welt model forward checkpoint --in batch.safetensors --out out.safetensors");
  add_forward(*model);
  add_trace(*model);
  add_model_info(*model);
}

}  // namespace welt
