// See component.h.
#include "core/model/component.h"

#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/device.h>
#include <welt/abi/latent_transformer.h>
#include <welt/abi/mode.h>

#include <fmt/ranges.h>

#include <algorithm>
#include <exception>
#include <utility>
#include <welt/sdk/tensor_box.hpp>

#include "core/base/error.h"
#include "core/model/component_facts.h"
#include "core/model/row_buckets.h"
#include "core/model/tensor_io.h"
#include "core/model/tensor_service.h"
#include "core/plugin/strings.h"

namespace welt {
namespace {

// A borrowed handle on the stack; ref() is null for an undefined tensor.
struct Borrowed {
  explicit Borrowed(const at::Tensor& tensor) : box{tensor} {}
  const welt_tensor* ref() const { return box.value.defined() ? &box : nullptr; }
  welt_tensor box;
};

// welt_rows and welt_attention over a view's tensors, for the time of one call.
struct Arguments {
  Arguments(const RowsView& rows_view, const AttentionView& view)
      : embeds(rows_view.embeds),
        row_offsets(rows_view.row_offsets),
        key_valid(view.key_valid),
        document_id(view.document_id),
        prefix_id(view.prefix_id),
        dense(view.dense),
        rows{sizeof(welt_rows), 0, embeds.ref(), row_offsets.ref()},
        attention{sizeof(welt_attention), 0,          view.kind, 0, key_valid.ref(), document_id.ref(),
                  prefix_id.ref(),        dense.ref()} {}
  Arguments(const Arguments&) = delete;
  Borrowed embeds, row_offsets, key_valid, document_id, prefix_id, dense;
  welt_rows rows;
  welt_attention attention;
};

// What latent transformers and decoders have in common, whichever of the two tables a component offers.
struct CausalBody {
  std::int64_t (*width)(const welt_component*) = nullptr;
  std::int64_t (*max_positions)(const welt_component*) = nullptr;
  welt_status (*forward)(welt_component*, const welt_rows*, const welt_attention*, const welt_tensor*, welt_kv_cache*,
                         welt_tensor**, welt_error*) = nullptr;
};

// `role` itself when it is causal, else the first causal role the component has (its `forward` is null: none).
CausalBody causal_body(const Component& component, std::string_view role) {
  const auto* latent =
      static_cast<const welt_latent_transformer_v1*>(component.interface(WELT_LATENT_TRANSFORMER_INTERFACE));
  const auto* decoder = static_cast<const welt_decoder_v1*>(component.interface(WELT_DECODER_INTERFACE));
  if (latent != nullptr && (role != WELT_DECODER_INTERFACE || decoder == nullptr))
    return {latent->width, latent->max_positions, latent->forward};
  if (decoder != nullptr) return {decoder->width, decoder->max_positions, decoder->forward};
  return {};
}

// What a trace callback needs; its address is the user data that the plugin keeps.
struct Trace {
  TraceCallback callback;
  std::exception_ptr failure;  // thrown by the callback: kept until the call is over, nothing is thrown through C

  static void call(void* self, welt_string name, const welt_tensor* value) noexcept {
    auto& trace = *static_cast<Trace*>(self);
    try {
      if (trace.callback && !trace.failure) trace.callback(view_of(name), value->value);
    } catch (...) {
      trace.failure = std::current_exception();
    }
  }
  void rethrow() {
    if (failure) std::rethrow_exception(std::exchange(failure, nullptr));
  }
};

// While it lives, values traced block by block are gathered instead of told; then tell() tells each once, joined.
class GatheredTrace {
 public:
  explicit GatheredTrace(Trace& trace) : trace_(trace), told_(std::exchange(trace.callback, nullptr)) {
    if (!told_) return;
    trace_.callback = [this](std::string_view name, const at::Tensor& value) {
      const auto same = [&](const auto& known) { return known.first == name; };
      auto found = std::ranges::find_if(values_, same);
      if (found == values_.end()) found = values_.emplace(found, name, std::vector<at::Tensor>());
      found->second.push_back(value);
    };
  }
  GatheredTrace(const GatheredTrace&) = delete;
  ~GatheredTrace() { trace_.callback = std::move(told_); }
  void tell(const RowBuckets& buckets) const {
    for (const auto& [name, blocks] : values_) told_(name, buckets.join_tokens(blocks));
  }

 private:
  Trace& trace_;
  TraceCallback told_;
  std::vector<std::pair<std::string, std::vector<at::Tensor>>> values_;
};

}  // namespace

struct TorchComponent::State {
  State(const ComponentType& type, std::string_view role_id, const ConfigView& view, std::uint32_t init)
      : component(std::make_shared<Component>(type, view, init)), config(view.json()), role(role_id) {}
  std::shared_ptr<Component> component;  // shared with caches, which must not outlive it
  nlohmann::json config;
  std::string role;
  const welt_bytes_encoder_v1* encoder = nullptr;
  CausalBody causal;
  const welt_parameters_v1* parameters = nullptr;
  const welt_vocabulary_v1* vocabulary_table = nullptr;
  Vocabulary vocabulary;
  std::vector<NamedParameter> names;
  Trace trace;

  welt_component* raw() const { return component->raw(); }
  std::string what(std::string_view action) const { return fmt::format("plugin {}: {}", component->type().id, action); }

  bool takes(const RowsView& rows) const {
    return !rows.row_offsets.defined() || (component->type().flags & WELT_COMPONENT_PACKED) != 0;
  }
  // Packed rows as blocks of equal length: `call` runs one of them as dense rows.
  using DenseCall = std::function<Encoded(const RowsView&, const AttentionView&, const at::Tensor& positions,
                                          const at::Tensor& token_types)>;
  Encoded in_blocks(const RowsView& rows, const AttentionView& attention, const at::Tensor& positions,
                    const at::Tensor& token_types, const Cache* cache, std::int64_t width, const DenseCall& call);
};

TorchComponent::Encoded TorchComponent::State::in_blocks(const RowsView& rows, const AttentionView& attention,
                                                         const at::Tensor& positions, const at::Tensor& token_types,
                                                         const Cache* cache, std::int64_t width,
                                                         const DenseCall& call) {
  const std::string where = what("packed rows");
  if (!rows.embeds.defined() || rows.embeds.dim() != 2)
    fail({.where = where + ": embeds",
          .found = rows.embeds.defined() ? shape_text(rows.embeds.sizes()) : "null",
          .expected = "[tokens, E]"});
  const RowBuckets buckets(rows.row_offsets, rows.embeds.size(0), where);
  if (attention.dense.defined())
    fail({.where = where, .found = "a dense mask", .expected = "none", .mend = "Hand the rows over dense"});
  if (cache != nullptr && (attention.key_valid.defined() || !buckets.one_block()))
    fail({.where = where,
          .found =
              "a cache with " + std::string(attention.key_valid.defined() ? "key_valid" : "rows of several lengths"),
          .expected = "rows of one length and no key_valid: this component takes dense rows only, and a dense call "
                      "appends as many slots to every row",
          .mend = "Make a call for each length, each with a cache of its own"});
  const auto embeds = buckets.split(rows.embeds, "embeds"), valid = buckets.split(attention.key_valid, "key_valid"),
             document = buckets.split(attention.document_id, "document_id"),
             prefix = buckets.split(attention.prefix_id, "prefix_id"), place = buckets.split(positions, "positions"),
             types = buckets.split(token_types, "token_types");
  if (buckets.count() == 0) return {rows.embeds.new_empty({0, width}), {}};
  GatheredTrace gathered(trace);
  std::vector<at::Tensor> hidden, pooled;
  for (std::size_t i = 0; i < buckets.count(); ++i) {
    const AttentionView view{attention.kind, valid[i], document[i], prefix[i], {}};
    Encoded block = call({embeds[i], {}}, view, place[i], types[i]);
    hidden.push_back(std::move(block.hidden));
    if (block.pooled.defined()) pooled.push_back(std::move(block.pooled));
  }
  gathered.tell(buckets);
  return {buckets.join_tokens(hidden), pooled.empty() ? at::Tensor() : buckets.join_rows(pooled)};
}

struct Cache::Handle {
  std::shared_ptr<Component> component;
  const welt_kv_cache_v1* table = nullptr;
  welt_kv_cache* cache = nullptr;
  Handle(std::shared_ptr<Component> owner, const welt_kv_cache_v1* functions)
      : component(std::move(owner)), table(functions) {}
  Handle(const Handle&) = delete;
  ~Handle() { table->release(component->raw(), cache); }
};

welt_kv_cache* Cache::raw() const { return handle_->cache; }

std::vector<std::int64_t> Cache::lengths() const {
  const std::int64_t rows = handle_->table->lengths(handle_->component->raw(), raw(), nullptr, 0);
  std::vector<std::int64_t> result(static_cast<std::size_t>(std::max<std::int64_t>(rows, 0)));
  handle_->table->lengths(handle_->component->raw(), raw(), result.data(), rows);
  return result;
}

std::int64_t Cache::bytes() const { return handle_->table->bytes(handle_->component->raw(), raw()); }

void Cache::reorder(const std::vector<std::int64_t>& index) {
  CallError error;
  error.check(handle_->table->reorder(handle_->component->raw(), raw(), index.data(),
                                      static_cast<std::int64_t>(index.size()), error.raw()),
              "reordering the rows of a cache");
}

void Cache::truncate(const std::vector<std::int64_t>& lengths) {
  CallError error;
  error.check(handle_->table->truncate(handle_->component->raw(), raw(), lengths.data(),
                                       static_cast<std::int64_t>(lengths.size()), error.raw()),
              "shortening a cache");
}

Cache Cache::fork() const {
  auto copy = std::make_shared<Handle>(handle_->component, handle_->table);
  CallError error;
  error.check(handle_->table->fork(handle_->component->raw(), raw(), &copy->cache, error.raw()), "copying a cache");
  return Cache(std::move(copy));
}

TorchComponent::TorchComponent(const ComponentType& type, std::string_view role, const ConfigView& config,
                               std::uint32_t init) {
  register_tensor_service();
  if (!type.has_role(role))
    fail({.where = fmt::format("plugin {}", type.id),
          .found = fmt::format("it was asked to be a {}", role),
          .expected = fmt::format("one of its roles: {}", fmt::join(type.roles, ", "))});
  state_ = std::make_unique<State>(type, role, config, init);
  const Component& component = *state_->component;
  state_->encoder = static_cast<const welt_bytes_encoder_v1*>(component.interface(WELT_BYTES_ENCODER_INTERFACE));
  state_->causal = causal_body(component, role);
  if (role == WELT_BYTES_ENCODER_INTERFACE ? state_->encoder == nullptr : state_->causal.forward == nullptr)
    component.require<welt_bytes_encoder_v1>(role);  // throws, naming plugin and interface
  state_->parameters = &component.require<welt_parameters_v1>(WELT_PARAMETERS_INTERFACE);
  state_->vocabulary_table = &component.require<welt_vocabulary_v1>(WELT_VOCABULARY_INTERFACE);
  state_->vocabulary = read_vocabulary(component, *state_->vocabulary_table);
  state_->names = read_parameters(component, *state_->parameters);
}

TorchComponent::TorchComponent(TorchComponent&&) noexcept = default;
TorchComponent::~TorchComponent() = default;

const ComponentType& TorchComponent::type() const { return state_->component->type(); }
const nlohmann::json& TorchComponent::config() const { return state_->config; }
const Vocabulary& TorchComponent::vocabulary() const { return state_->vocabulary; }
const std::vector<NamedParameter>& TorchComponent::parameters() const { return state_->names; }

std::int64_t TorchComponent::width() const {
  return state_->role == WELT_BYTES_ENCODER_INTERFACE ? state_->encoder->width(state_->raw())
                                                      : state_->causal.width(state_->raw());
}

std::int64_t TorchComponent::max_positions() const {
  return state_->role == WELT_BYTES_ENCODER_INTERFACE ? state_->encoder->max_positions(state_->raw())
                                                      : state_->causal.max_positions(state_->raw());
}

std::vector<at::Tensor> TorchComponent::tensors() const {
  std::vector<at::Tensor> result;
  result.reserve(state_->names.size());
  for (std::size_t i = 0; i < state_->names.size(); ++i) {
    CallError error;
    welt_tensor* handle = nullptr;
    error.check(state_->parameters->get(state_->raw(), i, &handle, error.raw()),
                state_->what("getting parameter " + state_->names[i].name));
    result.push_back(take_tensor(handle));
  }
  return result;
}

void TorchComponent::bind(std::size_t index, const at::Tensor& tensor) {
  CallError error;
  const Borrowed borrowed(tensor);
  error.check(state_->parameters->bind(state_->raw(), index, borrowed.ref(), error.raw()),
              state_->what("installing parameter " + state_->names.at(index).name));
}

void TorchComponent::to(at::ScalarType dtype) {
  const auto& device = state_->component->require<welt_device_v1>(WELT_DEVICE_INTERFACE);
  CallError error;
  error.check(device.to(state_->raw(), string_of("cpu"), abi_dtype(dtype), error.raw()),
              state_->what(fmt::format("converting it to {}", c10::toString(dtype))));
}

void TorchComponent::set_training(bool training) {
  const auto* mode = static_cast<const welt_mode_v1*>(state_->component->interface(WELT_MODE_INTERFACE));
  if (mode == nullptr) return;  // both modes are the same then
  CallError error;
  error.check(mode->set(state_->raw(), training ? WELT_MODE_TRAINING : WELT_MODE_EVALUATION, error.raw()),
              state_->what("switching its mode"));
}

void TorchComponent::set_trace(TraceCallback callback) {
  const auto& trace = state_->component->require<welt_trace_v1>(WELT_TRACE_INTERFACE);
  state_->trace.callback = std::move(callback);
  CallError error;
  error.check(trace.set(state_->raw(), state_->trace.callback ? &Trace::call : nullptr, &state_->trace, error.raw()),
              state_->what("switching its trace"));
}

TorchComponent::Encoded TorchComponent::encode(const RowsView& rows, const AttentionView& attention,
                                               const at::Tensor& positions, const at::Tensor& token_types,
                                               bool want_pooled) {
  if (state_->encoder == nullptr) state_->component->require<welt_bytes_encoder_v1>(WELT_BYTES_ENCODER_INTERFACE);
  if (!state_->takes(rows))
    return state_->in_blocks(rows, attention, positions, token_types, nullptr, width(),
                             [&](const RowsView& block, const AttentionView& view, const at::Tensor& place,
                                 const at::Tensor& types) { return encode(block, view, place, types, want_pooled); });
  const Arguments arguments(rows, attention);
  const Borrowed where(positions), types(token_types);
  CallError error;
  welt_tensor *hidden = nullptr, *pooled = nullptr;
  const welt_status status =
      state_->encoder->encode(state_->raw(), &arguments.rows, &arguments.attention, where.ref(), types.ref(), &hidden,
                              want_pooled ? &pooled : nullptr, error.raw());
  Encoded encoded{take_tensor(hidden), take_tensor(pooled)};  // owned before anything throws
  state_->trace.rethrow();
  error.check(status, state_->what("encoding"));
  return encoded;
}

at::Tensor TorchComponent::forward(const RowsView& rows, const AttentionView& attention, const at::Tensor& positions,
                                   Cache* cache) {
  if (state_->causal.forward == nullptr)
    state_->component->require<welt_decoder_v1>(WELT_DECODER_INTERFACE);  // throws, naming plugin and interface
  if (!state_->takes(rows))
    return state_
        ->in_blocks(rows, attention, positions, {}, cache, width(),
                    [&](const RowsView& block, const AttentionView& view, const at::Tensor& place, const at::Tensor&) {
                      return Encoded{forward(block, view, place, cache), {}};
                    })
        .hidden;
  const Arguments arguments(rows, attention);
  const Borrowed where(positions);
  CallError error;
  welt_tensor* hidden = nullptr;
  const welt_status status = state_->causal.forward(state_->raw(), &arguments.rows, &arguments.attention, where.ref(),
                                                    cache == nullptr ? nullptr : cache->raw(), &hidden, error.raw());
  at::Tensor result = take_tensor(hidden);  // owned before anything throws
  state_->trace.rethrow();
  error.check(status, state_->what("forward"));
  return result;
}

at::Tensor TorchComponent::head_transform(const at::Tensor& hidden) {
  if (!state_->vocabulary.has_head_transform) return hidden;
  const Borrowed input(hidden);
  CallError error;
  welt_tensor* out = nullptr;
  error.check(state_->vocabulary_table->head_transform(state_->raw(), input.ref(), &out, error.raw()),
              state_->what("the transform before its head"));
  return take_tensor(out);
}

Cache TorchComponent::make_cache(std::int64_t batch, std::int64_t capacity, std::int64_t rollback) {
  const auto& table = state_->component->require<welt_kv_cache_v1>(WELT_KV_CACHE_INTERFACE);
  auto handle = std::make_shared<Cache::Handle>(state_->component, &table);
  CallError error;
  error.check(table.create(state_->raw(), batch, capacity, rollback, &handle->cache, error.raw()),
              state_->what("making a cache"));
  return Cache(std::move(handle));
}

}  // namespace welt
