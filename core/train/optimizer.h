// What turns gradients into a step of the weights: groups of parameters, each with an update rule. A new rule is a file
// with its class and keys (lion.h shows the form); what a recipe can name is a row in the table of optimizers.cpp.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace welt {

// A parameter as an optimizer sees it.
struct OptimizerSlot {
  std::string name;
  at::Tensor tensor;
  double rate = 1;                     // × the learning rate
  double weight_decay = 0;             // decoupled: p ← p (1 − rate · weight_decay)
  bool held = false;                   // its rate is also × held_share of step()
  std::vector<at::Tensor> state = {};  // as UpdateRule::state_names() has them
};

// Holds no state of its own. [any thread]
class UpdateRule {
 public:
  virtual ~UpdateRule() = default;
  virtual std::string_view name() const = 0;
  virtual std::vector<std::string> state_names() const = 0;
  // Gives the slot its state, as before the first step.
  virtual void prepare(OptimizerSlot& slot) const = 0;
  // What is wrong with finite values that a file has for the state of that name: those that no step leaves; "":
  // nothing.
  virtual std::string complaint(std::string_view state, const at::Tensor& values) const;
  // One step of slots that all have a gradient and the same rate and decay.
  virtual void step(const std::vector<OptimizerSlot*>& slots, double rate, double weight_decay) const = 0;
};

// How the state lies in memory between steps. bfloat16: what is as large as a parameter is rounded up or down by a draw
// of (step, element), so that small changes add up.
enum class StateStorage { as_parameters, bfloat16 };

// [one thread]
class Optimizer {
 public:
  struct Group {
    std::shared_ptr<const UpdateRule> rule;
    std::vector<OptimizerSlot> slots;
  };
  explicit Optimizer(std::vector<Group> groups, StateStorage storage = StateStorage::as_parameters);

  // Changes every parameter that has a gradient; one without is not touched, not even by weight decay. Gradients stay
  // (core/train/gradients.h scales them before and drops them after).
  void step(double learning_rate, double held_share = 1);
  const std::vector<Group>& groups() const { return groups_; }
  // What a checkpoint keeps: "<parameter>.<what>", and where it lies.
  std::vector<std::pair<std::string, at::Tensor*>> state();

  // The state in one file; load reports everything that does not fit at once.
  void save(const std::filesystem::path& file);
  void load(const std::filesystem::path& file);

 private:
  void step_group(Group& group, double learning_rate, double held_share);

  std::vector<Group> groups_;
  StateStorage storage_;
  at::Tensor steps_;  // taken, int64 []; of rounded states
};

// A slot's tensor in the type that a rule computes in, and back: float32 for shorter ones.
at::Tensor computing(const at::Tensor& values);
// p ← p (1 − rate · decay) − factor · update, in the type that the rule computed in.
void apply_update(OptimizerSlot& slot, const at::Tensor& update, double rate, double weight_decay, double factor);

}  // namespace welt
