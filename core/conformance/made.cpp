// See made.h.
#include "core/conformance/made.h"

#include "core/base/error.h"
#include "core/plugin/interface_tables.h"
#include "core/plugin/schema.h"
#include "core/plugin/strings.h"

namespace welt::conformance {

nlohmann::json config_for(const Trial& trial, const ComponentType& type) {
  if (trial.subject().config) return *trial.subject().config;
  for (const SchemaKey& key : schema_keys(type)) {
    if (key.required && !key.fallback) {
      trial.skip(fmt::format("component {} cannot be made without \"{}\": give a configuration (--config)", type.id,
                             key.name));
    }
  }
  return nlohmann::json::object();
}

std::uint32_t cheap_init(const ComponentType& type) {
  return type.plugin->note.kind == WELT_KIND_TORCH_LINKED ? WELT_INIT_NONE : WELT_INIT_RANDOM;
}

Call create(Trial& trial, const ComponentType& type, const welt_config* config, std::uint32_t init,
            const welt_host& host, welt_component** out) {
  return trial.status_of(
      "create()", [&](welt_error* error) { return type.factory->create(type.index, config, init, &host, out, error); });
}

Made::Made(Trial& trial, const ComponentType& type, nlohmann::json config)
    : trial_(trial), type_(&type), config_(type, std::move(config), /*strict=*/false, "welt plugin check") {
  trial.succeeded(create(trial, type, config_.view(), cheap_init(type), host(), &component_));
  const bool complete = component_ != nullptr && WELT_HAS(component_, destroy) &&
                        component_->get_interface != nullptr && component_->destroy != nullptr;
  if (complete) return;
  const std::string seen = component_ == nullptr ? "success without a component"
                                                 : fmt::format("a component of {} bytes, or one with empty functions",
                                                               component_->struct_size);
  component_ = nullptr;
  trial.fail({.seen = seen,
              .expected = "a component with get_interface and destroy",
              .rule = "plugin.h: create makes a component"});
}

Made::~Made() {
  if (component_ == nullptr) return;
  try {
    destroy();
  } catch (const Failed&) {
    component_ = nullptr;  // the test is over already, or its next destroy() says the same
  }
}

void Made::destroy() {
  welt_component* const ended = std::exchange(component_, nullptr);
  trial_.call("destroy()", [&] { ended->destroy(ended); });
}

const void* Made::require_table(std::string_view id) const {
  const std::string function = fmt::format("get_interface(\"{}\")", id);
  const void* const table = trial_.call(function, [&] { return component_->get_interface(component_, string_of(id)); });
  trial_.expect(table != nullptr, {.seen = "null",
                                   .expected = "the table of a role that the descriptor lists",
                                   .rule = "plugin.h: roles are ids of the role interfaces"});
  const std::string fault = table_fault(id, table);
  trial_.expect(fault.empty(), {.seen = "a table of which " + fault,
                                .expected = "every function that the header does not call optional",
                                .rule = "base.h: zero means default or absent, where the header says so"});
  return table;
}

void for_each_component(Trial& trial, const std::function<void(const ComponentType&)>& body) {
  for (const ComponentType* type : trial.components()) {
    trial.about(*type);
    body(*type);
  }
}

void for_each_component(Trial& trial, std::string_view role, const std::function<void(const ComponentType&)>& body) {
  for (const ComponentType* type : trial.components()) {
    if (!type->has_role(role)) continue;
    trial.about(*type, fmt::format(" as {}", role));
    body(*type);
  }
}

}  // namespace welt::conformance
