// The tree of named tensors.
#include "welt/nn/module.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <map>
#include <utility>

#include "shape_text.h"
#include "welt/sdk/base.hpp"

namespace welt::nn {
namespace {

std::string joined(const std::string& prefix, const std::string& name) {
  return prefix.empty() || name.empty() ? prefix + name : prefix + "." + name;
}

}  // namespace

void Module::add(Own own, at::IntArrayRef shape, const at::TensorOptions& options) {
  Construction::registers(*this, own.tensor);
  if (own.tensor->defined())
    throw sdk::invalid(own.name + " is given a tensor that is registered already, or was made elsewhere; expected an " +
                           "nn::Tensor of its own; one tensor under two names is tie(second, first)",
                       own.name);
  *own.tensor = at::empty(shape, options).requires_grad_(!own.buffer && own.traits.trainable);
  order_.push_back({own_.size(), false});
  own_.push_back(std::move(own));
}

void Module::parameter(std::string name, Tensor& tensor, at::IntArrayRef shape, const at::TensorOptions& options,
                       Init init, Traits traits) {
  add({std::move(name), &tensor, std::move(init), traits, /*buffer=*/false}, shape, options);
}

void Module::table(std::string name, Tensor& tensor, at::IntArrayRef shape, const at::TensorOptions& options,
                   Init init) {
  parameter(std::move(name), tensor, shape, options, std::move(init), {.table = true});
}

void Module::buffer(std::string name, Tensor& tensor, at::IntArrayRef shape, const at::TensorOptions& options,
                    Init init) {
  add({std::move(name), &tensor, std::move(init), {.decay = false, .trainable = false}, /*buffer=*/true}, shape,
      options);
}

void Module::child(std::string name, Module& module, bool optional_in_file) {
  Construction::registers(*this, nullptr);
  order_.push_back({children_.size(), true});
  children_.push_back({std::move(name), &module, optional_in_file});
}

void Module::children(std::initializer_list<NamedPart> parts) {
  for (const NamedPart& part : parts) child(part.name, part.module);
}

void Module::tie(Tensor& second, Tensor& first) {
  std::vector<Slot> all;
  Ties ties;
  collect("", false, all, ties);
  const auto slot_of = [&](const Tensor& tensor) -> const Slot& {
    const auto found = std::ranges::find(all, &tensor, &Slot::tensor);
    if (found == all.end()) throw sdk::invalid("tie() was given a tensor that no part of this module has registered");
    return *found;
  };
  const Slot &one = slot_of(second), &other = slot_of(first);
  if (second.sizes() != first.sizes()) {
    throw sdk::invalid(one.name + " " + shape_text(second.sizes()) + " is tied to " + other.name + " " +
                       shape_text(first.sizes()) + "; expected one shape for both");
  }
  if (second.is_same(first)) throw sdk::invalid(one.name + " is tied to itself; expected another tensor", one.name);
  for (const auto& [tied, original] : ties)
    if (tied == &second || original == &second)
      throw sdk::invalid(one.name + (tied == &second ? " is tied already" : " has another tensor tied to it already") +
                             "; expected each tensor to be tied once, to the one that stays",
                         one.name);
  second = first;
  ties_.emplace_back(&second, &first);
}

std::vector<Slot> Module::slots() const {
  std::vector<Slot> out;
  Ties ties;
  collect("", false, out, ties);
  const auto original = [&](const Tensor* tensor) {
    for (auto tie = ties.begin(); (tie = std::ranges::find(ties, tensor, &Ties::value_type::first)) != ties.end();)
      tensor = tie->second;
    return tensor;
  };
  std::map<std::string_view, const Tensor*> names;
  std::map<const Tensor*, const Slot*> first;
  std::map<const void*, const Slot*> memory;  // whose it is
  for (const Slot& slot : out) {
    if (!names.emplace(slot.name, slot.tensor).second)
      throw sdk::invalid("two tensors have the name " + slot.name + "; expected one name for each", slot.name);
    if (original(slot.tensor) != slot.tensor) continue;
    if (!first.emplace(slot.tensor, &slot).second || !slot.tensor->has_storage()) continue;
    const auto [owner, alone] = memory.emplace(slot.tensor->storage().unsafeGetStorageImpl(), &slot);
    if (!alone)
      throw sdk::invalid(slot.name + " was made a tensor of the same memory as " + owner->second->name +
                             "; a checkpoint would part them: say so with tie(second, first)",
                         slot.name);
  }
  for (Slot& slot : out) {
    const Slot& other = *first.at(original(slot.tensor));
    if (&other == &slot) continue;
    slot.tied_to = other.name, slot.traits = other.traits, slot.buffer = other.buffer;
  }
  return out;
}

void Module::collect(const std::string& prefix, bool optional, std::vector<Slot>& out, Ties& ties) const {
  for (const Item& item : order_) {
    if (item.is_child) {
      const Child& part = children_[item.index];
      part.module->collect(joined(prefix, part.name), optional || part.optional_in_file, out, ties);
    } else {
      const Own& own = own_[item.index];
      out.push_back({joined(prefix, own.name), own.tensor, own.init, own.traits, own.buffer, optional, {}});
    }
  }
  ties.insert(ties.end(), ties_.begin(), ties_.end());
}

void Module::for_each_module(const std::function<void(const Module&, const std::string&)>& visit) const {
  visit(*this, "");
  for (const Child& part : children_) {
    part.module->for_each_module(
        [&](const Module& module, const std::string& name) { visit(module, joined(part.name, name)); });
  }
}

std::vector<std::string> Module::own_names() const {
  std::vector<std::string> out;
  for (const Item& item : order_) out.push_back(item.is_child ? children_[item.index].name : own_[item.index].name);
  return out;
}

void Module::initialise() {
  const at::NoGradGuard no_grad;
  for (const Slot& slot : slots())
    if (slot.tied_to.empty()) slot.init(*slot.tensor);
}

void Module::set_training(bool training) {
  training_ = training;
  for (const Child& part : children_) part.module->set_training(training);
}

at::Tensor dropout(const at::Tensor& x, double probability) {
  return probability > 0 ? at::dropout(x, probability, /*train=*/true) : x;
}

at::Tensor drop_path(const at::Tensor& x, double probability) {
  if (probability <= 0) return x;
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape.front() = x.size(0);
  const double kept = 1 - probability;
  const at::Tensor scale = at::empty(shape, x.options()).bernoulli_(kept);  // [N, 1, ..]
  return x * (kept > 0 ? scale / kept : scale);
}

}  // namespace welt::nn
