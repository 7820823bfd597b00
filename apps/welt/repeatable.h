// Options and positionals that take texts. CLI11 takes a value like "[a,b]" for a list of two where further arguments
// may follow; these say that none may.
#pragma once

#include <CLI/CLI.hpp>

namespace welt {

// --set a=1 --set b=2: a value each time.
inline CLI::Option* repeatable(CLI::Option* option) {
  return option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)->allow_extra_args(false);
}

// A positional that takes every argument left, one text each: the least number is out of reach, and never asked for
// (TakeAll). Help shows it as "..." (command_line.cpp).
inline constexpr int every_argument = 1 << 20;
inline CLI::Option* all_arguments(CLI::Option* option) {
  return option->expected(every_argument)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
}

}  // namespace welt
