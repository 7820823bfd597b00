// The latent transformer over rows that grow word by word, each with its own length. Inside core/generate only.
//
// A component that takes packed rows has one cache for all of them: prompts without padding, then a word a row. One
// that only takes dense rows gets a cache for each row, as a dense call would give every row as many slots.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/tensor/tensor_component.h"

namespace welt {

class LatentRunner {
 public:
  // `capacity`: slots of the longest row. `role`: the component's part in the model, as errors name it; a text that
  // lasts.
  LatentRunner(TensorComponent& component, std::int64_t rows, std::int64_t capacity,
               std::string_view role = "the latent transformer");

  // The prompts: vectors [words of row, D] and prefix-block ids (−1: outside) of each row; the hidden states of each
  // row's last `tail` words, [k, D]: of all that it has, if these are fewer.
  std::vector<at::Tensor> prefill(const std::vector<at::Tensor>& vectors,
                                  const std::vector<std::vector<std::int64_t>>& prefixes, std::int64_t tail = 1);
  // One more word of each row: [rows, D] → [rows, D].
  at::Tensor step(const at::Tensor& vectors);
  // The same of these rows alone, ascending, where the component takes packed rows: [n, D] → [n, D].
  at::Tensor step(const at::Tensor& vectors, const std::vector<std::size_t>& rows);
  // Goes on with these rows only; one may come more than once.
  void keep(const std::vector<std::int64_t>& rows);

 private:
  at::Tensor checked(at::Tensor hidden) const;  // throws Error unless it is finite

  TensorComponent& component_;
  std::string_view role_;
  bool packed_;
  std::vector<Cache> caches_;  // one, or one a row
};

}  // namespace welt
