// welt bench component: forward and backward of the model of a Hugging Face folder, by itself.
#include "apps/welt/bench_component.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <memory>
#include <string>

#include "apps/welt/role_option.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/parity/time_forward.h"
#include "core/tensor/tensor_io.h"

namespace welt {
namespace {

struct ComponentBench {
  std::string folder, role, dtype = "float32";
  TimedCall call;
  std::int64_t threads = 0;
  bool json = false;
};

void bench_component(const ComponentBench& options) {
  if (options.call.widths > 1 && options.role != "image_encoder")
    fail({"--widths", fmt::format("--role {}, whose rows have no width", options.role), "--role image_encoder"});
  if (options.threads > 0) at::set_num_threads(static_cast<int>(options.threads));
  const nlohmann::json found = time_forward(HfSource::find(options.folder), role_interface(options.role),
                                            parse_float_dtype(options.dtype, "--dtype"), options.call);
  if (options.json)
    fmt::print("{}\n", json_text(found));
  else
    fmt::print("{:.2f} ms, the fastest {:.2f} ({} of {} repeats, {}, {} threads, {:.1f} M parameters)\n",
               found.at("milliseconds").get<double>(), found.at("fastest").get<double>(),
               options.call.backward ? "forward and backward, median" : "forward, median", options.call.repeats,
               options.dtype, found.at("threads").get<int>(), found.at("parameters").get<double>() / 1e6);
}

CLI::Option* add_size(CLI::App& verb, const char* name, std::int64_t& value, const char* help, const char* group) {
  return verb.add_option(name, value, help)
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20))
      ->type_name("N")
      ->group(group);
}

}  // namespace

void add_component_bench(CLI::App& group) {
  CLI::App* verb = group.add_subcommand("component", "Time the model of a Hugging Face folder on random inputs");
  auto options = std::make_shared<ComponentBench>();
  verb->add_option("dir", options->folder, "Folder with config.json and model.safetensors")
      ->required()
      ->type_name("DIR");
  add_role(*verb, options->role);
  verb->add_option("--dtype", options->dtype, "Type of weights and arithmetic")
      ->check(CLI::IsMember({"float32", "float64", "bfloat16"}))
      ->capture_default_str()
      ->group("Model");
  add_size(*verb, "--rows", options->call.rows, "Rows, or images, of a call", "Input");
  add_size(*verb, "--length", options->call.length, "Positions of a row", "Input");
  add_size(*verb, "--height", options->call.height, "Height of an image in pixels", "Input");
  add_size(*verb, "--width", options->call.width, "Width of an image in pixels", "Input");
  CLI::Option* const widths = add_size(*verb, "--widths", options->call.widths,
                                       "Widths of the images, evenly up to --width, all in one call", "Input");
  verb->add_flag("--by-width", options->call.by_width, "A call for each of the widths")->needs(widths)->group("Input");
  add_size(*verb, "--repeats", options->call.repeats, "Measured calls, after two of warm-up", "Measurement");
  verb->add_flag("--backward", options->call.backward, "Also the gradients of every parameter")->group("Measurement");
  verb->add_option("--threads", options->threads, "Threads of LibTorch; 0: all cores")
      ->capture_default_str()
      ->check(CLI::Range(0, 1024))
      ->type_name("N")
      ->group("Measurement");
  verb->add_flag("--json", options->json, "Print one JSON object")->group("Output");
  verb->footer(
      "Examples:\n  welt bench component models/bert-tiny --role bytes_encoder --rows 32 --length 16\n"
      "  welt bench component models/vit --role image_encoder --height 32 --width 128 --backward\n"
      "  welt bench component models/vit --role image_encoder --rows 64 --widths 8 --by-width\n"
      "  welt bench component models/llama --role latent --dtype bfloat16 --threads 2 --json");
  verb->callback([options] { bench_component(*options); });
}

}  // namespace welt
