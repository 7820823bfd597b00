// The option --seed: CLI11 takes the largest number for one that is too large, which is another seed than was asked
// for.
#pragma once

#include <CLI/CLI.hpp>
#include <charconv>
#include <limits>
#include <string>

namespace welt {

template <typename Integer>
CLI::Option* add_seed(CLI::App& verb, Integer& seed, const std::string& help) {
  const auto check = [](const std::string& text) {
    Integer value = 0;
    const auto [last, status] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (status == std::errc{} && last == text.data() + text.size()) return std::string();
    return text + " is no whole number from " + std::to_string(std::numeric_limits<Integer>::min()) + " to " +
           std::to_string(std::numeric_limits<Integer>::max());
  };
  return verb.add_option("--seed", seed, help)->check(check)->capture_default_str();
}

}  // namespace welt
