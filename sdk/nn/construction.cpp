// The book of what is made. See construction.h.
//
// C++ tells a part neither its owner nor its name. But a constructor runs after its base's and before anything else of
// its owner registers: so the owner of what has none yet is the first module made before it that registers something.
#include "welt/nn/construction.h"

#include <cxxabi.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <typeinfo>

#include "welt/nn/module.h"
#include "welt/sdk/schema.hpp"

namespace welt::nn {
namespace {

thread_local Construction* current = nullptr;

std::string type_of(const Module& module) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(typeid(module).name(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : typeid(module).name();
}

std::string in_brackets(const std::vector<std::string>& names) {
  return names.empty() ? "" : " (" + sdk::detail::listed(names) + ")";
}

}  // namespace

Construction::Construction() : outer_(current) { current = this; }
Construction::~Construction() { current = outer_; }

void Construction::made(const Module* module, const Tensor* tensor) {
  if (current == nullptr) return;
  const std::size_t number = current->entries_.size();
  current->number_[module != nullptr ? static_cast<const void*>(module) : tensor] = number;
  current->entries_.push_back({module, tensor});
  current->ownerless_.push_back(number);
}

void Construction::gone(const void* thing) {
  if (current == nullptr) return;
  const auto found = current->number_.find(thing);
  if (found == current->number_.end()) return;
  current->entries_[found->second] = {};
  current->number_.erase(found);
}

void Construction::registers(const Module& owner, const Tensor* tensor) {
  if (current == nullptr) return;
  const auto self = current->number_.find(&owner);
  if (self == current->number_.end()) return;
  std::vector<std::size_t>& ownerless = current->ownerless_;
  while (!ownerless.empty() && ownerless.back() > self->second) {
    current->entries_[ownerless.back()].owner = &owner;
    ownerless.pop_back();
  }
  if (const auto found = current->number_.find(tensor); found != current->number_.end())
    current->entries_[found->second].registered = true;
}

void Construction::check(const Module& root) const {
  std::map<const Module*, std::string> names;
  root.for_each_module([&](const Module& module, const std::string& name) { names.emplace(&module, name); });
  for (const Entry& entry : entries_) {
    const bool found =
        entry.tensor != nullptr ? entry.registered : entry.module == nullptr || names.contains(entry.module);
    if (found) continue;
    const Module& owner = entry.owner == nullptr ? root : *entry.owner;
    const auto name = names.find(&owner);
    const std::string whose =
        name == names.end() || name->second.empty() ? type_of(owner) : name->second + ", " + type_of(owner) + ",";
    if (entry.module != nullptr) {
      throw sdk::invalid(whose + " has a " + type_of(*entry.module) + in_brackets(entry.module->own_names()) +
                         " that is not registered with child()");
    }
    throw sdk::invalid(whose + " has an nn::Tensor beside those that it registers" + in_brackets(owner.own_names()) +
                       "; register it with parameter(), table() or buffer(), or call absent()");
  }
}

}  // namespace welt::nn
