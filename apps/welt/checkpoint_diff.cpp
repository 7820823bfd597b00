// welt checkpoint diff: what two checkpoints have apart.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/welt/verb.h"
#include "core/base/json.h"
#include "core/base/table.h"
#include "core/checkpoint/diff.h"

namespace welt {
namespace {

struct DiffOptions {
  std::string a, b;
  bool all = false, json = false;
};

using Json = nlohmann::ordered_json;

std::string shown(const nlohmann::json& value) {
  constexpr std::size_t longest = 60;
  const std::string text = value.is_null() ? "–" : json_text(value);
  return text.size() <= longest ? text : text.substr(0, longest) + "…";
}

double relative(const DifferentTensor& tensor) {
  return tensor.norm == 0 ? 0 : tensor.a_norm == 0 ? INFINITY : tensor.norm / tensor.a_norm;
}

void print_keys(const CheckpointDiff& diff) {
  if (diff.keys.empty()) return;
  std::vector<std::vector<std::string>> rows{{"file", "key", "A", "B"}};
  for (const DifferentKey& key : diff.keys) rows.push_back({key.file, key.key, shown(key.a), shown(key.b)});
  fmt::print("\n{}", format_table(rows));
}

void print_tensors(const CheckpointDiff& diff, bool all) {
  std::vector<std::vector<std::string>> rows{{"tensor", "types", "|A|", "|B-A|", "|B-A|/|A|", "largest"}};
  for (const DifferentTensor& tensor : diff.tensors) {
    if (tensor.equal() && !all) continue;
    std::vector<std::string>& row = rows.emplace_back();
    row = {tensor.name, tensor.a_dtype == tensor.b_dtype ? tensor.a_dtype : tensor.a_dtype + " " + tensor.b_dtype};
    if (!tensor.problem.empty()) {
      row.push_back(tensor.problem);
      continue;
    }
    for (const double value : {tensor.a_norm, tensor.norm, relative(tensor), tensor.largest})
      row.push_back(fmt::format("{:.4g}", value));
  }
  if (rows.size() > 1) fmt::print("\n{}", format_table(rows));
}

void print_text(const CheckpointDiff& diff, bool all) {
  const auto same = std::ranges::count_if(diff.tensors, &DifferentTensor::equal);
  fmt::print("A: {}\nB: {}\n{} of {} tensors of the same name are equal\n", diff.a.string(), diff.b.string(), same,
             diff.tensors.size());
  print_keys(diff);
  print_tensors(diff, all);
  for (const auto& [side, names] : {std::pair('A', &diff.only_a), {'B', &diff.only_b}})
    for (const std::string& name : *names) fmt::print("only in {}: {}\n", side, name);
}

// JSON has no infinity: null.
Json number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

void print_json(const CheckpointDiff& diff) {
  Json out{{"equal", diff.equal()}, {"a", diff.a.string()},  {"b", diff.b.string()},    {"keys", Json::array()},
           {"only_a", diff.only_a}, {"only_b", diff.only_b}, {"tensors", Json::array()}};
  for (const DifferentKey& key : diff.keys)
    out["keys"].push_back({{"file", key.file}, {"key", key.key}, {"a", Json(key.a)}, {"b", Json(key.b)}});
  for (const DifferentTensor& tensor : diff.tensors) {
    Json line{{"name", tensor.name}, {"equal", tensor.equal()}, {"types", {tensor.a_dtype, tensor.b_dtype}}};
    if (tensor.problem.empty())
      line.update({{"a_norm", number(tensor.a_norm)},
                   {"norm", number(tensor.norm)},
                   {"relative", number(relative(tensor))},
                   {"largest", number(tensor.largest)}});
    else
      line["problem"] = tensor.problem;
    out["tensors"].push_back(std::move(line));
  }
  fmt::print("{}\n", json_text(out, 2));
}

}  // namespace

void add_checkpoint_diff(CLI::App& checkpoint) {
  auto options = std::make_shared<DiffOptions>();
  CLI::App* verb = checkpoint.add_subcommand("diff", "Configurations, names, shapes and values that two have apart");
  verb->add_option("a", options->a, "Run, checkpoint or Hugging Face folder")->required()->type_name("A");
  verb->add_option("b", options->b, "The other one")->required()->type_name("B");
  verb->add_flag("--all", options->all, "Also a line for each tensor that is equal");
  verb->add_flag("--json", options->json, "As JSON, with every tensor");
  verb->footer(
      R"(Norms are Euclidean, in float64; types may differ. Leaves with status 0 when all is equal, 1 when something is not.

Examples:
  welt checkpoint diff runs/a runs/b
  welt checkpoint diff runs/a/checkpoints/step-00000100 runs/a/checkpoints/step-00000200 --json)");
  verb->callback([options] {
    const CheckpointDiff diff = diff_checkpoints(options->a, options->b);
    if (options->json)
      print_json(diff);
    else
      print_text(diff, options->all);
    if (!diff.equal()) throw CLI::RuntimeError(1);
  });
}

}  // namespace welt
