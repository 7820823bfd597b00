// The component that serves a Hugging Face folder, with the folder's weights in it: what HfModel and HfImageModel
// share.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "core/huggingface/hf_load.h"
#include "core/tensor/tensor_component.h"
#include "core/tensor/tensor_io.h"

namespace welt {

struct HfComponent {
  // `role`: an interface id. Every tensor is `dtype`; evaluation mode. Tells the log what the file has and the class
  // has not. Throws Error when no plugin serves the folder, or weights and class do not fit.
  HfComponent(const HfSource& source, std::string_view role, at::ScalarType dtype, bool requires_grad);

  // Every trainable tensor under its name in the file, a tied one once; the objects whose .grad is the gradient.
  std::vector<NamedTensor> parameters() const;

  // Runs `call`, a forward of the component, and hands back what it traced.
  std::vector<NamedTensor> traced(const std::function<void()>& call);

  TensorComponent component;
  LoadedWeights weights;
};

}  // namespace welt
