// Embeddings of units of N bytes (core/text/units.h) out of one byte table: a unit's bytes, each looked up and put side
// by side; and the way back, byte logits of every place at once. With N = 1 that is a byte's row, and a plain head.
//
// Follows utf8_tokenizer's CharacterEmbedding and the wrapper that it puts around a decoder. Any thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "core/text/units.h"

namespace welt {

// table [256 + …,E/N], bytes int64 [tokens·N], least significant first → [tokens,E].
at::Tensor embed_units(const at::Tensor& table, const at::Tensor& bytes, std::int64_t unit_bytes);

// What the decoder's head gives → [tokens·N,256]. UTF-8: those are the logits, head [tokens,256]. Else head [tokens,E]
// is a unit's embedding, each part of it held against table [256,E/N]; what no code point has (UTF-32: byte 3 above 00,
// byte 2 above 10) is −inf.
at::Tensor unit_logits(const at::Tensor& table, const at::Tensor& head, Units units);

}  // namespace welt
