// Puts the tensors of a Hugging Face checkpoint into a component, and hands out token table and head.
//
// An image encoder has neither: table, head and whole_vocabulary are of no account for it.
// Names are those of the class's state dict, with or without its base prefix ("bert.encoder.…" or "encoder.…"); old
// BERT files' LayerNorm.gamma and .beta are weight and bias, as in transformers. A tied tensor is found under any of
// its names.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "core/huggingface/hf_source.h"
#include "core/tensor/tensor_component.h"

namespace welt {

struct LoadOptions {
  at::ScalarType dtype = at::kFloat;  // of all floating tensors
  bool own_memory = true;             // false: tensors of the right type stay in the read-only mapping (inference)
  bool requires_grad = false;         // of the trainable ones, table and head included
  bool whole_vocabulary = true;       // table and head must be there, with as many rows as the config's vocab_size
};

struct LoadedWeights {
  // For each of component.parameters(): its name in the file; "" when it is not there.
  std::vector<std::string> file_names;
  // Undefined: absent. Where the configuration ties them, `head` is the same tensor as `table`.
  at::Tensor table, head, head_bias;
  std::string table_file_name, head_file_name, head_bias_file_name;
  std::vector<std::string> unused;       // in the file, but not in the class (heads, poolers): worth a line, no error
  std::vector<std::string> initialized;  // in the class, optional in files, absent: as the plugin's initialiser says
};

// Throws Error with every missing, misshapen or ill-typed tensor at once; the component is untouched then.
LoadedWeights load_weights(TensorComponent& component, const HfWeights& weights, const LoadOptions& options = {});

// The names under which a file may keep a parameter, most likely first.
std::vector<std::string> file_name_candidates(const std::string& name, const std::string& base_prefix);

}  // namespace welt
