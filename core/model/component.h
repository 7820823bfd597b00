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
  std::string name;           // of the Hugging Face class's state dict
  std::uint32_t kind;         // WELT_PARAMETER, WELT_BUFFER
  bool trainable, decay, optional_in_file;
  std::vector<std::int64_t> shape;
  std::string tied_to;
};

struct Vocabulary {
  std::string base_prefix, table_name, head_name, head_bias_name;
  std::int64_t width = 0, vocab_size = 0, padding_row = -1;
  double scale = 1, logit_softcap = 0, initializer_range = 0.02;
  bool tied = false, has_head_transform = false;
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
  friend class TorchComponent;
  struct Handle;
  explicit Cache(std::shared_ptr<Handle> handle) : handle_(std::move(handle)) {}
  std::shared_ptr<Handle> handle_;
};

// One component with tensors. Movable. [instance]
class TorchComponent {
 public:
  // `role`: the interface id it will be used under. `config`: a Hugging Face config (defaults are filled in).
  TorchComponent(const ComponentType& type, std::string_view role, const ConfigView& config, std::uint32_t init);
  TorchComponent(TorchComponent&&) noexcept;
  ~TorchComponent();

  const ComponentType& type() const;
  const nlohmann::json& config() const;                 // checked, with defaults
  std::int64_t width() const;                           // D
  std::int64_t max_positions() const;                   // 0: unlimited
  const Vocabulary& vocabulary() const;

  // Parameters. tensors(): the parameter objects themselves, in the order of parameters().
  const std::vector<NamedParameter>& parameters() const;
  std::vector<at::Tensor> tensors() const;
  void bind(std::size_t index, const at::Tensor& tensor);
  void to(at::ScalarType dtype);

  void set_training(bool training);
  void set_trace(TraceCallback callback);               // empty: off

  // bytes encoder: hidden in the rows' layout; pooled only when asked for and the class has a pooler (else undefined).
  struct Encoded {
    at::Tensor hidden, pooled;
  };
  Encoded encode(const RowsView& rows, const AttentionView& attention, const at::Tensor& positions = {},
                 const at::Tensor& token_types = {}, bool want_pooled = false);
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
