// What a component tells about itself through the C tables, as C++ values. Called once, by TensorComponent.
#pragma once

#include <welt/abi/image_encoder.h>

#include <vector>

#include "core/tensor/tensor_component.h"

namespace welt {

// welt.parameters/1, in the table's order. Throws Error with the plugin's own message.
std::vector<NamedParameter> read_parameters(const Component& component, const welt_parameters_v1& table);

// welt.image_encoder/1's description with zeros made defaults. Throws Error also for facts that cannot be (a width of
// 0, five channels, a scale that is not finite).
ImageEncoderInfo read_image_facts(const Component& component, const welt_image_encoder_v1& table);

// welt.vocabulary/1 with zeros made defaults. Throws Error also when a name does not end in "weight" (head bias:
// "bias"), which the names of a checkpoint are made from.
Vocabulary read_vocabulary(const Component& component, const welt_vocabulary_v1& table);

}  // namespace welt
