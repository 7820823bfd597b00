// Values that went astray: found where they first appear, and named.
#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>

namespace welt {

// True on the meta device, which has no values.
bool all_finite(const at::Tensor& values);

// Finite, and small enough that their squares are: norms and moments of the next step are made of these. A step whose
// gradients are such leaves such values behind; others are damaged, or training went astray.
bool squares_are_finite(const at::Tensor& values);

// Throws Error (data_loss) unless every value of what a component gave is finite: `part` is its place ("the latent
// transformer"), `plugin` who it is. Does nothing while gradients are recorded: a training step does not wait for
// values.
void require_finite_output(const at::Tensor& values, std::string_view part, std::string_view plugin);

}  // namespace welt
