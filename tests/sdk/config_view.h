// A configuration of a test: integers, numbers, texts and nulls by name.
#pragma once

#include <array>
#include <map>
#include <string>
#include <variant>
#include <welt/sdk/config.hpp>

namespace welt::test {

struct ConfigView : welt_config {
  using Value = std::variant<std::nullptr_t, std::int64_t, double, std::string>;
  std::map<std::string, Value> values;

  explicit ConfigView(std::map<std::string, Value> given) : welt_config{}, values(std::move(given)) {
    struct_size = sizeof(welt_config);
    get = [](const welt_config* self, welt_string name, welt_value* out) -> std::uint32_t {
      const auto& all = static_cast<const ConfigView*>(self)->values;
      const auto found = all.find(std::string(sdk::from_abi(name)));
      if (found == all.end()) return 0;
      const Value& value = found->second;
      const std::array types{WELT_VALUE_NULL, WELT_VALUE_INTEGER, WELT_VALUE_NUMBER, WELT_VALUE_STRING};
      out->type = types[value.index()];
      if (const auto* integer = std::get_if<std::int64_t>(&value)) out->integer = *integer;
      if (const auto* number = std::get_if<double>(&value)) out->number = *number;
      if (const auto* text = std::get_if<std::string>(&value)) out->string = sdk::to_abi(*text);
      return 1;
    };
  }
};

}  // namespace welt::test
