// See interface_tables.h. A new interface of core/abi is one array and one line of `known` here.
#include "core/plugin/interface_tables.h"

#include <fmt/format.h>
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/config_schema.h>
#include <welt/abi/decoder.h>
#include <welt/abi/device.h>
#include <welt/abi/gradients.h>
#include <welt/abi/head.h>
#include <welt/abi/image_encoder.h>
#include <welt/abi/kv_cache.h>
#include <welt/abi/latent_transformer.h>
#include <welt/abi/mode.h>
#include <welt/abi/parameters.h>
#include <welt/abi/renderer.h>
#include <welt/abi/segmenter.h>
#include <welt/abi/trace.h>
#include <welt/abi/vocabulary.h>
#include <welt/abi/words.h>

#include <algorithm>
#include <cstring>

namespace welt {
namespace {

#define WELT_SLOT(type, member) \
  { #member, offsetof(type, member), false }
#define WELT_OPTIONAL_SLOT(type, member) \
  { #member, offsetof(type, member), true }

constexpr TableSlot factory[] = {
    WELT_SLOT(welt_component_factory_v1, count), WELT_SLOT(welt_component_factory_v1, descriptor),
    WELT_OPTIONAL_SLOT(welt_component_factory_v1, get_interface), WELT_SLOT(welt_component_factory_v1, create)};
constexpr TableSlot segmenter[] = {WELT_SLOT(welt_segmenter_v1, segment), WELT_SLOT(welt_segmenter_v1, is_complete)};
constexpr TableSlot renderer[] = {WELT_SLOT(welt_renderer_v1, block),         WELT_SLOT(welt_renderer_v1, make_state),
                                  WELT_SLOT(welt_renderer_v1, release_state), WELT_SLOT(welt_renderer_v1, measure),
                                  WELT_SLOT(welt_renderer_v1, render),        WELT_SLOT(welt_renderer_v1, fingerprint)};
constexpr TableSlot bytes_encoder[] = {WELT_SLOT(welt_bytes_encoder_v1, width),
                                       WELT_SLOT(welt_bytes_encoder_v1, max_positions),
                                       WELT_SLOT(welt_bytes_encoder_v1, encode)};
constexpr TableSlot image_encoder[] = {WELT_SLOT(welt_image_encoder_v1, describe),
                                       WELT_SLOT(welt_image_encoder_v1, encode)};
constexpr TableSlot latent[] = {WELT_SLOT(welt_latent_transformer_v1, width),
                                WELT_SLOT(welt_latent_transformer_v1, max_positions),
                                WELT_SLOT(welt_latent_transformer_v1, forward)};
constexpr TableSlot decoder[] = {WELT_SLOT(welt_decoder_v1, width), WELT_SLOT(welt_decoder_v1, max_positions),
                                 WELT_SLOT(welt_decoder_v1, forward)};
constexpr TableSlot vocabulary[] = {WELT_SLOT(welt_vocabulary_v1, describe),
                                    WELT_OPTIONAL_SLOT(welt_vocabulary_v1, head_transform)};
constexpr TableSlot head[] = {WELT_SLOT(welt_head_v1, logits)};
constexpr TableSlot gradients[] = {WELT_SLOT(welt_gradients_v1, kind)};
constexpr TableSlot words[] = {WELT_OPTIONAL_SLOT(welt_words_v1, encode)};
constexpr TableSlot parameters[] = {WELT_SLOT(welt_parameters_v1, count), WELT_SLOT(welt_parameters_v1, describe),
                                    WELT_SLOT(welt_parameters_v1, get), WELT_SLOT(welt_parameters_v1, bind),
                                    WELT_SLOT(welt_parameters_v1, generation)};
constexpr TableSlot kv_cache[] = {WELT_SLOT(welt_kv_cache_v1, create),   WELT_SLOT(welt_kv_cache_v1, lengths),
                                  WELT_SLOT(welt_kv_cache_v1, bytes),    WELT_SLOT(welt_kv_cache_v1, reorder),
                                  WELT_SLOT(welt_kv_cache_v1, truncate), WELT_SLOT(welt_kv_cache_v1, fork),
                                  WELT_SLOT(welt_kv_cache_v1, release)};
constexpr TableSlot mode[] = {WELT_SLOT(welt_mode_v1, set), WELT_OPTIONAL_SLOT(welt_mode_v1, checkpoint_every)};
constexpr TableSlot trace[] = {WELT_SLOT(welt_trace_v1, set)};
constexpr TableSlot device[] = {WELT_SLOT(welt_device_v1, to)};

struct Known {
  const char* id;
  std::span<const TableSlot> slots;
};
constexpr Known known[] = {{WELT_COMPONENT_FACTORY, factory},
                           {WELT_SEGMENTER_INTERFACE, segmenter},
                           {WELT_RENDERER_INTERFACE, renderer},
                           {WELT_BYTES_ENCODER_INTERFACE, bytes_encoder},
                           {WELT_IMAGE_ENCODER_INTERFACE, image_encoder},
                           {WELT_LATENT_TRANSFORMER_INTERFACE, latent},
                           {WELT_DECODER_INTERFACE, decoder},
                           {WELT_VOCABULARY_INTERFACE, vocabulary},
                           {WELT_HEAD_INTERFACE, head},
                           {WELT_GRADIENTS_INTERFACE, gradients},
                           {WELT_WORDS_INTERFACE, words},
                           {WELT_PARAMETERS_INTERFACE, parameters},
                           {WELT_KV_CACHE_INTERFACE, kv_cache},
                           {WELT_MODE_INTERFACE, mode},
                           {WELT_TRACE_INTERFACE, trace},
                           {WELT_DEVICE_INTERFACE, device}};

}  // namespace

std::span<const TableSlot> table_slots(std::string_view id) {
  const auto found = std::ranges::find_if(known, [&](const Known& entry) { return id == entry.id; });
  return found == std::end(known) ? std::span<const TableSlot>() : found->slots;
}

std::string table_fault(std::string_view id, const void* table) {
  std::uint32_t size = 0;
  std::memcpy(&size, table, sizeof size);
  const auto slots = table_slots(id);
  // Whatever an unknown table is, it begins with its size and has a function behind the first two members.
  constexpr std::uint32_t least = 2 * sizeof(std::uint32_t) + sizeof(void (*)());
  if (slots.empty() && size < least) return fmt::format("it has {} bytes, less than any table", size);
  for (const TableSlot& slot : slots) {
    if (slot.optional) continue;
    if (size < slot.offset + sizeof(void*)) return fmt::format("it has {} bytes, which end before {}", size, slot.name);
    void (*function)() = nullptr;
    std::memcpy(&function, static_cast<const char*>(table) + slot.offset, sizeof function);
    if (function == nullptr) return fmt::format("its {} is null", slot.name);
  }
  return {};
}

}  // namespace welt
