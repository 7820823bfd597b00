// Components as the torch-free tests make them: with a configuration that should do, through the plain C table, and
// destroyed with the object.
#pragma once

#include <welt/abi/plugin.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/conformance/trial.h"
#include "core/plugin/registry.h"

namespace welt::conformance {

// The author's --config, else nothing, which is the schema's defaults. Skips the test where a key without a default
// must be given.
nlohmann::json config_for(const Trial& trial, const ComponentType& type);

// How a component of this plugin is made without cost: torch-linked ones on the meta device, where no memory is taken.
std::uint32_t cheap_init(const ComponentType& type);

// create() as the host calls it, with whatever the caller wants to be wrong. `out` is set only where it succeeds.
Call create(Trial& trial, const ComponentType& type, const welt_config* config, std::uint32_t init,
            const welt_host& host, welt_component** out);

// One component. The destructor calls destroy().
class Made {
 public:
  // Fails the test where create() does not succeed with a complete component.
  Made(Trial& trial, const ComponentType& type) : Made(trial, type, config_for(trial, type)) {}
  Made(Trial& trial, const ComponentType& type, nlohmann::json config);
  ~Made();
  Made(const Made&) = delete;
  Made& operator=(const Made&) = delete;

  const ComponentType& type() const { return *type_; }
  welt_component* raw() const { return component_; }
  void destroy();  // now, on the calling thread

  // The complete table of a role; a test fails without.
  template <typename Table>
  const Table& require(std::string_view id) const {
    return *static_cast<const Table*>(require_table(id));
  }

 private:
  const void* require_table(std::string_view id) const;

  Trial& trial_;
  const ComponentType* type_;
  ConfigView config_;
  welt_component* component_ = nullptr;
};

// Runs `body` for every component, which messages then name; with a role, for those that have it.
void for_each_component(Trial& trial, const std::function<void(const ComponentType&)>& body);
void for_each_component(Trial& trial, std::string_view role, const std::function<void(const ComponentType&)>& body);

}  // namespace welt::conformance
