// Group `config`: the schema, the defaults, and configurations as other hosts hand them over.
#include <algorithm>
#include <cstring>
#include <set>

#include "core/base/error.h"
#include "core/conformance/entry.h"
#include "core/conformance/groups.h"
#include "core/conformance/guarded.h"
#include "core/conformance/made.h"
#include "core/conformance/trial.h"
#include "core/plugin/config_check.h"
#include "core/plugin/harmless_keys.h"
#include "core/plugin/schema.h"

namespace welt::conformance {
namespace {

using nlohmann::json;

// {"a.b": value} as a configuration: {"a": {"b": value}}.
json with_key(json config, const std::string& name, const json& value) {
  std::string pointer = "/" + name;
  std::ranges::replace(pointer, '.', '/');
  config[json::json_pointer(pointer)] = value;
  return config;
}

void check_key(Trial& trial, const SchemaKey& key) {
  const std::string rule = "config_schema.h: welt_config_key";
  trial.enter(fmt::format("schema key \"{}\"", key.name));
  trial.expect(key.type <= WELT_VALUE_TABLE, {fmt::format("type {}", key.type), "a WELT_VALUE_… or 0", rule});
  trial.expect(key.choices.empty() || key.type == WELT_VALUE_STRING || key.type == 0,
               {"choices for " + type_name(key), "choices for strings only", rule});
  trial.expect(!(key.required && key.fallback), {"a default of a key that must be given", "one or the other", rule});
  if (key.fallback) {
    json config = with_key(json::object(), key.name, *key.fallback);
    const std::vector<std::string> problems = check_and_fill({key}, config);
    trial.expect(problems.empty(), {fmt::format("a default that the key does not allow: {}", fmt::join(problems, "; ")),
                                    "a default of its own type, range and choices", rule});
  }
  if (key.help.empty()) trial.warn({"no help", "one line, which `welt plugin describe` shows", rule});
}

void schema(Trial& trial) {
  for_each_component(trial, [&](const ComponentType& type) {
    std::set<std::string> names;
    for (const SchemaKey& key : schema_keys(type)) {
      check_key(trial, key);
      trial.expect(names.insert(key.name).second,
                   {"the key twice", "each key once", "config_schema.h: which keys a component understands"});
    }
  });
}

void defaults(Trial& trial) {
  for_each_component(trial, [&](const ComponentType& type) {
    Made component(trial, type);
    component.destroy();
  });
}

void roles(Trial& trial) {
  for_each_component(trial, [&](const ComponentType& type) {
    const Made component(trial, type);
    for (const std::string& role : type.roles) {
      const void *first = &component.require<std::uint32_t>(role), *second = &component.require<std::uint32_t>(role);
      trial.expect(first == second, {"another table at the second call", "the same one",
                                     "plugin.h: the table lives as long as the component"});
    }
    for (const std::string& id : {std::string(), type.roles.front() + "0", std::string("com.example.nothing/1")}) {
      const Guarded text(id);
      const welt_component* raw = component.raw();
      const void* got =
          trial.call(fmt::format("get_interface(\"{}\")", id), [&] { return raw->get_interface(raw, text.text()); });
      trial.expect(got == nullptr, {"a table", "null", "plugin.h: the table of an interface by id, or null"});
    }
  });
}

// Fails where a key of `config` is one of no component's and none that every Hugging Face configuration has.
void expect_known_keys(Trial& trial, const std::vector<const ComponentType*>& types, const json& config,
                       const std::string& where) {
  trial.enter(where);
  for (const auto& [name, value] : config.items()) {
    if (harmless_keys().contains(name)) continue;
    std::vector<std::string> problems;
    const auto reads = [&](const ComponentType* type) {
      problems = type->schema == nullptr ? problems : unknown_keys(schema_keys(*type), {{name, value}});
      return type->schema == nullptr || problems.empty();
    };
    const bool read = std::ranges::any_of(types, reads);
    trial.expect(read, {.seen = fmt::format("a key that nobody reads: {}", fmt::join(problems, "; ")),
                        .expected = "keys of the schema, as `welt plugin describe` shows them",
                        .rule = "config_schema.h: which keys a component understands"});
  }
}

void given(Trial& trial) {
  if (!trial.subject().config) trial.skip("no configuration was given (--config)");
  expect_known_keys(trial, trial.components(), *trial.subject().config, "--config");
}

// Whose a preset is: the component that serves its model_type, or all where it or they say none.
std::vector<const ComponentType*> owners(const std::vector<const ComponentType*>& types,
                                         const std::string& model_type) {
  std::vector<const ComponentType*> result;
  for (const ComponentType* type : types) {
    const auto& served = type->hf_model_types;
    if (model_type.empty() || served.empty() || std::ranges::find(served, model_type) != served.end())
      result.push_back(type);
  }
  return result;
}

void presets(Trial& trial) {
  const std::vector<const ComponentType*> types = trial.components();
  const std::vector<std::string> names = Registry::preset_names(*types.front()->plugin);
  if (names.empty()) trial.skip("no presets are beside the file");
  for (const std::string& name : names) {
    const std::string where = fmt::format("presets/{}.json", name);
    trial.about(where), trial.enter("reading it");
    const json config = Registry::preset(*types.front(), name);
    const std::string model_type = config.value("model_type", "");
    const std::vector<const ComponentType*> whose = owners(types, model_type);
    if (whose.empty()) {
      std::vector<std::string> served;
      for (const ComponentType* type : types)
        served.insert(served.end(), type->hf_model_types.begin(), type->hf_model_types.end());
      trial.fail({.seen = fmt::format("model_type \"{}\", which no component serves", model_type),
                  .expected = fmt::format("one of {}, which the descriptors name", fmt::join(served, ", ")),
                  .rule = "plugin.h: hf_model_types: so `from` finds the plugin of a config.json"});
    }
    expect_known_keys(trial, whose, config, where);
    for (const ComponentType* type : whose) {
      trial.about(*type, ", preset " + name);
      Made(trial, *type, config).destroy();
    }
  }
}

// What the host does with a key that nobody knows is its own test; here, that this schema lets it.
void unknown_key(Trial& trial) {
  bool any = false;
  for_each_component(trial, [&](const ComponentType& type) {
    if (type.schema == nullptr) return;
    any = true;
    const std::string name = "no_such_key_of_anybody";
    const std::vector<std::string> problems = unknown_keys(schema_keys(type), {{name, 1}});
    trial.enter("checking a configuration");
    trial.expect(problems.size() == 1 && problems.front().find(name) != std::string::npos,
                 {"no refusal of the key " + name, "one that names it", "config.h: the host refuses unknown keys"});
  });
  if (!any) trial.skip("no component has a schema");
}

// Values that the schema allows, but that a careless plugin does not expect.
std::vector<json> odd_values(const SchemaKey& key) {
  const bool ranged = key.minimum != 0 || key.maximum != 0;
  if ((key.type == WELT_VALUE_INTEGER || key.type == WELT_VALUE_NUMBER) && !ranged) return {0, -1};
  if (key.type == WELT_VALUE_STRING && key.choices.empty()) return {"", "no such thing: ☃"};
  if (key.type == WELT_VALUE_LIST) return {json::array()};
  if (key.type == WELT_VALUE_TABLE) return {json::object()};
  return {};
}

void odd(Trial& trial) {
  for_each_component(trial, [&](const ComponentType& type) {
    const json usual = config_for(trial, type);
    for (const SchemaKey& key : schema_keys(type)) {
      for (const json& value : odd_values(key)) {
        trial.about(type, fmt::format(" with {} = {}", key.name, value.dump()));
        const ConfigView config(type, with_key(usual, key.name, value), false, "welt plugin check");
        welt_component* component = nullptr;
        const Call call = create(trial, type, config.view(), cheap_init(type), host(), &component);
        if (call.status == WELT_OK) {
          trial.call("destroy()", [&] { component->destroy(component); });
          continue;
        }
        trial.expect(!call.message.empty(), {status_text(call.status) + " with no message", "a message that says why",
                                             "error.h: the callee fills it before it returns"});
        trial.expect(component == nullptr, {"*out changed", "*out untouched", "plugin.h: create() on failure"});
      }
    }
  });
}

// A view that is `size` bytes of the host's own: what its functions are told as `config` is the view itself.
void create_with_view(Trial& trial, std::size_t size) {
  for_each_component(trial, [&](const ComponentType& type) {
    const ConfigView usual(type, config_for(trial, type), false, "welt plugin check");
    const Guarded memory(size);
    std::memset(memory.data(), 0xA5, size);
    std::memcpy(memory.data(), usual.view(), std::min(size, sizeof(welt_config)));
    memory.as<welt_config>()->struct_size = static_cast<std::uint32_t>(size);
    trial.about(type, fmt::format(", a configuration view of {} bytes", size));
    welt_component* component = nullptr;
    const Call call = create(trial, type, memory.as<welt_config>(), cheap_init(type), host(), &component);
    trial.expect(call.status == WELT_OK && component != nullptr,
                 {fmt::format("{} \"{}\"", status_text(call.status), call.message),
                  "status 0: the keys are those of the usual view",
                  "base.h: a reader asks WELT_HAS(p, member), never for equality"});
    trial.call("destroy()", [&] { component->destroy(component); });
  });
}
void longer_view(Trial& trial) { create_with_view(trial, sizeof(welt_config) + 40); }
void shorter_view(Trial& trial) { create_with_view(trial, offsetof(welt_config, count)); }

}  // namespace

void add_config_tests(TestList& tests) {
  const auto add = [&](const char* what, const char* sentence, std::vector<std::string> needs, void (*body)(Trial&)) {
    tests.push_back({.name = std::string("config.") + what,
                     .description = sentence,
                     .applies = "every component",
                     .needs = std::move(needs),
                     .body = body});
  };
  add("schema", "Every key of a schema has a name of its own and a default within its type, range and choices.", {gate},
      schema);
  add("given", "Every key of --config is one that a component knows.", {gate, "config.schema"}, given);
  add("defaults", "Every component is made from the defaults (or --config), and destroyed.",
      {gate, "config.schema", "config.given"}, defaults);
  add("roles", "A component gives a complete table for each of its roles, and null for ids that it does not know.",
      {gate, made, "handshake.unknown_ids"}, roles);
  add("presets", "Every preset beside the file makes its component, and has no key that nobody reads.", {gate, made},
      presets);
  add("unknown_key", "A key that the schema does not have is refused, by its name.", {gate}, unknown_key);
  add("odd_values", "Odd values that the schema allows make a component or a message.", {gate, made}, odd);
  add("longer_view", "A configuration view of a later host, with more members, is taken.", {gate, made}, longer_view);
  add("shorter_view", "A configuration view that ends behind get() is taken.", {gate, made, "config.longer_view"},
      shorter_view);
}

}  // namespace welt::conformance
