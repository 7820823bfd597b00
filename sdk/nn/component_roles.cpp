// The role tables: bytes encoder, latent transformer, decoder, and the vocabulary that goes with them.
#include <welt/abi/vocabulary.h>

#include "body_component.h"

namespace welt::sdk::detail {
namespace {

std::int64_t width(const welt_component* component) {
  std::int64_t out = 0;
  torch_fence(nullptr, "width", [&] { out = component_of(component).model().width(); });
  return out;
}
std::int64_t max_positions(const welt_component* component) {
  std::int64_t out = 0;
  torch_fence(nullptr, "max_positions", [&] {
    const ModelComponent& self = component_of(component);
    const std::int64_t limit = self.model().max_positions();
    out = limit == 0 ? 0 : limit - self.vocabulary().first_position;
  });
  return out;
}

nn::RowInput read_rows(const welt_rows* rows, const welt_attention* attention, const welt_tensor* positions) {
  if (rows == nullptr || attention == nullptr) throw invalid("rows or attention is null");
  if (!WELT_HAS(rows, row_offsets) || !WELT_HAS(attention, dense)) {
    throw invalid("rows have " + std::to_string(rows->struct_size) + " bytes and attention has " +
                  std::to_string(attention->struct_size) + "; expected at least " + std::to_string(sizeof(welt_rows)) +
                  " and " + std::to_string(sizeof(welt_attention)));
  }
  if (attention->kind != WELT_ATTENTION_CAUSAL && attention->kind != WELT_ATTENTION_FULL) {
    throw invalid("attention.kind is " + std::to_string(attention->kind) +
                  "; expected WELT_ATTENTION_CAUSAL or WELT_ATTENTION_FULL");
  }
  return {.embeds = value_or_none(rows->embeds),
          .row_offsets = value_or_none(rows->row_offsets),
          .causal = attention->kind == WELT_ATTENTION_CAUSAL,
          .key_valid = value_or_none(attention->key_valid),
          .document_id = value_or_none(attention->document_id),
          .prefix_id = value_or_none(attention->prefix_id),
          .dense = value_or_none(attention->dense),
          .positions = value_or_none(positions)};
}

welt_status encode(welt_component* component, const welt_rows* rows, const welt_attention* attention,
                   const welt_tensor* positions, const welt_tensor* token_types, welt_tensor** hidden,
                   welt_tensor** pooled, welt_error* error) {
  return torch_fence(error, "encode", [&] {
    place(hidden);
    nn::RowInput input = read_rows(rows, attention, positions);
    input.token_types = value_or_none(token_types);
    at::Tensor pooled_value;
    const at::Tensor out = component_of(component).run(input, pooled == nullptr ? nullptr : &pooled_value);
    std::unique_ptr<welt_tensor> box(give(out));
    if (pooled != nullptr) *pooled = pooled_value.defined() ? give(pooled_value) : nullptr;
    *hidden = box.release();
  });
}

welt_status forward(welt_component* component, const welt_rows* rows, const welt_attention* attention,
                    const welt_tensor* positions, welt_kv_cache* cache, welt_tensor** hidden, welt_error* error) {
  return torch_fence(error, "forward", [&] {
    place(hidden);
    const ModelComponent& self = component_of(component);
    nn::RowInput input = read_rows(rows, attention, positions);
    if (cache != nullptr) input.cache = &cache_of(self, cache);
    *hidden = give(self.run(input, nullptr));
  });
}

welt_status describe(const welt_component* component, welt_vocabulary_info* out, welt_error* error) {
  return torch_fence(error, "vocabulary", [&] {
    const nn::VocabularyFacts& facts = component_of(component).vocabulary();
    welt_vocabulary_info info{};
    info.base_prefix = to_abi(facts.base_prefix);
    info.table_name = to_abi(facts.table_name);
    info.head_name = to_abi(facts.head_name);
    info.head_bias_name = to_abi(facts.head_bias_name);
    info.width = facts.width;
    info.vocab_size = facts.vocab_size;
    info.scale = facts.scale;
    info.logit_softcap = facts.logit_softcap;
    info.tied = facts.tied ? 1 : 0;
    info.padding_row = facts.padding_row + 1;
    info.initializer_range = facts.initializer_range;
    info.first_position = facts.first_position;
    write_struct(info, out);
  });
}

welt_status head_transform(welt_component* component, const welt_tensor* hidden, welt_tensor** out, welt_error* error) {
  return torch_fence(error, "head_transform", [&] {
    if (hidden == nullptr) throw invalid("hidden is null");
    welt_tensor*& result = place(out);
    result = give(component_of(component).model().head_transform(hidden->value));
  });
}

constexpr welt_bytes_encoder_v1 encoder_table = {
    .struct_size = sizeof(encoder_table), .width = width, .max_positions = max_positions, .encode = encode};
constexpr welt_latent_transformer_v1 latent_table = {
    .struct_size = sizeof(latent_table), .width = width, .max_positions = max_positions, .forward = forward};
constexpr welt_decoder_v1 decoder_table = {
    .struct_size = sizeof(decoder_table), .width = width, .max_positions = max_positions, .forward = forward};

}  // namespace

const void* role_table(const ModelComponent&, std::string_view id) {
  if (id == WELT_BYTES_ENCODER_INTERFACE) return &encoder_table;
  if (id == WELT_LATENT_TRANSFORMER_INTERFACE) return &latent_table;
  if (id == WELT_DECODER_INTERFACE) return &decoder_table;
  return nullptr;
}

const void* vocabulary_table(const ModelComponent& component) {
  static constexpr welt_vocabulary_v1 plain = {.struct_size = sizeof(welt_vocabulary_v1), .describe = describe};
  static constexpr welt_vocabulary_v1 transforming = {
      .struct_size = sizeof(welt_vocabulary_v1), .describe = describe, .head_transform = head_transform};
  return component.vocabulary().has_head_transform ? &transforming : &plain;
}

}  // namespace welt::sdk::detail
