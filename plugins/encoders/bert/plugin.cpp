// BERT and RoBERTa as a plugin: two bytes encoders.
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
            .default_pooling = WELT_POOLING_FIRST,
            .flags = WELT_COMPONENT_PACKED};
  }
};

struct Roberta {
  using Model = welt::bert::Roberta;

  static Descriptor descriptor() {
    return {.id = "roberta",
            .description = "RoBERTa, XLM-RoBERTa, CamemBERT: BERT with positions that begin behind the padding's",
            .roles = {WELT_BYTES_ENCODER_INTERFACE},
            .hf_model_types = {"roberta", "xlm-roberta", "camembert"},
            .default_pooling = WELT_POOLING_FIRST,
            .flags = WELT_COMPONENT_PACKED};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("bert", "0.1.0", "BERT and RoBERTa models, exact to Hugging Face transformers", "MIT"),
            TorchComponent<Bert>, TorchComponent<Roberta>)
