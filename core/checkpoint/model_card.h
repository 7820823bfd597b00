// The README.md of an exported model: what it is made of, how it was trained as far as that is known, how it is used.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/model/welt_spec.h"
#include "core/tensor/tensor_io.h"

namespace welt {

// What of the model the Python WeLT has no place for and would leave out in silence; "": nothing.
std::string unknown_to_python(const WeltSpec& spec);

std::string model_card(const WeltSpec& spec, const std::filesystem::path& checkpoint);
// Of one part. `tensors`: all that is in its file.
std::string part_card(const WeltSpec& spec, const std::string& slot, const std::string& class_name,
                      const std::vector<NamedTensor>& tensors);

}  // namespace welt
