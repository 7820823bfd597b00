// Sizes of a model, from its shapes and configurations alone: parameters, FLOPs per word, memory. Used by `welt model
// info`, and to see whether training fits in memory, on a WeltModel::outline(), which has no weights.
//
// FLOPs are those of the products, a multiplication and an addition being two, for one word of a long text, forward:
//   weights     2 · weights · positions, over all matrices (no table, bias or norm) of a part
//   attention   4 · layers · heads · head width · pairs: scores and weighted values, over the pairs of positions of a
//               row that see each other: T² of T, T (T + 1) / 2 in a causal row
// Training takes three times as many: each product of the forward pass has two in the backward pass (Kaplan et al.
// 2020, section 2.1). A word of b units (bytes, but in models of UTF-16 or UTF-32) is b + 2 positions to the bytes
// encoder (BOS, EOS), an image of h × w patches h · w + 1 to the image encoder, one position to the latent transformer,
// and b + 2 to the decoder (latent, BOS; model.decoder_context latents), b + 1 of which have logits. Left out: norms,
// activations, softmax, rotary positions, the lookup and folding of byte tables, loss and optimizer. Nothing is
// subtracted for words that a batch holds twice (encoded once), for windows of local attention, or for what a plugin
// finds it need not compute.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/model/welt_model.h"

namespace welt {

// The lengths that cost depends on.
struct WordLengths {
  double bytes = 5;               // of a word's text; in models of UTF-16 or UTF-32: units
  std::int64_t image_height = 0;  // pixels; 0: the renderer's block
  std::int64_t image_width = 0;   // pixels; 0: three times the height
  std::int64_t words = 128;       // of a row of the latent transformer, and of a generation's cache
};

// Height of a word's image in pixels: the renderer's block.
std::int64_t image_height(const RendererSpec& renderer);

// Of an image encoder: whether all its convolutions are over patches. Others run over feature maps, whose sizes are the
// plugin's affair.
bool convolves_patches_only(const TensorComponent& encoder);

// The attention of a component, from the usual keys of its Hugging Face configuration.
struct AttentionSizes {
  std::int64_t layers, heads, kv_heads, head_width;

  // num_hidden_layers, num_attention_heads, num_key_value_heads, head_dim and hidden_size, or GPT-2's n_layer, n_head
  // and n_embd. Nothing where the keys for it are not there, or are lists (one entry per stage).
  static std::optional<AttentionSizes> from(const nlohmann::json& config);
  // Of a KV cache: float32 keys and values of every layer, for one position of one row.
  std::int64_t slot_bytes() const { return layers * kv_heads * 2 * head_width * 4; }
};

struct PartInfo {
  std::string name;    // "image_encoder", "encoder_mapping" (with its norm), "latent_transformer", …
  std::string plugin;  // "": part of WeLT itself
  std::int64_t parameters = 0;
  std::int64_t tables =
      0;                  // of these: rows that are looked up or added (bytes, positions, token types), not multiplied
  std::int64_t idle = 0;  // beside these: in memory, but without a part in a WeLT model (a masked LM's head)
  double positions = 0;   // that a word is to this part
  std::optional<double> weight_flops, attention_flops;  // forward, for a word; none: not known, see ModelInfo::notes

  double flops() const { return weight_flops.value_or(0) + attention_flops.value_or(0); }
};

struct CacheInfo {
  std::int64_t slots = 0;                 // positions of a row at most
  std::optional<std::int64_t> row_bytes;  // of a full row; none: not known
};

struct ModelInfo {
  WordLengths lengths;  // with the image's height
  std::vector<PartInfo> parts;
  std::int64_t parameters = 0, tables = 0, idle = 0;  // of all parts
  // Bytes, in the model's dtype, which gradients and moments share. Weights: idle ones included, and buffers (running
  // statistics, weights in 2 bits) as they are; AdamW keeps two moments.
  std::int64_t weight_bytes = 0, gradient_bytes = 0, optimizer_bytes = 0;
  CacheInfo latent_cache, decoder_cache;  // of generating one text
  std::vector<std::string> notes;         // what is not in the figures, for this model

  double flops() const;  // forward, for a word
};

// Parameters and bytes alone: no lengths, no FLOPs, no caches, no notes on them.
ModelInfo count_model(const WeltModel& model);

// Throws Error for lengths that the model's parts do not take.
ModelInfo describe_model(const WeltModel& model, const WordLengths& lengths);

}  // namespace welt
