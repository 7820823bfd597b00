// Llama as a plugin: latent transformer, decoder, and causal bytes encoder.
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/latent_transformer.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct Llama {
  using Model = welt::llama::Model;

  static Descriptor descriptor() {
    return {.id = "llama",
            .description = "Llama: RMS norms, rotary positions, grouped key heads, gated feed-forward",
            .roles = {WELT_LATENT_TRANSFORMER_INTERFACE, WELT_DECODER_INTERFACE, WELT_BYTES_ENCODER_INTERFACE},
            .hf_model_types = {"llama"},
            .hf_architectures = {"LlamaForCausalLM", "LlamaModel"},
            .default_pooling = WELT_POOLING_LAST,
            .flags = WELT_COMPONENT_PACKED | WELT_COMPONENT_CAUSAL};
  }

  static Schema schema() {
    return {list("architectures", "class of the checkpoint: LlamaForCausalLM or LlamaModel"),
            integer("vocab_size", 32000, "rows of the token table").range(0, 1 << 30),
            integer("hidden_size", 4096, "width D").range(1, 1 << 20),
            integer("intermediate_size", 11008, "inner width of the feed-forward part").range(1, 1 << 22),
            integer("num_hidden_layers", 32, "blocks").range(0, 10000),
            integer("num_attention_heads", 32, "query heads H").range(1, 1 << 16),
            integer("num_key_value_heads", 0, "key heads Hkv; null: as many as query heads").null_default(),
            integer("head_dim", 0, "width of a head; null: hidden_size / num_attention_heads").null_default(),
            text("hidden_act", "silu", "activation of the gate").one_of(welt::nn::activation_names()),
            integer("max_position_embeddings", 2048, "context that rope_scaling refers to").range(1, 1 << 30),
            number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100),
            number("rms_norm_eps", 1e-6, "added to the mean square in norms").range(0, 1),
            integer("pad_token_id", 0, "row of the table that gets no gradient; null: none").null_default(),
            boolean("tie_word_embeddings", false, "the head is the token table"),
            number("rope_theta", 10000.0, "base of the rotary frequencies"),
            table("rope_scaling", "rope_type (linear, dynamic, yarn, longrope, llama3) and its numbers"),
            boolean("attention_bias", false, "q, k, v and o have biases"),
            number("attention_dropout", 0.0, "dropout of attention weights in training").range(0, 1),
            boolean("mlp_bias", false, "gate, up and down have biases")};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("llama", "0.1.0", "Llama models, exact to Hugging Face transformers", "MIT"),
            TorchComponent<Llama>)
