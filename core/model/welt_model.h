// The word-level latent transformer: words → vectors → latents → bytes.
//
//   distinct words ┬ byte table ─ bytes encoder ─ pooling ┐
//                  └ images ───── image encoder ──────────┴ mapping ─ norm ─┐ gather to [B,W,D]
//                                                          latent transformer ─ mapping ─ norm ─ labelled positions
//                                                          [R,E]
//                                  [latents, BOS, units…] rows ─ decoder ─ head ─ cross-entropy over bytes
//
// Only distinct words, real bytes and labelled positions are computed. Decoder rows run in chunks, forward and
// backward, before the latent transformer's backward, so that memory is that of one chunk. Follows sign/WeLT's
// WordLatentTransformer (welt/model.py) in mathematics and parameter names. [one thread]
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/data/batch.h"
#include "core/metrics/accumulator.h"
#include "core/model/auxiliary_heads.h"
#include "core/model/byte_table.h"
#include "core/model/objective.h"
#include "core/model/plan_tensors.h"
#include "core/model/welt_spec.h"
#include "core/tensor/tensor_component.h"

namespace welt {

// A tensor of the model's state, learnt or not: what checkpoints keep.
struct ModelTensor {
  std::string name;                      // as in a checkpoint's model.safetensors
  at::Tensor tensor;                     // itself
  std::string group;                     // as in ModelParameter
  bool buffer = false;                   // running statistics and the like: changed by passes, not by the optimizer
  std::vector<std::string> other_names;  // of the same tensor: tied to it

  // Every name, the first one first.
  std::vector<std::string> names() const;
};

// A tensor that the optimizer changes.
struct ModelParameter {
  std::string name;    // as in a checkpoint's model.safetensors
  at::Tensor tensor;   // the parameter itself
  bool decay;          // weight decay applies
  std::string group;   // "bytes_encoder", "encoder_mapping", "latent_transformer", "decoder_norm", "bytes_decoder", …
  bool table = false;  // rows are looked up or added, not multiplied
};

// A loss beside that of the next words: Σ nats, a float64 scalar on the model's device, undefined for none; unweighted.
struct AuxiliaryLoss {
  at::Tensor nats;
  std::int64_t label_bytes = 0;  // that they are of
};

// What passes spent: seconds by part, and byte positions that were computed; and their losses that no LossSums has.
struct PassStatistics {
  double encode = 0, latent = 0, decoder = 0, backward = 0;  // seconds; decoder: forward and backward of all chunks
  std::int64_t encoder_tokens = 0, decoder_tokens = 0;
  AuxiliaryLoss further, masked;  // auxiliary_heads.h
};

// Which of a word's two sides a pass reads. One that the model has and a pass does not read gives zeros, and what is
// left is scaled up: × encoders the model has / encoders read.
struct Modalities {
  bool bytes = true, image = true;
};

// Images of a WordPlan's rows, ready for the image encoder, by size.
struct WordImages {
  struct Group {
    at::Tensor pixels;               // [n,C,Hpx,Wpx], normalised
    std::vector<std::int64_t> rows;  // [n] of the plan
  };
  std::vector<Group> groups;
};

class WeltModel {
 public:
  // Random weights from the default generator, as each configuration's initialiser says; those that the specification
  // takes from Hugging Face folders, from there.
  explicit WeltModel(WeltSpec spec);
  // Shapes only: to see whether the parts can be made and fit together, and how large they are. Takes no memory and
  // does not compute.
  static WeltModel outline(WeltSpec spec);
  // Parts without weights, but for those that are not the checkpoint's (SlotSpec::fresh): install() gives them theirs.
  static WeltModel without_weights(WeltSpec spec);
  // These become the tensors of these names (all of them, of a model without_weights()), in their dtypes.
  void install(const std::map<std::string, at::Tensor>& values);
  // Moves every tensor there, floating ones as `dtype`, and drops gradients. A checkpoint keeps the dtype.
  void to(at::Device device, at::ScalarType dtype);

  const WeltSpec& spec() const { return spec_; }
  // Of the segmenter and the renderer ("": none is open) that the model's words come from: checkpoints keep them.
  void set_fingerprints(const std::string& segmenter, const std::string& renderer);
  Units units() const { return Units(spec_.encoding); }  // that words are read and written in
  // All that is saved, loaded and resumed; and of these, what is trained.
  const std::vector<ModelTensor>& tensors() const { return tensors_; }
  const std::vector<ModelParameter>& parameters() const { return parameters_; }
  std::int64_t parameter_count() const;
  at::ScalarType dtype() const { return encoder_mapping_weight_.scalar_type(); }
  at::Device device() const { return encoder_mapping_weight_.device(); }
  void set_training(bool training);
  void set_objective(const Objective& objective) { objective_ = &objective; }  // of passes; first: cross-entropy
  Modalities modalities() const;                                               // the model has it, and it is enabled
  // Of forward_backward() of batches from now on; first: no such loss, and no word is masked.
  void set_auxiliary(const AuxiliaryOptions& options) { auxiliary_options_ = options; }

  // Longest rows the components take, 0: unlimited.
  struct Limits {
    std::int64_t bytes_encoder, latent, decoder;
  };
  Limits limits() const;

  // Forward and backward of one micro-batch; adds d(Σ nats / divisor) to the parameters' gradients. `use`: all that the
  // model has, if not given.
  // With `nats` (a float64 scalar on the model's device) they are added to it and stay there, and those of the result
  // are 0: so that a step waits for its values once. Auxiliary losses are in `statistics` alone; masks are drawn from
  // the default generator.
  LossSums forward_backward(const Batch& batch, double divisor, std::int64_t chunk_tokens, bool amp,
                            PassStatistics* statistics = nullptr, std::optional<Modalities> use = {},
                            const at::Tensor* nats = nullptr);
  LossSums forward_backward(const StepPlan& plan, const WordImages& images, Modalities use, double divisor, bool amp,
                            PassStatistics* statistics = nullptr, const at::Tensor* nats = nullptr);
  // Forward only, without graph; fills the accuracy sums.
  LossSums evaluate(const Batch& batch, std::int64_t chunk_tokens, bool amp, std::optional<Modalities> use = {});

  // The parts of a pass, in order.
  WordImages normalise(const std::vector<ImageGroup>& images) const;
  struct EncodedWords {
    at::Tensor mapping_input;  // [N, image width + bytes width]
    at::Tensor vectors;        // [N,D], after mapping and norm
  };
  EncodedWords encode_words(const WordTensors& words, const WordImages& images, Modalities use);
  at::Tensor latent_hidden(const LatentTensors& plan, const at::Tensor& vectors);  // [B,W,D]
  struct MappedLatents {
    at::Tensor mapped, latents;  // [..,E], before and after the norm
  };
  MappedLatents map_latents(const at::Tensor& hidden) const;  // [..,D]
  // Units of N bytes: a byte's part of an embedding is E/N wide.
  at::Tensor decoder_embeddings() const { return decoder_table_->folded(); }  // [256,E/N], with graph
  // latents [n,E] of the chunk, table [256,E/N] → logits [targets·N,256]
  at::Tensor decode(const ChunkTensors& chunk, const at::Tensor& latents, const at::Tensor& table);
  at::Tensor byte_logits(const at::Tensor& hidden, const at::Tensor& table);  // [n,D] of the decoder → [n·N,256]
  TensorComponent& latent_transformer() { return *latent_; }
  TensorComponent& decoder() { return *decoder_; }
  // Folded byte tables under their names in a checkpoint: not parameters, but part of the file.
  std::vector<std::pair<std::string, at::Tensor>> folded_tables() const;

  // What a checkpoint's file has beside parameters: folded tables, and what the Python WeLT writes but does not use
  // (the latent's table without rows, of a model of units the tables' shifts and the decoder's own table).
  std::vector<std::pair<std::string, at::Tensor>> constant_tensors() const;

  // The four components by slot; null: the model has none. For listing their sizes.
  struct Part {
    std::string slot;    // "bytes_encoder", …
    std::string prefix;  // of its body's parameters in a checkpoint, with a dot
    const TensorComponent* component;
  };
  std::array<Part, 4> parts() const;

 private:
  enum class Init { random, empty, outline };
  WeltModel(WeltSpec spec, Init init);
  void make_components(Init init);
  void make_own_tensors(Init init);
  void collect_tensors();
  void collect_body(const Part& part, const std::string& prefix);
  // What names of the bytes encoder's body begin with; "", of a class without a head: all are its body's.
  std::string encoder_body() const;
  void take_weights();  // welt_from.cpp
  std::string table_stem(const std::string& slot, const TensorComponent& component) const;
  void plan_auxiliary(StepPlan& plan, const Batch& batch, std::int64_t chunk_tokens) const;
  std::int64_t image_width() const { return image_encoder_ ? image_encoder_->width() : 0; }
  std::int64_t bytes_width() const { return bytes_encoder_ ? bytes_encoder_->width() : 0; }

  at::Tensor encode_bytes(const WordTensors& words);                      // [N, bytes width]
  at::Tensor encode_images(const WordImages& images, std::int64_t rows);  // [N, image width]

  WeltSpec spec_;
  std::optional<TensorComponent> bytes_encoder_, image_encoder_, latent_, decoder_;
  std::optional<ByteTable> encoder_table_, decoder_table_;
  at::Tensor encoder_mapping_weight_, encoder_mapping_bias_, encoder_norm_;
  at::Tensor decoder_mapping_weight_, decoder_mapping_bias_, decoder_norm_;
  at::Tensor head_weight_, head_bias_;  // undefined: tied to the byte table, none
  AuxiliaryHeads auxiliary_;
  AuxiliaryOptions auxiliary_options_;
  const Objective* objective_ = &objectives().front();
  std::vector<ModelTensor> tensors_;
  std::vector<ModelParameter> parameters_;
};

}  // namespace welt
