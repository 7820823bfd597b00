// The calls of component.h that take rows: encode, forward, head_transform. Packed rows for a component that has dense
// ones only go in blocks of equal length.
#include <algorithm>

#include "core/base/error.h"
#include "core/tensor/row_buckets.h"
#include "core/tensor/tensor_component_state.h"
#include "core/tensor/tensor_io.h"
#include "core/tensor/tensor_service.h"

namespace welt {
namespace {

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

// A plugin that says it succeeded, and gave nothing or another shape than the rows', is not believed.
void check_hidden(const at::Tensor& hidden, const RowsView& rows, std::int64_t width, const std::string& where) {
  std::vector<std::int64_t> expected = rows.embeds.sizes().vec();
  expected.back() = width;
  if (hidden.defined() && hidden.sizes() == at::IntArrayRef(expected)) return;
  fail({.where = where,
        .found = hidden.defined() ? "hidden states of shape " + shape_text(hidden.sizes()) : "no hidden states",
        .expected = shape_text(expected),
        .mend = "Tell the plugin's author"},
       ErrorCode::internal);
}

// While it lives, values traced block by block are gathered instead of told; then tell() tells each once, joined.
class GatheredTrace {
 public:
  explicit GatheredTrace(ComponentTrace& trace) : trace_(trace), told_(std::exchange(trace.callback, nullptr)) {
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
  ComponentTrace& trace_;
  TraceCallback told_;
  std::vector<std::pair<std::string, std::vector<at::Tensor>>> values_;
};

}  // namespace

TensorComponent::Encoded TensorComponent::State::in_blocks(const RowsView& rows, const AttentionView& attention,
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

TensorComponent::Encoded TensorComponent::encode(const RowsView& rows, const AttentionView& attention,
                                                 const at::Tensor& positions, const at::Tensor& token_types,
                                                 bool want_pooled) {
  if (state_->encoder == nullptr) state_->lacks(WELT_BYTES_ENCODER_INTERFACE);
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
  check_hidden(encoded.hidden, rows, width(), state_->what("encoding"));
  return encoded;
}

at::Tensor TensorComponent::forward(const RowsView& rows, const AttentionView& attention, const at::Tensor& positions,
                                    Cache* cache) {
  if (state_->causal.forward == nullptr) state_->lacks("welt.latent_transformer/1 or welt.decoder/1");
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
  check_hidden(result, rows, width(), state_->what("forward"));
  return result;
}

at::Tensor TensorComponent::head_transform(const at::Tensor& hidden) {
  if (!state_->vocabulary.has_head_transform) return hidden;
  const Borrowed input(hidden);
  CallError error;
  welt_tensor* out = nullptr;
  const welt_status status = state_->vocabulary_table->head_transform(state_->raw(), input.ref(), &out, error.raw());
  at::Tensor result = take_tensor(out);  // owned before anything throws
  if (status == WELT_UNIMPLEMENTED) return hidden;
  error.check(status, state_->what("the transform before its head"));
  if (!result.defined())
    fail({.where = state_->what("the transform before its head"),
          .found = "it succeeded and gave nothing",
          .expected = "[.., E]",
          .mend = "Tell the plugin's author"},
         ErrorCode::internal);
  return result;
}

}  // namespace welt
