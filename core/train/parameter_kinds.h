// What a parameter is to an optimizer: which rule fits it, and whether it learns while the bodies are frozen.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/model/welt_model.h"

namespace welt {

// As the Python WeLT's trainer groups them: matrix: two dimensions, with weight decay; embedding: rows that are looked
// up; head: the decoder's own output matrix and bias; vector: all others (norms, biases, convolutions, single tokens).
enum class ParameterKind { matrix, embedding, head, vector };
ParameterKind kind_of(const ModelParameter& parameter);
std::string_view kind_name(ParameterKind kind);

// Trains from the start where bodies are frozen first: byte tables, head, mappings and the norms between parts.
bool learns_while_frozen(const ModelParameter& parameter, const std::vector<ModelParameter>& all);

// The parts that a recipe has settings for: "bytes_encoder", "image_encoder", "latent", "decoder", "mappings".
const std::vector<std::string>& trained_parts();
std::string part_of(const ModelParameter& parameter);

}  // namespace welt
