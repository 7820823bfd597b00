// The option --seed: CLI11 takes the largest number for one that is too large, which is another seed than was asked
// for.
#pragma once

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <string>

namespace welt {

inline CLI::Option* add_seed(CLI::App& verb, std::uint64_t& seed, const std::string& help) {
  const auto check = [](const std::string& text) {
    std::uint64_t value = 0;
    const auto [last, status] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (status == std::errc{} && last == text.data() + text.size()) return std::string();
    return text + " is no whole number from 0 to 18446744073709551615";
  };
  return verb.add_option("--seed", seed, help)->check(check)->capture_default_str();
}

}  // namespace welt
