// GPT-NeoX as a plugin: latent transformer, decoder, and causal bytes encoder.
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/latent_transformer.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct GptNeoX {
  using Model = welt::gpt_neox::Model;

  static Descriptor descriptor() {
    return {.id = "gpt_neox",
            .description = "GPT-NeoX, Pythia: layer norms, partly rotary positions, parallel residual",
            .roles = {WELT_LATENT_TRANSFORMER_INTERFACE, WELT_DECODER_INTERFACE, WELT_BYTES_ENCODER_INTERFACE},
            .hf_model_types = {"gpt_neox"},
            .hf_architectures = {"GPTNeoXForCausalLM", "GPTNeoXModel"},
            .default_pooling = WELT_POOLING_LAST,
            .flags = WELT_COMPONENT_PACKED | WELT_COMPONENT_CAUSAL};
  }

  static Schema schema() {
    return {
        list("architectures", "class of the checkpoint: GPTNeoXForCausalLM or GPTNeoXModel"),
        integer("vocab_size", 50432, "rows of the token table").range(0, 1 << 30),
        integer("hidden_size", 6144, "width D").range(1, 1 << 20),
        integer("num_hidden_layers", 44, "blocks").range(0, 10000),
        integer("num_attention_heads", 64, "heads H; divides hidden_size").range(1, 1 << 16),
        integer("intermediate_size", 24576, "inner width of the feed-forward part").range(1, 1 << 22),
        text("hidden_act", "gelu", "activation of the feed-forward part").one_of(welt::nn::activation_names()),
        number("rotary_pct", 0.25, "share of a head's dimensions that turn").range(0, 2),
        number("rotary_emb_base", 10000.0, "base of the rotary frequencies"),
        table("rope_scaling", "rope_type (linear, dynamic, yarn, longrope, llama3) and its numbers"),
        number("partial_rotary_factor", 0.25, "not read, as in transformers: rotary_pct counts").nullable().optional(),
        number("rope_theta", 10000.0, "not read, as in transformers: rotary_emb_base counts").nullable().optional(),
        integer("head_dim", 0, "what rotary_pct is a share of; null: hidden_size / num_attention_heads")
            .range(1, 1 << 20)
            .nullable()
            .optional(),
        integer("max_position_embeddings", 2048, "context that rope_scaling refers to").range(1, 1 << 30),
        number("hidden_dropout", 0.0, "dropout of embeddings and of both parts' outputs in training").range(0, 1),
        number("attention_dropout", 0.0, "dropout of attention weights in training").range(0, 1),
        number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100),
        number("layer_norm_eps", 1e-5, "added to the variance in norms").range(0, 1),
        boolean("use_parallel_residual", true, "attention and feed-forward part read the same residual"),
        boolean("attention_bias", true, "query_key_value and dense have biases"),
        boolean("tie_word_embeddings", false, "the head is the token table")};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("gpt_neox", "0.1.0", "GPT-NeoX models, exact to Hugging Face transformers", "MIT"),
            TorchComponent<GptNeoX>)
