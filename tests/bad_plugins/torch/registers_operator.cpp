// Registers an operator in LibTorch, where every plugin and the host then have it.
#include <torch/library.h>

#include "toy.h"

TORCH_LIBRARY(toy_operators, library) { library.def("twice(Tensor x) -> Tensor"); }

WELT_PLUGIN(toy::info(), toy::Component<toy::Model>)
