// The README.md of an exported model: what it is made of, how it was trained as far as that is known, how it is used.
#pragma once

#include <filesystem>
#include <string>

#include "core/model/welt_spec.h"
#include "core/tensor/tensor_component.h"

namespace welt {

std::string model_card(const WeltSpec& spec, const std::filesystem::path& checkpoint);
std::string part_card(const std::string& slot, const std::string& class_name, const TensorComponent& component);

}  // namespace welt
