// GPT-2 as a plugin: decoder, latent transformer, and causal bytes encoder.
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/latent_transformer.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct Gpt2 {
  using Model = welt::gpt2::Model;

  static Descriptor descriptor() {
    return {.id = "gpt2",
            .description = "GPT-2: learned positions, layer norms, plain feed-forward",
            .roles = {WELT_LATENT_TRANSFORMER_INTERFACE, WELT_DECODER_INTERFACE, WELT_BYTES_ENCODER_INTERFACE},
            .hf_model_types = {"gpt2"},
            .hf_architectures = {"GPT2LMHeadModel", "GPT2Model"},
            .default_pooling = WELT_POOLING_LAST,
            .flags = WELT_COMPONENT_PACKED | WELT_COMPONENT_CAUSAL};
  }

  static Schema schema() {
    return {
        list("architectures", "class of the checkpoint: GPT2LMHeadModel or GPT2Model"),
        integer("vocab_size", 50257, "rows of the token table").range(0, 1 << 30),
        integer("n_positions", 1024, "longest row").range(1, 1 << 30),
        integer("n_embd", 768, "width D").range(1, 1 << 20),
        integer("n_layer", 12, "blocks").range(0, 10000),
        integer("n_head", 12, "heads H; divides n_embd").range(1, 1 << 16),
        integer("n_inner", 0, "inner width of the feed-forward part; null: 4 n_embd").range(1, 1 << 22).null_default(),
        text("activation_function", "gelu_new", "of the feed-forward part").one_of(welt::nn::activation_names()),
        number("resid_pdrop", 0.1, "dropout of both parts' outputs in training").range(0, 1),
        number("embd_pdrop", 0.1, "dropout of embeddings in training").range(0, 1),
        number("attn_pdrop", 0.1, "dropout of attention weights in training").range(0, 1),
        number("layer_norm_epsilon", 1e-5, "added to the variance in norms").range(0, 1),
        number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100),
        boolean("scale_attn_weights", true, "scores are divided by the root of a head's width"),
        boolean("scale_attn_by_inverse_layer_idx", false, "scores are divided by the block's number, from 1"),
        boolean("reorder_and_upcast_attn", false, "scores and softmax in float32 also in reduced precision"),
        boolean("tie_word_embeddings", true, "the head is the token table"),
        integer("max_position_embeddings", 0, "n_positions; counts where both are given").range(1, 1 << 30).optional(),
        integer("hidden_size", 0, "n_embd; counts where both are given").range(1, 1 << 20).optional(),
        integer("num_hidden_layers", 0, "n_layer; counts where both are given").range(0, 10000).optional(),
        integer("num_attention_heads", 0, "n_head; counts where both are given").range(1, 1 << 16).optional(),
        boolean("add_cross_attention", false, "must be false: there is no other sequence to look at").optional(),
        table("pruned_heads", "must be empty: all blocks have n_head heads").optional()};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("gpt2", "0.1.0", "GPT-2 models, exact to Hugging Face transformers", "MIT"),
            TorchComponent<Gpt2>)
