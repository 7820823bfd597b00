// The loop over threads by an iterator of LibTorch, which holds the loop over the threads itself: a plugin links no
// thread library.
#include "welt/nn/parallel.h"

#include <ATen/TensorIterator.h>
#include <ATen/ops/arange.h>

namespace welt::nn {

void in_parallel(std::int64_t count, c10::function_ref<void(std::int64_t)> task) {
  if (count < 2) {
    if (count == 1) task(0);
    return;
  }
  const at::Tensor numbers = at::arange(count, at::kLong);
  at::TensorIterator iterator = at::TensorIteratorConfig().add_const_input(numbers).build();
  iterator.for_each(
      [&](char** data, const std::int64_t* strides, std::int64_t size, std::int64_t lines) {
        for (std::int64_t line = 0; line < lines; ++line)
          for (std::int64_t i = 0; i < size; ++i)
            task(*reinterpret_cast<const std::int64_t*>(data[0] + line * strides[1] + i * strides[0]));
      },
      /*grain_size=*/1);
}

}  // namespace welt::nn
