// BERT as a plugin: a bytes encoder.
#include <welt/abi/bytes_encoder.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct Bert {
  using Model = welt::bert::Model;

  static Descriptor descriptor() {
    return {.id = "bert",
            .description = "BERT: bidirectional, learned positions, token types, post-norm",
            .roles = {WELT_BYTES_ENCODER_INTERFACE},
            .hf_model_types = {"bert"},
            .hf_architectures = {"BertModel", "BertForMaskedLM"},
            .default_pooling = WELT_POOLING_FIRST,
            .flags = WELT_COMPONENT_PACKED};
  }

  static Schema schema() {
    return {list("architectures", "class of the checkpoint: BertModel or BertForMaskedLM"),
            integer("vocab_size", 30522, "rows of the token table").range(0, 1 << 30),
            integer("hidden_size", 768, "width D").range(1, 1 << 20),
            integer("num_hidden_layers", 12, "blocks").range(0, 10000),
            integer("num_attention_heads", 12, "heads H; divides hidden_size").range(1, 1 << 16),
            integer("intermediate_size", 3072, "inner width of the feed-forward part").range(1, 1 << 22),
            text("hidden_act", "gelu", "activation of the feed-forward part").one_of(welt::nn::activation_names()),
            number("hidden_dropout_prob", 0.1, "dropout of hidden states in training").range(0, 1),
            number("attention_probs_dropout_prob", 0.1, "dropout of attention weights in training").range(0, 1),
            integer("max_position_embeddings", 512, "longest row").range(1, 1 << 30),
            integer("type_vocab_size", 2, "token types").range(1, 1 << 20),
            number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100),
            number("layer_norm_eps", 1e-12, "added to the variance in norms").range(0, 1),
            integer("pad_token_id", 0, "row of the table that gets no gradient; null: none").nullable(),
            text("position_embedding_type", "absolute", "how positions enter")
                .one_of({"absolute", "relative_key", "relative_key_query"}),
            boolean("tie_word_embeddings", true, "the MLM head is the token table"),
            boolean("is_decoder", false, "must be false: BERT is an encoder here")};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("bert", "0.1.0", "BERT models, exact to Hugging Face transformers", "MIT"), TorchComponent<Bert>)
