// Component of registry.h: one instance made by a plugin, owned.
#include <utility>

#include "core/base/error.h"
#include "core/plugin/registry.h"
#include "core/plugin/strings.h"
#include "core/plugin/table_reader.h"

namespace welt {

Component::Component(const ComponentType& type, const ConfigView& config, std::uint32_t init)
    : type_(&type), component_(nullptr) {
  const std::string what = fmt::format("plugin \"{}\" cannot make component \"{}\"", type.plugin->note.id, type.id);
  const TableReader reader(type.plugin->path.string());
  CallError error;
  welt_component* made = nullptr;
  error.check(
      reader.call("create",
                  [&] { return type.factory->create(type.index, config.view(), init, &host(), &made, error.raw()); }),
      what);
  if (made == nullptr || !WELT_HAS(made, destroy) || made->get_interface == nullptr || made->destroy == nullptr) {
    if (made != nullptr && WELT_HAS(made, destroy) && made->destroy != nullptr) made->destroy(made);
    fail({type.plugin->path.string(), what + ": create() succeeded without a complete component",
          "a component with get_interface and destroy", "Tell the plugin's author"},
         ErrorCode::internal);
  }
  component_ = made;
}

Component::Component(Component&& other) noexcept
    : type_(other.type_), component_(std::exchange(other.component_, nullptr)) {}

Component& Component::operator=(Component&& other) noexcept {
  std::swap(type_, other.type_);
  std::swap(component_, other.component_);
  return *this;
}

Component::~Component() {
  if (component_ != nullptr) component_->destroy(component_);
}

const void* Component::interface(std::string_view id) const {
  const TableReader reader(type_->plugin->path.string());
  const void* table =
      reader.call("get_interface", [&] { return component_->get_interface(component_, string_of(id)); });
  // Whatever a table is, it begins with its size and has a function behind the first two members.
  constexpr std::uint32_t least = 2 * sizeof(std::uint32_t) + sizeof(void (*)());
  if (table == nullptr) return nullptr;
  if (const auto size = *static_cast<const std::uint32_t*>(table); size < least) {
    reader.refuse(fmt::format("the table of {} of its component \"{}\" has {} bytes", id, type_->id, size),
                  fmt::format("at least {}", least));
  }
  return table;
}

const void* Component::require_interface(std::string_view id) const {
  const void* table = interface(id);
  if (table == nullptr) {
    fail({type_->plugin->path.string(),
          fmt::format("component \"{}\" of plugin \"{}\" does not offer {}", type_->id, type_->plugin->note.id, id),
          "that interface, for what is being done", "Use another component here"},
         ErrorCode::unimplemented);
  }
  return table;
}

}  // namespace welt
