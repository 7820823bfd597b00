// The configuration a component is created with, as typed C++. Reads a welt_config; throws Failure naming the key.
//
//   Config config(view);
//   config.get_int("hidden_size");            // must be there
//   config.get_double("rope_theta", 1e4);     // absent or null: the fallback
//   config.find_string("architectures.0");    // optional
//   config.table("rope_scaling").get_double("factor");
//
// The host has already filled in the schema's defaults and checked types; these checks are for hosts that have not.
#pragma once

#include <welt/abi/config.h>
#include <welt/sdk/base.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace welt::sdk {
inline namespace v0_1 {

class Config {
 public:
  // The view is borrowed: copy what outlives create(). `prefix`: a table inside it, without the last dot.
  explicit Config(const welt_config* view, std::string prefix = {}) : view_(view), prefix_(std::move(prefix)) {}

  // Present and not null.
  bool has(std::string_view key) const {
    const auto value = raw(key);
    return value && value->type != WELT_VALUE_NULL;
  }
  // WELT_VALUE_…, 0 when absent.
  std::uint32_t type(std::string_view key) const {
    const auto value = raw(key);
    return value ? value->type : 0;
  }
  // Elements of a list or members of a table; 0 when absent.
  std::int64_t count(std::string_view key) const {
    const auto value = raw(key);
    return value ? static_cast<std::int64_t>(value->count) : 0;
  }

  // `value`, which `key` was asked for. Throws Failure naming the key where there is none.
  template <typename T>
  T require(std::string_view key, std::optional<T> value) const {
    if (!value) throw invalid("config key \"" + full(key) + "\" is missing; give it a value", full(key));
    return *std::move(value);
  }

  std::optional<std::int64_t> find_int(std::string_view key) const {
    const auto value = present(key);
    if (!value) return std::nullopt;
    if (value->type == WELT_VALUE_INTEGER) return value->integer;
    throw wrong(key, *value, "a whole number");
  }
  std::optional<double> find_double(std::string_view key) const {
    const auto value = present(key);
    if (!value) return std::nullopt;
    if (value->type == WELT_VALUE_NUMBER) return value->number;
    if (value->type == WELT_VALUE_INTEGER) return static_cast<double>(value->integer);
    throw wrong(key, *value, "a number");
  }
  std::optional<bool> find_bool(std::string_view key) const {
    const auto value = present(key);
    if (!value) return std::nullopt;
    if (value->type == WELT_VALUE_BOOL) return value->integer != 0;
    throw wrong(key, *value, "true or false");
  }
  std::optional<std::string> find_string(std::string_view key) const {
    const auto value = present(key);
    if (!value) return std::nullopt;
    if (value->type == WELT_VALUE_STRING)
      return std::string(text_from_abi(value->string, "config key \"" + full(key) + "\""));
    throw wrong(key, *value, "a text");
  }

  std::int64_t get_int(std::string_view key) const { return require(key, find_int(key)); }
  double get_double(std::string_view key) const { return require(key, find_double(key)); }
  bool get_bool(std::string_view key) const { return require(key, find_bool(key)); }
  std::string get_string(std::string_view key) const { return require(key, find_string(key)); }

  std::int64_t get_int(std::string_view key, std::int64_t fallback) const { return find_int(key).value_or(fallback); }
  double get_double(std::string_view key, double fallback) const { return find_double(key).value_or(fallback); }
  bool get_bool(std::string_view key, bool fallback) const { return find_bool(key).value_or(fallback); }
  std::string get_string(std::string_view key, std::string_view fallback) const {
    return find_string(key).value_or(std::string(fallback));
  }

  // Lists; absent or null is empty.
  std::vector<std::int64_t> get_ints(std::string_view key) const {
    return list<std::int64_t>(key, [this](const std::string& item) { return get_int(item); });
  }
  std::vector<double> get_doubles(std::string_view key) const {
    return list<double>(key, [this](const std::string& item) { return get_double(item); });
  }
  std::vector<std::string> get_strings(std::string_view key) const {
    return list<std::string>(key, [this](const std::string& item) { return get_string(item); });
  }

  // A nested table; has() of everything in it is false when it is absent.
  Config table(std::string_view key) const { return Config(view_, full(key)); }

  // The key as a message names it: with the tables it is in.
  std::string full(std::string_view key) const {
    return prefix_.empty() ? std::string(key) : prefix_ + "." + std::string(key);
  }

 private:
  std::optional<welt_value> raw(std::string_view key) const {
    if (view_ == nullptr || !WELT_HAS(view_, get) || view_->get == nullptr) return std::nullopt;
    welt_value value{};
    value.struct_size = sizeof(value);
    const std::string name = full(key);
    if (view_->get(view_, to_abi(name), &value) == 0) return std::nullopt;
    return value;
  }
  std::optional<welt_value> present(std::string_view key) const {
    auto value = raw(key);
    return value && value->type != WELT_VALUE_NULL ? value : std::nullopt;
  }
  template <typename T, typename Get>
  std::vector<T> list(std::string_view key, Get get) const {
    const auto value = present(key);
    if (!value) return {};
    if (value->type != WELT_VALUE_LIST) throw wrong(key, *value, "a list");
    constexpr std::uint64_t longest = 1u << 20;
    if (value->count > longest) {
      throw invalid("config key \"" + full(key) + "\" is a list of " + std::to_string(value->count) +
                        " values; expected at most " + std::to_string(longest),
                    full(key));
    }
    std::vector<T> items;
    for (std::uint64_t i = 0; i < value->count; ++i) items.push_back(get(std::string(key) + "." + std::to_string(i)));
    return items;
  }
  Failure wrong(std::string_view key, const welt_value& value, std::string_view expected) const {
    static constexpr std::string_view names[] = {"nothing",  "null",   "true or false", "a whole number",
                                                 "a number", "a text", "a list",        "a table"};
    const std::string_view found = value.type < std::size(names) ? names[value.type] : "an unknown type";
    return invalid("config key \"" + full(key) + "\" is " + std::string(found) + "; expected " + std::string(expected),
                   full(key));
  }

  const welt_config* view_;
  std::string prefix_;
};

}  // namespace v0_1
}  // namespace welt::sdk
