// A component around a table of plain C functions, as if a plugin had made it.
#pragma once

#include <welt/abi/plugin.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/plugin/registry.h"
#include "core/plugin/strings.h"

namespace welt::test {

class ToyComponent {
 public:
  // `self` is what the functions of the table `interface` find in welt_component::self. Both outlive the component.
  ToyComponent(std::string_view interface, const void* table, void* self = nullptr)
      : table_(table), interface_(interface) {
    made_.component = {.struct_size = sizeof(welt_component),
                       .reserved = 0,
                       .self = self,
                       .get_interface = [](const welt_component* component, welt_string id) -> const void* {
                         const ToyComponent& toy = *reinterpret_cast<const Made*>(component)->toy;
                         return view_of(id) == toy.interface_ ? toy.table_ : nullptr;
                       },
                       .destroy = [](welt_component*) {}};
    made_.toy = this;
    next() = &made_.component;
    factory_.struct_size = sizeof(factory_);
    factory_.create = [](std::uint64_t, const welt_config*, std::uint32_t, const welt_host*, welt_component** out,
                         welt_error*) {
      *out = next();
      return WELT_OK;
    };
    type_.plugin = &plugin_;
    type_.factory = &factory_;
    type_.id = "toy";
    component_ =
        std::make_unique<Component>(type_, ConfigView(type_, nlohmann::json::object(), false, "test"), WELT_INIT_NONE);
  }
  ToyComponent(const ToyComponent&) = delete;
  ToyComponent& operator=(const ToyComponent&) = delete;
  const Component& operator*() const { return *component_; }

 private:
  struct Made {
    welt_component component;  // first: the functions are handed a pointer to it
    const ToyComponent* toy;
  };
  static welt_component*& next() {
    static welt_component* component = nullptr;
    return component;
  }

  const void* table_;
  std::string_view interface_;
  Made made_{};
  welt_component_factory_v1 factory_{};
  Plugin plugin_{};
  ComponentType type_{};
  std::unique_ptr<Component> component_;
};

}  // namespace welt::test
