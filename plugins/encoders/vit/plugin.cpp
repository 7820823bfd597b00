// ViT as a plugin: an image encoder.
#include <welt/abi/image_encoder.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct Vit {
  using Model = welt::vit::Model;

  static Descriptor descriptor() {
    return {.id = "vit",
            .description = "ViT: patches as tokens, learned positions that are interpolated, pre-norm",
            .roles = {WELT_IMAGE_ENCODER_INTERFACE},
            .hf_model_types = {"vit"},
            .hf_architectures = {"ViTModel", "ViTForImageClassification"}};
  }

  static Schema schema() {
    return {
        list("architectures", "class of the checkpoint: ViTModel or ViTForImageClassification"),
        integer("hidden_size", 768, "width D").range(1, 1 << 20),
        integer("num_hidden_layers", 12, "blocks").range(0, 10000),
        integer("num_attention_heads", 12, "heads H; divides hidden_size").range(1, 1 << 16),
        integer("intermediate_size", 3072, "inner width of the feed-forward part").range(1, 1 << 22),
        text("hidden_act", "gelu", "activation of the feed-forward part").one_of(welt::nn::activation_names()),
        number("hidden_dropout_prob", 0.0, "dropout of hidden states in training").range(0, 1),
        number("attention_probs_dropout_prob", 0.0, "dropout of attention weights in training").range(0, 1),
        number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100),
        number("layer_norm_eps", 1e-12, "added to the variance in norms").range(0, 1),
        any("image_size", "224", "pixels that the positions are for: a number, or [height, width]").range(1, 1 << 16),
        any("patch_size", "16", "pixels of a patch: a number, or [height, width]").range(1, 1 << 16),
        integer("num_channels", 3, "channels C").range(1, 4),
        boolean("qkv_bias", true, "queries, keys and values have biases"),
        integer("pooler_output_size", 0, "width of the pooled vector; null or 0: hidden_size")
            .range(0, 1 << 20)
            .null_default(),
        text("pooler_act", "tanh", "activation of the pooler").one_of(welt::nn::activation_names())};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("vit", "0.1.0", "ViT models, exact to Hugging Face transformers", "MIT"), TorchComponent<Vit>)
