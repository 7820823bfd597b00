// --weights: how wide the weights are that generation and evaluation multiply with.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "core/base/log.h"
#include "core/kernels/step_weights.h"

namespace welt {

// In force as soon as it is parsed. `weights` gets the name, and stays as it is if none is given.
inline CLI::Option* add_weights(CLI::App& verb, std::string& weights) {
  return verb
      .add_option("--weights", weights,
                  "Multiply with copies of the weights: fp32 as they are, bf16, or int8 with a scale for each output; "
                  "smaller ones are read faster and round; auto: bf16 where the kernels are on, else fp32")
      ->type_name("fp32|bf16|int8|auto")
      ->default_str("fp32")
      ->each([](const std::string& name) { kernels::set_step_weights(name); })
      ->group("Model");
}

// To be called when all is done: weights that were asked for by name and that nothing took are said.
inline void tell_unused_weights(const std::string& asked) {
  if ((asked == "bf16" || asked == "int8") && kernels::narrow_products() == 0)
    log_warning("weights",
                "the weights {} changed nothing: this model made no product in float32 that takes smaller copies",
                asked);
}

}  // namespace welt
