// The way in, written once: WELT_PLUGIN makes the exported entry, the plugin table and the component factory.
//
//   #include <welt/sdk/plugin.hpp>
//   #include <welt/sdk/segmenter.hpp>
//   WELT_PLUGIN(welt::sdk::PluginInfo("words", "0.1.0", "Rule-based words", "MIT"), welt::sdk::Segmenter<Words>)
//
// Every further argument is one component: a type C with
//   static Descriptor descriptor();             what it is
//   static Schema schema();                     its config keys (may be empty)
//   C(const Config&, std::uint32_t init);       the instance; throws Failure
//   const void* get_interface(std::string_view id) const;   the table of an interface, or null
// The adapters (Segmenter in segmenter.hpp, the torch ones in torch.hpp) make such a type out of a plain class. Tables
// get the welt_component* back as first argument; instance_of<C>(component) gives the C&.
#pragma once

#include <welt/abi/plugin.h>
#include <welt/sdk/entry.h>
#include <welt/sdk/base.hpp>
#include <welt/sdk/config.hpp>
#include <welt/sdk/schema.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace welt::sdk {
inline namespace v0_1 {

// `id` equals the one in the plugin's note (the build writes that: welt_add_plugin's name). Texts are literals.
struct PluginInfo {
  const char *id, *version, *description, *license;
  constexpr PluginInfo(const char* id, const char* version, const char* description, const char* license)
      : id(id), version(version), description(description), license(license) {}
};

namespace detail {

// The type that `self` points to: C, or the base that C names as C::AbiSelf (one set of tables for many C).
template <typename C>
struct SelfOf {
  using type = C;
};
template <typename C>
requires requires { typename C::AbiSelf; }
struct SelfOf<C> {
  using type = typename C::AbiSelf;
};

// A component as the host sees it, with the instance behind it.
template <typename C>
struct Held : welt_component {
  Held(const Config& config, std::uint32_t init) : welt_component{}, instance(config, init) {
    struct_size = sizeof(welt_component);
    self = static_cast<typename SelfOf<C>::type*>(&instance);
    get_interface = [](const welt_component* component, welt_string id) -> const void* {
      const void* table = nullptr;
      fence(nullptr, "get_interface", [&] {
        if (component != nullptr) table = static_cast<const Held*>(component)->instance.get_interface(from_abi(id));
      });
      return table;
    };
    destroy = [](welt_component* component) {
      fence(nullptr, "destroy", [&] { std::unique_ptr<Held> owner(static_cast<Held*>(component)); });
    };
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

  C instance;
};

template <typename C>
const DescriptorTable& descriptor_of() {
  static NoDestroy<DescriptorTable> table(C::descriptor());
  return table.get();
}
template <typename C>
const SchemaTable& schema_table_of() {
  static NoDestroy<SchemaTable> table(C::schema());
  return table.get();
}

struct Maker {
  const welt_component_descriptor& (*descriptor)();
  const welt_config_schema_v1& (*schema)();
  welt_component* (*create)(const Config& config, std::uint32_t init);
};

template <typename C>
constexpr Maker maker() {
  return {[]() -> const welt_component_descriptor& { return descriptor_of<C>().table(); },
          []() -> const welt_config_schema_v1& { return schema_table_of<C>().table(); },
          [](const Config& config, std::uint32_t init) -> welt_component* {
            auto held = std::make_unique<Held<C>>(config, init);
            return held.release();
          }};
}

// The factory over a fixed list of component types.
template <typename... Cs>
struct Factory {
  static constexpr std::array<Maker, sizeof...(Cs)> makers = {maker<Cs>()...};

  static std::uint64_t count() { return makers.size(); }
  static const welt_component_descriptor* descriptor(std::uint64_t index) {
    const welt_component_descriptor* out = nullptr;
    fence(nullptr, "descriptor", [&] {
      if (index < makers.size()) out = &makers[index].descriptor();
    });
    return out;
  }
  static const void* get_interface(std::uint64_t index, welt_string id) {
    const void* out = nullptr;
    fence(nullptr, "get_interface", [&] {
      if (index < makers.size() && from_abi(id) == WELT_CONFIG_SCHEMA_INTERFACE) out = &makers[index].schema();
    });
    return out;
  }
  static welt_status create(std::uint64_t index, const welt_config* config, std::uint32_t init, const welt_host* host,
                            welt_component** out, welt_error* error) {
    if (host != nullptr) detail::host.store(host, std::memory_order_release);
    return fence(error, plugin_id.load(), [&] {
      if (index >= makers.size()) {
        throw Failure(WELT_OUT_OF_RANGE, "this plugin has " + std::to_string(makers.size()) + " components; number " +
                                             std::to_string(index) + " was asked for");
      }
      if (init != WELT_INIT_NONE && init != WELT_INIT_RANDOM) {
        throw invalid("init is " + std::to_string(init) + "; expected WELT_INIT_NONE or WELT_INIT_RANDOM");
      }
      if (out == nullptr) throw invalid("create() was given no place for the component");
      *out = makers[index].create(Config(config), init);
    });
  }
  static constexpr welt_component_factory_v1 table = {.struct_size = sizeof(welt_component_factory_v1),
                                                      .reserved = 0,
                                                      .count = count,
                                                      .descriptor = descriptor,
                                                      .get_interface = get_interface,
                                                      .create = create};
};

// The entry's body: idempotent; the smaller minor wins; another major is refused.
template <typename... Cs>
welt_status enter(const PluginInfo& info, const welt_host* host, const welt_plugin** out, welt_error* error) noexcept {
  if (host == nullptr || out == nullptr || !WELT_HAS(host, abi_minor)) {
    return report(host, error, WELT_INVALID_ARGUMENT, "the entry needs a host table with its ABI version", info.id);
  }
  if (host->abi_major != WELT_ABI_MAJOR) {
    char message[160];
    std::snprintf(message, sizeof(message),
                  "built for welt ABI %u.x, but the host speaks %u.%u; rebuild the plugin with the host's SDK",
                  WELT_ABI_MAJOR, host->abi_major, host->abi_minor);
    return report(host, error, WELT_FAILED_PRECONDITION, message, info.id);
  }
  detail::host.store(host, std::memory_order_release);
  plugin_id.store(info.id);
  static const welt_plugin plugin = {.struct_size = sizeof(welt_plugin),
                                     .reserved = 0,
                                     .abi_major = WELT_ABI_MAJOR,
                                     .abi_minor = std::min(host->abi_minor, WELT_ABI_MINOR),
                                     .id = to_abi(info.id),
                                     .version = to_abi(info.version),
                                     .description = to_abi(info.description),
                                     .license = to_abi(info.license),
                                     .get_factory = [](welt_string id) -> const void* {
                                       return from_abi(id) == WELT_COMPONENT_FACTORY ? &Factory<Cs...>::table : nullptr;
                                     }};
  *out = &plugin;
  return WELT_OK;
}

}  // namespace detail

// The C++ object behind a component that this SDK made: its type, or the AbiSelf that it names.
template <typename C>
C& instance_of(const welt_component* component) {
  if (component == nullptr || !WELT_HAS(component, self) || component->self == nullptr) {
    throw invalid("the component is null, or none that this plugin made");
  }
  return *static_cast<C*>(component->self);
}

}  // namespace v0_1
}  // namespace welt::sdk

#define WELT_PLUGIN(info, ...)                                                                                  \
  extern "C" WELT_SDK_EXPORT welt_status WELT_SDK_ENTRY(const welt_host* host, const welt_plugin** plugin,      \
                                                        welt_error* error);                                     \
  extern "C" welt_status WELT_SDK_ENTRY(const welt_host* host, const welt_plugin** plugin, welt_error* error) { \
    static constexpr ::welt::sdk::PluginInfo plugin_info = info;                                                \
    return ::welt::sdk::detail::enter<__VA_ARGS__>(plugin_info, host, plugin, error);                           \
  }
