// The word-level latent transformer: words → vectors → latents → bytes.
//
//   distinct words ─ byte table ─ bytes encoder ─ pooling ─ mapping ─ norm ─┐ gather to [B,W,D]
//                                                          latent transformer ─ mapping ─ norm ─ labelled positions
//                                                          [R,E]
//                                  [latent, BOS, bytes…] rows ─ decoder ─ head ─ cross-entropy over bytes
//
// Only distinct words, real bytes and labelled positions are computed. Decoder rows run in chunks, forward and
// backward, before the latent transformer's backward, so that memory is that of one chunk. Follows sign/WeLT's
// WordLatentTransformer (welt/model.py) in mathematics and parameter names. [one thread]
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/data/batch.h"
#include "core/metrics/accumulator.h"
#include "core/model/byte_table.h"
#include "core/model/component.h"
#include "core/model/step_plan.h"
#include "core/model/welt_spec.h"

namespace welt {

struct ModelParameter {
  std::string name;   // as in a checkpoint's model.safetensors
  at::Tensor tensor;  // the parameter itself
  bool decay;         // weight decay applies
  std::string group;  // "bytes_encoder", "encoder_mapping", "latent_transformer", "decoder_norm", "bytes_decoder", …
};

// What passes spent: seconds by part, and byte positions that were computed.
struct PassStatistics {
  double encode = 0, latent = 0, decoder = 0, backward = 0;  // seconds; decoder: forward and backward of all chunks
  std::int64_t encoder_tokens = 0, decoder_tokens = 0;
};

class WeltModel {
 public:
  // Random weights from the default generator, as each configuration's initialiser says; those that the specification
  // takes from Hugging Face folders, from there.
  explicit WeltModel(WeltSpec spec);
  // Shapes only: to see whether the parts can be made and fit together. Not for computing.
  static WeltModel outline(WeltSpec spec);
  // Weights of a checkpoint folder; every missing or ill-shaped tensor is reported at once.
  static WeltModel load(const std::filesystem::path& checkpoint);
  // config.json and model.safetensors into an existing folder.
  void save(const std::filesystem::path& folder) const;

  const WeltSpec& spec() const { return spec_; }
  const std::vector<ModelParameter>& parameters() const { return parameters_; }
  std::int64_t parameter_count() const;
  void set_training(bool training);

  // Longest rows the components take, 0: unlimited.
  struct Limits {
    std::int64_t bytes_encoder, latent, decoder;
  };
  Limits limits() const;

  // Forward and backward of one micro-batch; adds d(Σ nats / divisor) to the parameters' gradients.
  LossSums forward_backward(const Batch& batch, double divisor, std::int64_t chunk_tokens, bool amp,
                            PassStatistics* statistics = nullptr);
  // Forward only, without graph; fills the accuracy sums.
  LossSums evaluate(const Batch& batch, std::int64_t chunk_tokens, bool amp);

 private:
  enum class Init { random, empty };
  WeltModel(WeltSpec spec, Init init);
  void collect_parameters();
  void take_weights();  // welt_from.cpp
  void load_tensors(const std::filesystem::path& file);

  at::Tensor encode_words(const EncoderPlan& plan);  // [N, D]
  at::Tensor latents(const Batch& batch, const EncoderPlan& plan, const at::Tensor& word_vectors,
                     const std::vector<std::int64_t>& positions);  // [R, E]
  at::Tensor decode(const DecoderChunk& chunk, const at::Tensor& latents,
                    const at::Tensor& table);  // logits [targets,256]

  WeltSpec spec_;
  std::optional<TorchComponent> bytes_encoder_;
  std::optional<TorchComponent> latent_, decoder_;
  std::optional<ByteTable> encoder_table_;
  std::optional<ByteTable> decoder_table_;
  at::Tensor encoder_mapping_weight_, encoder_mapping_bias_, encoder_norm_;
  at::Tensor decoder_mapping_weight_, decoder_mapping_bias_, decoder_norm_;
  at::Tensor head_weight_, head_bias_;  // undefined: tied, none
  std::vector<ModelParameter> parameters_;
};

}  // namespace welt
