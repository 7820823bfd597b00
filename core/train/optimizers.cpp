// See optimizers.h.
#include "core/train/optimizers.h"

#include <cmath>

#include "core/base/error.h"
#include "core/recipe/choices.h"
#include "core/train/adafactor.h"
#include "core/train/adamw.h"
#include "core/train/dion.h"
#include "core/train/dion2.h"
#include "core/train/lion.h"
#include "core/train/muon.h"

namespace welt {
namespace {

using Rule = std::shared_ptr<const UpdateRule>;
using Keys = std::vector<RecipeKey>;

Rule no_rule(const Recipe&) { return nullptr; }

Rule adamw_rule(const Recipe& recipe) {
  return std::make_shared<AdamWRule>(AdamWOptions{
      .beta1 = recipe.number("train.beta1"), .beta2 = recipe.number("train.beta2"), .eps = recipe.number("train.eps")});
}

Rule adafactor_rule(const Recipe& recipe) {
  return std::make_shared<AdafactorRule>(AdafactorOptions{.decay = recipe.number("train.factor_decay"),
                                                          .clip = recipe.number("train.update_clip"),
                                                          .scale_parameter = recipe.boolean("train.scale_parameter")});
}

Rule lion_rule(const Recipe& recipe) {
  return std::make_shared<LionRule>(recipe.number("train.beta1"), recipe.number("train.beta2"));
}

const RateAdjustment* adjustment_of(const Recipe& recipe) {
  return &find_choice(rate_adjustments(), recipe.string("train.rate_adjustment"), "train.rate_adjustment");
}

// `fallback`: where the recipe says nothing.
const Orthogonalization* orthogonalization_of(const Recipe& recipe, std::string_view fallback = "polar_express") {
  const std::string name = recipe.string("train.orthogonalization");
  return &find_choice(orthogonalizations(), name.empty() ? fallback : name, "train.orthogonalization");
}

at::ScalarType products_of(const Recipe& recipe) {
  return recipe.string("precision") == "fp32" ? at::kFloat : at::kBFloat16;
}

Rule muon_rule(const Recipe& recipe) {
  return std::make_shared<MuonRule>(MuonOptions{.momentum = recipe.number("train.momentum"),
                                                .epsilon = recipe.number("train.eps"),
                                                .nesterov = recipe.boolean("train.nesterov"),
                                                .by = orthogonalization_of(recipe),
                                                .adjustment = adjustment_of(recipe),
                                                .products = products_of(recipe)});
}

Rule dion_rule(const Recipe& recipe) {
  return std::make_shared<DionRule>(DionOptions{.momentum = recipe.number("train.momentum"),
                                                .epsilon = recipe.number("train.eps"),
                                                .rank = recipe.integer("train.rank")});
}

Rule dion2_rule(const Recipe& recipe) {
  const bool before = recipe.boolean("compat.five_step_dion2");
  return std::make_shared<Dion2Rule>(
      Dion2Options{.fraction = recipe.number("train.fraction"),
                   .decay = recipe.number("train.fraction_decay"),
                   .epsilon = recipe.number("train.eps"),
                   .by = orthogonalization_of(recipe, before ? "five_steps" : "polar_express"),
                   .adjustment = adjustment_of(recipe),
                   .products = products_of(recipe)});
}

std::string part_key(const std::string& part, const char* what) { return "train." + part + "." + what; }

void add_rule_keys(Keys& keys) {
  keys.push_back({"train.weight_decay", "number", 0.01, "Decoupled weight decay of matrices and tables", 0, 100});
  keys.push_back({"train.beta1", "number", 0.9, "Decay of the mean gradient, of AdamW and Lion", 0, 0.999999});
  keys.push_back({"train.beta2", "number", 0.999, "Decay of AdamW's mean squared gradient and of Lion's mean gradient",
                  0, 0.99999999});
  keys.push_back({"train.eps", "number", 1e-8, "Addend in the denominator", 1e-30, 1});
  keys.push_back({"train.momentum", "number", 0.95, "Decay of the momentum of Muon and Dion", 0, 0.999999});
  keys.push_back({"train.nesterov", "bool", false, "Muon looks ahead of its momentum"});
  std::vector<std::string> ways{""};
  for (const std::string& name : names_of(orthogonalizations())) ways.push_back(name);
  keys.push_back(choice_key("train.orthogonalization", "",
                            "How Muon and Dion2 make matrices orthogonal, in bfloat16 unless precision is fp32; "
                            "empty: polar_express, or of Dion2 what compat.five_step_dion2 says",
                            ways));
  keys.push_back(table_key("train.rate_adjustment", "spectral_norm",
                           "How the rate of Muon and Dion2 fits a matrix's shape", rate_adjustments()));
  keys.push_back({"train.fraction", "number", 0.25, "Share of rows or columns that Dion2 updates in a step", 1e-6, 1});
  keys.push_back({"train.fraction_decay", "number", 0.95, "Decay of the momentum that Dion2 has used", 0, 1});
  keys.push_back({"train.rank", "integer", 64, "Rank of Dion's updates at most", 1, 1e6});
  keys.push_back(
      {"train.factor_decay", "number", 0.8, "Adafactor's means keep 1 - t^-this of themselves after t steps", 0, 1});
  keys.push_back({"train.update_clip", "number", 1.0,
                  "Largest root mean square of an update of Adafactor, before the rate", 1e-9, 1e9});
  keys.push_back(
      {"train.scale_parameter", "bool", false, "Adafactor's rate is a share of each parameter's root mean square"});
  keys.push_back({"train.rest_rate", "number", 1.0,
                  "Rate of what Muon, Dion and Dion2 leave to Lion (tables, norms, biases, head), as a share", 0,
                  1000});
  keys.push_back(choice_key("train.optimizer_state", "full",
                            "full: moments in the weights' type; bf16: in bfloat16, rounded by chance, half the memory",
                            {"full", "bf16"}));
}

// A part's rate as a share of train.learning_rate.
double part_rate(const Recipe& recipe, const std::string& part) {
  const std::string key = part_key(part, "learning_rate");
  if (!recipe.given(key)) return 1;
  const double whole = recipe.number("train.learning_rate"), own = recipe.number(key);
  if (whole > 0) return own / whole;
  if (own == 0) return 0;
  fail({recipe.where(key) + ": " + key,
        fmt::format("{} where train.learning_rate is 0", own),
        "a train.learning_rate above 0, of which it is a share",
        {}});
}

double part_decay(const Recipe& recipe, const std::string& part) {
  const std::string key = part_key(part, "weight_decay");
  return recipe.number(recipe.given(key) ? key : "train.weight_decay");
}

std::vector<Optimizer::Group> groups_of(const Recipe& recipe, const std::vector<ModelParameter>& parameters) {
  const OptimizerKind& kind = find_choice(optimizers(), recipe.string("train.optimizer"), "train.optimizer");
  const Rule matrices = kind.matrices(recipe), rest = kind.rest(recipe);
  Optimizer::Group of_matrices{.rule = matrices, .slots = {}}, others{.rule = rest, .slots = {}};
  const bool freezes = recipe.integer("train.freeze_steps") > 0;
  for (const ModelParameter& parameter : parameters) {
    const ParameterKind is = kind_of(parameter);
    const std::string part = part_of(parameter);
    OptimizerSlot slot{.name = parameter.name,
                       .tensor = parameter.tensor,
                       .rate = part_rate(recipe, part),
                       .weight_decay = parameter.decay ? part_decay(recipe, part) : 0,
                       .held = freezes && !learns_while_frozen(parameter, parameters)};
    if (matrices && is == ParameterKind::matrix) {
      of_matrices.slots.push_back(std::move(slot));
      continue;
    }
    if (matrices) {
      slot.rate *= recipe.number("train.rest_rate");
      if (is == ParameterKind::head && parameter.tensor.dim() == 2)
        slot.rate /= std::sqrt(static_cast<double>(parameter.tensor.size(1)));
      if (is == ParameterKind::head || is == ParameterKind::vector) slot.weight_decay = 0;
    }
    others.slots.push_back(std::move(slot));
  }
  std::vector<Optimizer::Group> groups;
  if (!of_matrices.slots.empty()) groups.push_back(std::move(of_matrices));
  if (!others.slots.empty()) groups.push_back(std::move(others));
  return groups;
}

}  // namespace

const std::vector<OptimizerKind>& optimizers() {
  static const std::vector<OptimizerKind> all{
      {"adamw", "Adam with decoupled weight decay", no_rule, adamw_rule},
      {"adafactor", "mean squares of rows and columns in place of moments: next to no memory", no_rule, adafactor_rule},
      {"lion", "steps of one size by the sign of the momentum", no_rule, lion_rule},
      {"muon", "orthogonalised momentum for matrices, Lion for the rest", muon_rule, lion_rule},
      {"dion", "low-rank orthogonal updates for matrices, Lion for the rest", dion_rule, lion_rule},
      {"dion2", "orthogonalised rows or columns of matrices, Lion for the rest", dion2_rule, lion_rule}};
  return all;
}

void add_optimizer_keys(Keys& keys) {
  keys.push_back(table_key("train.optimizer", "adamw", "What turns gradients into steps", optimizers()));
  add_rule_keys(keys);
}

void add_part_keys(Keys& keys) {
  for (const std::string& part : trained_parts()) {
    keys.push_back({part_key(part, "learning_rate"), "number", nullptr,
                    "Highest learning rate of this part; default: train.learning_rate", 0, recipe_no_limit});
    keys.push_back({part_key(part, "weight_decay"), "number", nullptr,
                    "Weight decay of this part; default: train.weight_decay", 0, 100});
    keys.push_back({part_key(part, "frozen"), "bool", false, "This part does not change"});
  }
}

OptimizerFactory optimizer_of(const Recipe& recipe) {
  for (const std::string& part : trained_parts()) part_rate(recipe, part);  // refused before there is a model
  const StateStorage storage =
      recipe.string("train.optimizer_state") == "bf16" ? StateStorage::bfloat16 : StateStorage::as_parameters;
  return [recipe, storage](const std::vector<ModelParameter>& parameters) {
    return std::make_unique<Optimizer>(groups_of(recipe, parameters), storage);
  };
}

std::vector<std::string> frozen_parts(const Recipe& recipe) {
  std::vector<std::string> frozen;
  for (const std::string& part : trained_parts())
    if (recipe.boolean(part_key(part, "frozen"))) frozen.push_back(part);
  return frozen;
}

}  // namespace welt
