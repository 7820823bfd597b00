// Components as the host's tensor code sees them: at::Tensor in and out, errors as exceptions.
//
// Thin typed views over core/plugin's Component and the C tables; nothing here knows any architecture.
#pragma once

#include <ATen/core/Tensor.h>
#include <welt/abi/kv_cache.h>
#include <welt/abi/parameters.h>
#include <welt/abi/rows.h>
#include <welt/abi/trace.h>
#include <welt/abi/vocabulary.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/plugin/registry.h"

namespace welt {

// welt_rows: packed [tokens,E] with I64 offsets [N+1] on the CPU, or dense [N,T,E] with `row_offsets` undefined. Every
// component takes both here: one that has dense rows only gets packed ones in blocks of equal length.
struct RowsView {
  at::Tensor embeds, row_offsets;
};

// welt_attention; undefined tensors are null.
struct AttentionView {
  std::uint32_t kind = WELT_ATTENTION_CAUSAL;
  at::Tensor key_valid, document_id, prefix_id, dense;
};

struct NamedParameter {
  std::string name;    // of the Hugging Face class's state dict
  std::uint32_t kind;  // WELT_PARAMETER, WELT_BUFFER
  bool trainable, decay, optional_in_file;
  bool table;  // rows are looked up or added, not multiplied; false where a plugin does not say
  std::vector<std::int64_t> shape;
  std::string tied_to;  // the plugin's word for it; empty: none
  std::size_t same_as;  // number of the parameter whose tensor this is: its own, unless it is tied
  bool gets_gradient() const { return kind == WELT_PARAMETER && trainable; }
};

struct Vocabulary {
  std::string base_prefix, table_name, head_name, head_bias_name;
  std::int64_t width = 0, vocab_size = 0, padding_row = -1;
  double scale = 1, logit_softcap = 0, initializer_range = 0.02;
  bool tied = false, has_head_transform = false;
  std::int64_t first_position = 0;
};

// welt_image_encoder_info; sizes are in pixels.
struct ImageEncoderInfo {
  std::string base_prefix;
  std::int64_t width = 0, channels = 0;                // D of the pooled vector, C
  std::int64_t patch_height = 1, patch_width = 1;      // an image's height and width are multiples of these
  std::int64_t minimum_height = 1, minimum_width = 1;  // the smallest image
  bool ragged = false;                                 // masks padding: takes images of all sizes in one call
  bool has_pooler = false;                             // pooled is the class's pooler_output, else the tokens' mean
  double initializer_range = 0.02;
  double scale = 1.0 / 255;                         // of pixel values 0…255: (value · scale − mean) / deviation
  std::array<double, 4> mean = {}, deviation = {};  // per channel
};

using TraceCallback = std::function<void(std::string_view name, const at::Tensor& value)>;

// A KV cache of one component.
class Cache {
 public:
  std::vector<std::int64_t> lengths() const;
  std::int64_t bytes() const;
  void reorder(const std::vector<std::int64_t>& index);
  void truncate(const std::vector<std::int64_t>& lengths);
  Cache fork() const;
  welt_kv_cache* raw() const;

 private:
  friend class TensorComponent;
  struct Handle;
  explicit Cache(std::shared_ptr<Handle> handle) : handle_(std::move(handle)) {}
  std::shared_ptr<Handle> handle_;
};

// One component with tensors. Movable. [instance]
class TensorComponent {
 public:
  // `role`: the interface id it will be used under. `config`: a Hugging Face config (defaults are filled in).
  TensorComponent(const ComponentType& type, std::string_view role, const ConfigView& config, std::uint32_t init);
  TensorComponent(TensorComponent&&) noexcept;
  ~TensorComponent();

  const ComponentType& type() const;
  const Component& component() const;                  // for interfaces that have no function here
  const nlohmann::json& config() const;                // checked, with defaults
  std::int64_t width() const;                          // D; of an image encoder: of its pooled vector
  std::int64_t max_positions() const;                  // 0: unlimited
  bool has_vocabulary() const;                         // false: an image encoder
  const Vocabulary& vocabulary() const;                // throws Error without one
  const ImageEncoderInfo& image_encoder_info() const;  // throws Error unless its role is image encoder
  const std::string& base_prefix() const;              // of the body's names in a class with a head, without dot
  double initializer_range() const;                    // standard deviation of new weights

  // Parameters. tensors(): the parameter objects themselves, in the order of parameters().
  const std::vector<NamedParameter>& parameters() const;
  std::int64_t parameter_count() const;  // numbers in them, tied ones once, without buffers
  std::vector<at::Tensor> tensors() const;
  void bind(std::size_t index, const at::Tensor& tensor);
  // Floating tensors become `dtype`; all move to `device`.
  void to(at::Device device, at::ScalarType dtype);
  // Another one of the same type and configuration, whose tensors are as the plugin's initialiser leaves them.
  TensorComponent initialised() const;

  void set_training(bool training);
  void set_trace(TraceCallback callback);  // empty: off

  // What encode() and encode_images() give.
  struct Encoded {
    at::Tensor hidden, pooled;
  };
  // bytes encoder: hidden in the rows' layout; pooled only when asked for and the class has a pooler (else undefined).
  Encoded encode(const RowsView& rows, const AttentionView& attention, const at::Tensor& positions = {},
                 const at::Tensor& token_types = {}, bool want_pooled = false);
  // image encoder: pixels [N,C,Hpx,Wpx], floating and normalised (ImageEncoderInfo), padded right and below with
  // anything → pooled [N,D], and, when asked for, the tokens [N,T,D] or feature map [N,D,h,w] before pooling (undefined
  // where the class has neither). sizes: I64 [N,2] on the CPU, height and width of each image; undefined: all are Hpx ×
  // Wpx. An encoder that takes one size at a time gets its images in batches of one size: pooled is in the caller's
  // order all the same, a trace is told once per size, and hidden is refused for images of several sizes. N may be 0.
  Encoded encode_images(const at::Tensor& pixels, const at::Tensor& sizes = {}, bool want_hidden = false);
  // latent transformer or decoder
  at::Tensor forward(const RowsView& rows, const AttentionView& attention, const at::Tensor& positions = {},
                     Cache* cache = nullptr);
  at::Tensor head_transform(const at::Tensor& hidden);  // identity when the class has none
  Cache make_cache(std::int64_t batch, std::int64_t capacity, std::int64_t rollback = 0);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace welt
