// welt component: runs one component by itself, to compare it with the Python original.
#include <fmt/format.h>
#include <welt/abi/image_encoder.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "apps/welt/role_option.h"
#include "apps/welt/verb.h"
#include "core/base/error.h"
#include "core/base/safetensors.h"
#include "core/huggingface/hf_image_model.h"
#include "core/huggingface/hf_model.h"
#include "core/huggingface/hf_source.h"
#include "core/parity/forward_cases.h"
#include "core/tensor/tensor_io.h"

namespace welt {
namespace {

struct ForwardOptions {
  std::string folder, role, in, out, dtype = "float32";
  bool grad = false, trace = false;
};

void forward(const ForwardOptions& options) {
  const at::ScalarType dtype = parse_float_dtype(options.dtype, "--dtype");
  const HfSource source = HfSource::find(options.folder);
  const SafetensorsFile cases = SafetensorsFile::open(options.in);
  const std::string role = role_interface(options.role);
  std::vector<NamedTensor> results;
  if (role == WELT_IMAGE_ENCODER_INTERFACE) {
    HfImageModel model(source, dtype, options.grad);
    results = run_cases(model, cases, {.gradients = options.grad, .trace = options.trace});
  } else {
    HfModel model(source, role, dtype, options.grad);
    results = run_cases(model, cases, {.gradients = options.grad, .trace = options.trace});
  }
  save_tensors(options.out, results);
  fmt::print("{} tensors written to {}\n", results.size(), options.out);
}

constexpr const char* forward_footer =
    R"(Input: <case>/in/input_ids or inputs_embeds, and if wanted attention_mask, attention_mask_4d,
position_ids, token_type_ids; <case>/in/prompt_lengths makes a run through the cache.
Image encoders: <case>/in/pixel_values, or image_0, image_1, … of different sizes; normalised.
<case>/valid marks defined positions; <case>/w/<output> weighs outputs for --grad.

Examples:
  welt component forward models/bert-tiny --role bytes_encoder --in io.safetensors --out out.safetensors
  welt component forward EleutherAI/some-llama --role latent --in io.safetensors --out out.safetensors --grad
  welt component forward models/llama --role decoder --in io.safetensors --out out.safetensors --dtype float64
  welt component forward models/vit --role image_encoder --in io.safetensors --out out.safetensors --grad
  welt component forward models/llama --role decoder --in io.safetensors --out a.safetensors --trace)";

}  // namespace

void add_component(CLI::App& app) {
  CLI::App* component = app.add_subcommand("component", "Run one component by itself");
  component->require_subcommand(1);
  component->footer(
      "Examples:\n  welt component forward models/bert-tiny --role bytes_encoder --in io.safetensors --out "
      "out.safetensors\n  welt component compare a.safetensors b.safetensors");
  CLI::App* verb = component->add_subcommand(
      "forward", "Run the model of a Hugging Face folder on every case of a file and write its outputs");
  auto options = std::make_shared<ForwardOptions>();
  verb->add_option("dir", options->folder, "Folder with config.json and model.safetensors (nothing else is read)")
      ->required()
      ->type_name("DIR");
  add_role(*verb, options->role);
  verb->add_option("--in", options->in, "Cases, a .safetensors file")->required()->type_name("FILE")->group("Files");
  verb->add_option("--out", options->out, "Results; replaced as a whole or not at all")
      ->required()
      ->type_name("FILE")
      ->group("Files");
  verb->add_option("--dtype", options->dtype, "Type of weights, arithmetic and results")
      ->check(CLI::IsMember({"float32", "float64", "bfloat16"}))
      ->capture_default_str()
      ->group("Model");
  verb->add_flag("--grad", options->grad, "Also gradients, for cases that have w")->group("Model");
  verb->add_flag("--trace", options->trace, "Also every value on the way, as <case>/trace/<name>, in order")
      ->group("Model");
  verb->footer(forward_footer);
  verb->callback([options] { forward(*options); });
  add_component_compare(*component);
}

}  // namespace welt
