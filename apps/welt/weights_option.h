// --weights: how wide the weights are that generation and evaluation multiply with.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "core/kernels/step_weights.h"

namespace welt {

// In force as soon as it is parsed.
inline void add_weights(CLI::App& verb) {
  verb.add_option_function<std::string>(
          "--weights", kernels::set_step_weights,
          "Multiply with copies of the weights: fp32 as they are, bf16, or int8 with a scale "
          "for each output; smaller ones are read faster and round")
      ->type_name("fp32|bf16|int8")
      ->default_str("fp32")
      ->group("Model");
}

}  // namespace welt
