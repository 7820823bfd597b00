// --weights: how wide the weights are that generation and evaluation multiply with.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "core/base/log.h"
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

// To be called when all is done: weights that were asked for and that nothing took are said.
inline void tell_unused_weights() {
  if (kernels::step_weights() != static_cast<int>(kernels::StepWeights::float32) && kernels::narrow_products() == 0)
    log_warning("weights",
                "--weights changed nothing: this model made no product in float32 that takes smaller copies");
}

}  // namespace welt
