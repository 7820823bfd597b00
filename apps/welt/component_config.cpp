// See component_config.h.
#include "apps/welt/component_config.h"

#include <fmt/format.h>

#include "apps/welt/repeatable.h"
#include "core/base/error.h"

namespace welt {

CLI::Option* add_component_settings(CLI::App& verb, std::vector<std::string>& values, const char* help) {
  return repeatable(verb.add_option("--set", values, help)->type_name("KEY=VALUE"));
}

nlohmann::json component_settings(const std::vector<std::string>& values) {
  nlohmann::json config = nlohmann::json::object();
  for (const std::string& text : values) {
    const std::size_t sign = text.find('=');
    if (sign == std::string::npos || sign == 0)
      fail({.where = fmt::format("--set {}", text), .found = "no key and value", .expected = "KEY=VALUE"});
    const std::string value = text.substr(sign + 1);
    nlohmann::json parsed = nlohmann::json::parse(value, nullptr, /*allow_exceptions=*/false);
    config[text.substr(0, sign)] = parsed.is_discarded() ? nlohmann::json(value) : parsed;
  }
  return config;
}

}  // namespace welt
