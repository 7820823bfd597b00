// An image encoder for tests, linked into the test program: it masks padding, as no built plugin does yet, and can be
// told to describe itself wrongly.
#pragma once

#include "core/plugin/registry.h"

namespace welt::test {

// The mean over an image's pixels, times a matrix [width, channels]; hidden is that of every pixel, [N, D, h, w].
// Keys: width (2), channels (3), ragged (true), minimum (2 pixels), norm (false: no batch norm before all), tied
// (false: the matrix has no second name), wrong ("": nothing; width, channels, scale: such a fact; pooled: a call
// answers in another shape).
const ComponentType& toy_images();

}  // namespace welt::test
