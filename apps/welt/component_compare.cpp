// welt component compare: the first value where two runs of a component differ.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "apps/welt/verb.h"
#include "core/base/json.h"
#include "core/parity/compare_runs.h"

namespace welt {
namespace {

struct CompareOptions {
  std::string a, b;
  double tolerance = 1e-5;
  bool all = false, json = false;
};

std::string verdict(const ComparedTensor& row) {
  if (!row.problem.empty()) return fmt::format("shapes {}", row.problem);
  return fmt::format("{:.3g} at [{}]; largest value {:.3g}", row.difference, fmt::join(row.at, ", "), row.largest);
}

void print_text(const RunComparison& found, const CompareOptions& options) {
  std::size_t differing = 0;
  for (const ComparedTensor& row : found.tensors) {
    differing += row.differs ? 1 : 0;
    if (options.all) fmt::print("{}  {}  {}\n", row.differs ? "differs" : "equal  ", row.name, verdict(row));
  }
  if (const ComparedTensor* first = found.first()) {
    fmt::print("first difference: {}: {}\n", first->name, verdict(*first));
    fmt::print("{} of {} values differ\n", differing, found.tensors.size());
  } else {
    fmt::print("{} values agree within {:g} of each tensor's largest value\n", found.tensors.size(), options.tolerance);
  }
  const auto list = [](const std::string& file, const std::vector<std::string>& names) {
    if (!names.empty()) fmt::print("only in {}: {}\n", file, fmt::join(names, ", "));
  };
  list(options.a, found.only_a);
  list(options.b, found.only_b);
}

void print_json(const RunComparison& found) {
  nlohmann::ordered_json out;
  out["equal"] = found.equal();
  const ComparedTensor* first = found.first();
  out["first"] = first == nullptr ? nlohmann::ordered_json() : nlohmann::ordered_json(first->name);
  out["tensors"] = nlohmann::ordered_json::array();
  for (const ComparedTensor& row : found.tensors) {
    nlohmann::ordered_json line{{"name", row.name}, {"differs", row.differs}};
    if (row.problem.empty()) {
      line["largest"] = row.largest;
      // JSON has no infinity: null.
      line["difference"] = std::isfinite(row.difference) ? nlohmann::ordered_json(row.difference) : nullptr;
      line["at"] = row.at;
    } else {
      line["shapes"] = row.problem;
    }
    out["tensors"].push_back(std::move(line));
  }
  out["only_a"] = found.only_a;
  out["only_b"] = found.only_b;
  fmt::print("{}\n", json_text(out, 2));
}

}  // namespace

void add_component_compare(CLI::App& component) {
  CLI::App* verb = component.add_subcommand(
      "compare", "Lay two results of `component forward` side by side and name the first value where they differ");
  auto options = std::make_shared<CompareOptions>();
  verb->add_option("a", options->a, "Results, a .safetensors file")->required()->type_name("A");
  verb->add_option("b", options->b, "Results on the same cases")->required()->type_name("B");
  verb->add_option("--tolerance", options->tolerance, "Largest difference, as a share of the tensor's largest value")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_flag("--all", options->all, "A line for every value, not only the first that differs");
  verb->add_flag("--json", options->json, "As JSON");
  verb->footer(R"(Leaves with status 0 when all agree, 1 when something differs or is in one file only.

Examples:
  welt component forward models/llama --role decoder --in io.safetensors --out a.safetensors --trace
  welt component forward other/llama --role decoder --in io.safetensors --out b.safetensors --trace
  welt component compare a.safetensors b.safetensors
  welt component compare a.safetensors b.safetensors --tolerance 0 --all)");
  verb->callback([options] {
    const RunComparison found = compare_runs(options->a, options->b, options->tolerance);
    if (options->json) {
      print_json(found);
    } else {
      print_text(found, *options);
    }
    if (!found.equal()) throw CLI::RuntimeError(1);
  });
}

}  // namespace welt
