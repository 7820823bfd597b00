// `welt doctor`: what this machine and this build offer, and what would be slow or fail here.
#include <fmt/format.h>

#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/welt/machine.h"
#include "apps/welt/process_setup.h"
#include "apps/welt/verb.h"
#include "core/base/json.h"
#include "core/kernels/instructions.h"
#include "core/kernels/linear.h"
#include "core/kernels/mkl_path.h"
#include "core/plugin/registry.h"
#include "core/tensor/libtorch_info.h"
#include "core/tensor/tensor_memory.h"

namespace welt {
namespace {

using nlohmann::json;

constexpr double gigabyte = 1e9;
constexpr std::uint64_t little_memory = 4'000'000'000, little_disk = 2'000'000'000;

struct Options {
  bool as_json = false;
  std::string run_folder = "runs";
};

struct Findings {
  Machine machine;
  LibTorchInfo torch;
  std::uint64_t disk = 0;
  const char* bfloat16_products;    // who multiplies
  std::vector<std::string> broken;  // welt cannot work: exit status 1
  std::vector<std::string> slow;    // what costs time here, each with its mend
};

bool bf16_in_hardware(const Machine& machine) {
  return machine.has("avx512_bf16") || machine.has("amx_bf16") || machine.has("bf16");
}

std::uint64_t usable_memory(const Machine& machine) {
  return machine.memory_limit > 0 ? std::min(machine.memory, machine.memory_limit) : machine.memory;
}

void find_slow_hardware(Findings& found) {
  const Machine& machine = found.machine;
  if (!bf16_in_hardware(machine)) {
    found.slow.push_back(
        "No bfloat16 instructions (avx512_bf16 or amx_bf16): precision \"amp\" is emulated and slower "
        "than fp32. Train with --set precision=fp32.");
  } else if (!machine.has("amx_bf16") && !machine.has("bf16")) {
    found.slow.push_back("bfloat16 without AMX: amp gains less than on a machine with amx_bf16.");
  }
  if (!machine.has("avx512f") && !machine.has("asimd")) {
    found.slow.push_back(machine.has("avx2") ? "No AVX-512: matrix products run at about half the rate."
                                             : "No AVX2: matrix products run at a fraction of the usual rate.");
  }
  if (machine.usable_cores < 2) {
    found.slow.push_back("One core: text work and the training step share it. Give the process two or more.");
  }
  if (machine.core_limit > 0 && machine.core_limit < found.torch.threads) {
    found.slow.push_back(
        fmt::format("The control group grants {:.1f} CPUs, but LibTorch starts {} threads. "
                    "Set OMP_NUM_THREADS={}.",
                    machine.core_limit, found.torch.threads, std::max(1, static_cast<int>(machine.core_limit))));
  }
  if (machine.load > 0.5 * machine.usable_cores) {
    found.slow.push_back(fmt::format("Other work keeps the cores busy (load {:.1f} on {} cores): times will vary.",
                                     machine.load, machine.usable_cores));
  }
  if (usable_memory(machine) < little_memory) {
    found.slow.push_back(fmt::format("{:.1f} GB of memory: take smaller batches (train.batch) if a run is killed.",
                                     static_cast<double>(usable_memory(machine)) / gigabyte));
  }
  if (found.disk < little_disk) {
    found.slow.push_back(fmt::format("{:.1f} GB free for the run folder: checkpoints may not fit.",
                                     static_cast<double>(found.disk) / gigabyte));
  }
}

void find_slow_software(Findings& found) {
  const std::string build = WELT_BUILD_TYPE;
  if (build != "RelWithDebInfo" && build != "Release") {
    found.slow.push_back(fmt::format("This is a {} build: several times slower. Use the preset default.",
                                     build.empty() ? "plain" : build));
  }
  if (!allocator_is_tuned()) {
    found.slow.push_back("malloc gives big blocks back to the kernel: up to twice the time. Use glibc's malloc.");
  }
  if (openmp_waiting().starts_with("libgomp")) {
    found.slow.push_back(
        "OpenMP threads spin while they wait: 3 to 13 times slower beside another busy thread. Set "
        "GOMP_SPINCOUNT=1000.");
  }
  if (found.torch.threads < found.machine.usable_cores) {
    found.slow.push_back(fmt::format("LibTorch uses {} thread(s) of {} cores. Unset OMP_NUM_THREADS to use all.",
                                     found.torch.threads, found.machine.usable_cores));
  }
  if (kernels::chosen_instructions() == nullptr) {
    found.slow.push_back(
        "The program's kernels are switched off by WELT_KERNELS: up to a quarter more time a step, and more memory.");
  }
  if (!found.torch.onednn) found.slow.push_back("This LibTorch has no oneDNN: bfloat16 products are slow.");
}

Findings examine(const Options& options) {
  Findings found{inspect_machine(),
                 libtorch_info(),
                 free_disk(options.run_folder),
                 kernels::makes_products() ? "kernels" : "library",
                 {},
                 {}};
  if (found.torch.version != found.torch.built_with) {
    found.broken.push_back(
        fmt::format("LibTorch {} is loaded, but welt was built with {}. Build again, or point "
                    "LD_LIBRARY_PATH elsewhere.",
                    found.torch.version, found.torch.built_with));
  }
  if (Registry::instance().plugins().empty()) {
    found.broken.push_back(
        "No plugin was found, so there is nothing to build a model from. `welt plugin list` shows "
        "where was looked.");
  }
  find_slow_hardware(found);
  find_slow_software(found);
  return found;
}

std::vector<std::string> plugin_ids() {
  std::vector<std::string> ids;
  for (const auto& plugin : Registry::instance().plugins()) ids.emplace_back(plugin->note.id);
  return ids;
}

std::string chosen_kernels() {
  const kernels::InstructionSet* set = kernels::chosen_instructions();
  return set == nullptr ? "off" : set->name;
}
std::vector<std::string> available_kernels() {
  std::vector<std::string> names;
  for (const kernels::InstructionSet& set : kernels::instruction_sets())
    if (set.available()) names.emplace_back(set.name);
  return names;
}

json to_json(const Findings& found, const Options& options) {
  const Machine& machine = found.machine;
  json refused = json::array();
  for (const Refusal& refusal : Registry::instance().refusals()) {
    refused.push_back({{"path", refusal.path.string()}, {"reason", refusal.reason}});
  }
  return {
      {"usable", found.broken.empty()},
      {"welt", {{"version", WELT_VERSION}, {"build_type", WELT_BUILD_TYPE}, {"compiler", __VERSION__}}},
      {"cpu",
       {{"model", machine.cpu},
        {"features", machine.features},
        {"bf16", bf16_in_hardware(machine)},
        {"logical_cores", machine.logical_cores},
        {"usable_cores", machine.usable_cores},
        {"core_limit", machine.core_limit},
        {"load", machine.load}}},
      {"memory", {{"total", machine.memory}, {"available", machine.memory_available}, {"limit", machine.memory_limit}}},
      {"libtorch",
       {{"version", found.torch.version},
        {"built_with", found.torch.built_with},
        {"path", found.torch.path.string()},
        {"threads", found.torch.threads},
        {"parallel_backend", found.torch.parallel_backend},
        {"cpu_capability", found.torch.cpu_capability},
        {"onednn", found.torch.onednn},
        {"mkl_path", mkl_path_text(mkl_path())}}},
      {"kernels",
       {{"chosen", chosen_kernels()},
        {"available", available_kernels()},
        {"bfloat16_products", found.bfloat16_products}}},
      {"allocator",
       {{"state", allocator_state()}, {"tuned", allocator_is_tuned()}, {"tensors", tensor_memory_state()}}},
      {"openmp", {{"waiting", openmp_waiting()}}},
      {"plugins", {{"found", plugin_ids()}, {"refused", refused}}},
      {"disk", {{"run_folder", options.run_folder}, {"free", found.disk}}},
      {"broken", found.broken},
      {"slow", found.slow}};
}

void print_list(const char* heading, const std::vector<std::string>& items) {
  fmt::print("\n{}\n", heading);
  for (const std::string& item : items) fmt::print("  - {}\n", item);
}

void print(const Findings& found, const Options& options) {
  const Machine& machine = found.machine;
  const auto gb = [](std::uint64_t bytes) { return static_cast<double>(bytes) / gigabyte; };
  fmt::print("welt       {} ({}, compiler {})\n", WELT_VERSION, WELT_BUILD_TYPE, __VERSION__);
  fmt::print("cpu        {}, {} of {} cores{}\n", machine.cpu.empty() ? "unknown" : machine.cpu, machine.usable_cores,
             machine.logical_cores,
             machine.core_limit > 0 ? fmt::format(", {:.1f} granted by the control group", machine.core_limit) : "");
  fmt::print("           {}; bfloat16 {}\n", fmt::join(machine.features, " "),
             bf16_in_hardware(machine) ? "in hardware" : "emulated");
  fmt::print("memory     {:.1f} GB, {:.1f} GB available{}\n", gb(machine.memory), gb(machine.memory_available),
             machine.memory_limit > 0 ? fmt::format(", {:.1f} GB allowed", gb(machine.memory_limit)) : "");
  fmt::print("LibTorch   {}, {} threads ({}), {} kernels{}\n", found.torch.version, found.torch.threads,
             found.torch.parallel_backend, found.torch.cpu_capability, found.torch.onednn ? ", oneDNN" : "");
  fmt::print("           {}\n           instructions of MKL: {}\n", found.torch.path.string(),
             mkl_path_text(mkl_path()));
  fmt::print("kernels    {} (of {}; WELT_KERNELS asks for less)\n", chosen_kernels(),
             fmt::join(available_kernels(), ", "));
  fmt::print("           bfloat16 products by the {} (WELT_PRODUCTS=kernels|library)\n", found.bfloat16_products);
  fmt::print("allocator  {}\n           {}\nOpenMP     {}\n", allocator_state(), tensor_memory_state(),
             openmp_waiting());
  fmt::print("disk       {:.1f} GB free for {}\n", gb(found.disk), options.run_folder);
  fmt::print("plugins    {}\n", fmt::join(plugin_ids(), ", "));
  std::vector<std::string> refused;
  for (const Refusal& refusal : Registry::instance().refusals()) refused.push_back(refusal.reason);
  if (!refused.empty()) print_list("Plugin files refused:", refused);
  if (!found.slow.empty()) print_list("What would be slow here:", found.slow);
  if (!found.broken.empty()) print_list("What does not work:", found.broken);
  if (found.broken.empty()) fmt::print("\nwelt can be used here.\n");
}

}  // namespace

void add_doctor(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("doctor", "What this machine offers, and what would be slow or fail here");
  verb->add_flag("--json", options->as_json, "Machine-readable")->group("Output");
  verb->add_option("--run-folder", options->run_folder, "Where runs would be written (for the free disk space)")
      ->capture_default_str()
      ->type_name("DIR")
      ->group("Machine");
  verb->footer("Exit status 0 when welt can be used here, else 1.\nExamples:\n  welt doctor\n  welt doctor --json");
  verb->callback([options] {
    const Findings found = examine(*options);
    if (options->as_json) {
      fmt::print("{}\n", json_text(to_json(found, *options), 2));
    } else {
      print(found, *options);
    }
    std::fflush(stdout);
    if (!found.broken.empty()) throw CLI::RuntimeError(1);
  });
}

}  // namespace welt
