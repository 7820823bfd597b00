// ConfigView of registry.h: a checked configuration as plugins see it (welt/abi/config.h).
#include <charconv>
#include <cstring>
#include <limits>

#include "core/base/error.h"
#include "core/plugin/config_check.h"
#include "core/plugin/registry.h"
#include "core/plugin/strings.h"
#include "core/plugin/table_reader.h"

namespace welt {
namespace {

using Json = nlohmann::json;

[[noreturn]] void fail_with_all(const ComponentType& type, std::string_view where,
                                const std::vector<std::string>& problems) {
  fail({fmt::format("{}: configuration of \"{}\"", where, type.id),
        fmt::format("{}", fmt::join(problems, "; ")),
        {},
        fmt::format("`welt plugin describe {}` shows every key", type.id)});
}

// The value at a dotted key, or null.
const Json* look_up(const Json& config, std::string_view key) {
  const Json* at = &config;
  while (true) {
    const std::string_view part = key.substr(0, key.find('.'));
    if (at->is_object()) {
      const auto found = at->find(std::string(part));
      if (found == at->end()) return nullptr;
      at = &*found;
    } else if (at->is_array()) {
      std::size_t index = 0;
      const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
      if (error != std::errc() || end != part.data() + part.size() || index >= at->size()) return nullptr;
      at = &(*at)[index];
    } else {
      return nullptr;
    }
    if (part.size() == key.size()) return at;
    key.remove_prefix(part.size() + 1);
  }
}

welt_value value_of(const Json& value) {
  welt_value out{};
  switch (value.type()) {
    case Json::value_t::boolean:
      out.type = WELT_VALUE_BOOL;
      out.integer = value.get<bool>() ? 1 : 0;
      break;
    case Json::value_t::number_unsigned:
      if (value.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        out.type = WELT_VALUE_NUMBER;
        out.number = value.get<double>();
        break;
      }
      [[fallthrough]];
    case Json::value_t::number_integer:
      out.type = WELT_VALUE_INTEGER;
      out.integer = value.get<std::int64_t>();
      out.number = static_cast<double>(out.integer);
      break;
    case Json::value_t::number_float:
      out.type = WELT_VALUE_NUMBER;
      out.number = value.get<double>();
      break;
    case Json::value_t::string:
      out.type = WELT_VALUE_STRING;
      out.string = string_of(value.get_ref<const std::string&>());
      break;
    case Json::value_t::array:
      out.type = WELT_VALUE_LIST;
      out.count = value.size();
      break;
    case Json::value_t::object:
      out.type = WELT_VALUE_TABLE;
      out.count = value.size();
      break;
    default:
      out.type = WELT_VALUE_NULL;
  }
  return out;
}

}  // namespace

struct ConfigView::State {
  Json config;
  std::vector<std::string> names;
  welt_config table{};

  static const State& of(const welt_config* view) { return *static_cast<const State*>(view->self); }

  static std::uint32_t get(const welt_config* view, welt_string key, welt_value* out) {
    if (view == nullptr || out == nullptr || key.size > longest_table_text) return 0;
    const Json* found = look_up(of(view).config, view_of(key));
    if (found == nullptr) return 0;
    welt_value value = value_of(*found);
    value.struct_size = std::min<std::uint32_t>(out->struct_size, sizeof value);  // the caller may know fewer members
    std::memcpy(out, &value, value.struct_size);
    return 1;
  }
  static std::uint64_t count(const welt_config* view) { return of(view).names.size(); }
  static welt_string key(const welt_config* view, std::uint64_t index) {
    const auto& names = of(view).names;
    return index < names.size() ? string_of(names[index]) : welt_string{};
  }
};

ConfigView::ConfigView(const ComponentType& type, Json config, bool strict, std::string_view where)
    : state_(std::make_unique<State>()) {
  if (config.is_null()) config = Json::object();
  if (!config.is_object())
    fail_with_all(type, where, {"found " + std::string(config.type_name()) + ", expected a table"});
  const std::vector<SchemaKey> keys = schema_keys(type);
  std::vector<std::string> problems;
  if (strict && type.schema != nullptr) problems = unknown_keys(keys, config);
  for (std::string& problem : check_and_fill(keys, config)) problems.push_back(std::move(problem));
  if (!problems.empty()) fail_with_all(type, where, problems);
  state_->config = std::move(config);
  for (const auto& [name, value] : state_->config.items()) state_->names.push_back(name);
  state_->table = {sizeof(welt_config), 0, state_.get(), State::get, State::count, State::key};
}

ConfigView::~ConfigView() = default;
const welt_config* ConfigView::view() const { return &state_->table; }
const nlohmann::json& ConfigView::json() const { return state_->config; }

void check_config_keys(const ComponentType& type, const Json& written, std::string_view where) {
  if (type.schema == nullptr || !written.is_object()) return;
  const std::vector<std::string> problems = unknown_keys(schema_keys(type), written);
  if (!problems.empty()) fail_with_all(type, where, problems);
}

}  // namespace welt
