// What a welt_tensor handle is for code that links LibTorch: a heap box around one at::Tensor.
//
// Included by torch-linked plugins (through welt/sdk/torch.hpp) and by the host. The two agree on at::Tensor because
// the loader compared the plugin's note with the host's LibTorch before opening it.
#pragma once

#include <ATen/core/Tensor.h>
#include <welt/abi/base.h>

struct welt_tensor {
  at::Tensor value;
};
