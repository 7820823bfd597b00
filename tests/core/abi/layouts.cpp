// See layouts.h. The list is in the order of the headers' names.
#include "tests/core/abi/layouts.h"

#include <cxxabi.h>
#include <welt/abi/base.h>
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/config.h>
#include <welt/abi/config_schema.h>
#include <welt/abi/decoder.h>
#include <welt/abi/device.h>
#include <welt/abi/error.h>
#include <welt/abi/gradients.h>
#include <welt/abi/head.h>
#include <welt/abi/image_encoder.h>
#include <welt/abi/kv_cache.h>
#include <welt/abi/latent_transformer.h>
#include <welt/abi/log.h>
#include <welt/abi/mode.h>
#include <welt/abi/note.h>
#include <welt/abi/parameters.h>
#include <welt/abi/plugin.h>
#include <welt/abi/renderer.h>
#include <welt/abi/rows.h>
#include <welt/abi/segmenter.h>
#include <welt/abi/tensor.h>
#include <welt/abi/trace.h>
#include <welt/abi/vocabulary.h>
#include <welt/abi/words.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <typeinfo>

namespace welt::test {
namespace {

std::string readable(const char* mangled) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(abi::__cxa_demangle(mangled, nullptr, nullptr, &status),
                                                         std::free);
  return text ? text.get() : mangled;
}

#define MEMBER(type, member) \
  { #member, offsetof(type, member), sizeof(type::member), readable(typeid(decltype(type::member)).name()) }

}  // namespace

const std::vector<Layout>& layouts() {
  static const std::vector<Layout> all = {
      {"welt_string", sizeof(welt_string), {MEMBER(welt_string, data), MEMBER(welt_string, size)}},
      {"welt_string_list",
       sizeof(welt_string_list),
       {MEMBER(welt_string_list, items), MEMBER(welt_string_list, count)}},
      {"welt_gradients_v1",
       sizeof(welt_gradients_v1),
       {MEMBER(welt_gradients_v1, struct_size), MEMBER(welt_gradients_v1, reserved), MEMBER(welt_gradients_v1, kind)}},
      {"welt_head_v1",
       sizeof(welt_head_v1),
       {MEMBER(welt_head_v1, struct_size), MEMBER(welt_head_v1, reserved), MEMBER(welt_head_v1, logits)}},
      {"welt_image_encoder_info",
       sizeof(welt_image_encoder_info),
       {MEMBER(welt_image_encoder_info, struct_size), MEMBER(welt_image_encoder_info, reserved),
        MEMBER(welt_image_encoder_info, base_prefix), MEMBER(welt_image_encoder_info, width),
        MEMBER(welt_image_encoder_info, channels), MEMBER(welt_image_encoder_info, patch_height),
        MEMBER(welt_image_encoder_info, patch_width), MEMBER(welt_image_encoder_info, minimum_height),
        MEMBER(welt_image_encoder_info, minimum_width), MEMBER(welt_image_encoder_info, images),
        MEMBER(welt_image_encoder_info, has_pooler), MEMBER(welt_image_encoder_info, initializer_range),
        MEMBER(welt_image_encoder_info, scale), MEMBER(welt_image_encoder_info, mean),
        MEMBER(welt_image_encoder_info, deviation)}},
      {"welt_image_encoder_v1",
       sizeof(welt_image_encoder_v1),
       {MEMBER(welt_image_encoder_v1, struct_size), MEMBER(welt_image_encoder_v1, reserved),
        MEMBER(welt_image_encoder_v1, describe), MEMBER(welt_image_encoder_v1, encode)}},
      {"welt_renderer_glyph",
       sizeof(welt_renderer_glyph),
       {MEMBER(welt_renderer_glyph, font), MEMBER(welt_renderer_glyph, glyph), MEMBER(welt_renderer_glyph, x),
        MEMBER(welt_renderer_glyph, y)}},
      {"welt_renderer_v1",
       sizeof(welt_renderer_v1),
       {MEMBER(welt_renderer_v1, struct_size), MEMBER(welt_renderer_v1, reserved), MEMBER(welt_renderer_v1, block),
        MEMBER(welt_renderer_v1, make_state), MEMBER(welt_renderer_v1, release_state),
        MEMBER(welt_renderer_v1, measure), MEMBER(welt_renderer_v1, render), MEMBER(welt_renderer_v1, fingerprint),
        MEMBER(welt_renderer_v1, glyphs), MEMBER(welt_renderer_v1, font_name)}},
      {"welt_bytes_encoder_v1",
       sizeof(welt_bytes_encoder_v1),
       {MEMBER(welt_bytes_encoder_v1, struct_size), MEMBER(welt_bytes_encoder_v1, reserved),
        MEMBER(welt_bytes_encoder_v1, width), MEMBER(welt_bytes_encoder_v1, max_positions),
        MEMBER(welt_bytes_encoder_v1, encode)}},
      {"welt_value",
       sizeof(welt_value),
       {MEMBER(welt_value, struct_size), MEMBER(welt_value, reserved), MEMBER(welt_value, type),
        MEMBER(welt_value, reserved2), MEMBER(welt_value, count), MEMBER(welt_value, integer),
        MEMBER(welt_value, number), MEMBER(welt_value, string)}},
      {"welt_config",
       sizeof(welt_config),
       {MEMBER(welt_config, struct_size), MEMBER(welt_config, reserved), MEMBER(welt_config, self),
        MEMBER(welt_config, get), MEMBER(welt_config, count), MEMBER(welt_config, key)}},
      {"welt_config_key",
       sizeof(welt_config_key),
       {MEMBER(welt_config_key, struct_size), MEMBER(welt_config_key, reserved), MEMBER(welt_config_key, name),
        MEMBER(welt_config_key, type), MEMBER(welt_config_key, flags), MEMBER(welt_config_key, default_json),
        MEMBER(welt_config_key, minimum), MEMBER(welt_config_key, maximum), MEMBER(welt_config_key, choices),
        MEMBER(welt_config_key, help)}},
      {"welt_config_schema_v1",
       sizeof(welt_config_schema_v1),
       {MEMBER(welt_config_schema_v1, struct_size), MEMBER(welt_config_schema_v1, reserved),
        MEMBER(welt_config_schema_v1, keys), MEMBER(welt_config_schema_v1, count),
        MEMBER(welt_config_schema_v1, key_size), MEMBER(welt_config_schema_v1, reserved2)}},
      {"welt_decoder_v1",
       sizeof(welt_decoder_v1),
       {MEMBER(welt_decoder_v1, struct_size), MEMBER(welt_decoder_v1, reserved), MEMBER(welt_decoder_v1, width),
        MEMBER(welt_decoder_v1, max_positions), MEMBER(welt_decoder_v1, forward)}},
      {"welt_device_v1",
       sizeof(welt_device_v1),
       {MEMBER(welt_device_v1, struct_size), MEMBER(welt_device_v1, reserved), MEMBER(welt_device_v1, to)}},
      {"welt_error_service",
       sizeof(welt_error_service),
       {MEMBER(welt_error_service, struct_size), MEMBER(welt_error_service, reserved), MEMBER(welt_error_service, set),
        MEMBER(welt_error_service, get)}},
      {"welt_kv_cache_v1",
       sizeof(welt_kv_cache_v1),
       {MEMBER(welt_kv_cache_v1, struct_size), MEMBER(welt_kv_cache_v1, reserved), MEMBER(welt_kv_cache_v1, create),
        MEMBER(welt_kv_cache_v1, lengths), MEMBER(welt_kv_cache_v1, bytes), MEMBER(welt_kv_cache_v1, reorder),
        MEMBER(welt_kv_cache_v1, truncate), MEMBER(welt_kv_cache_v1, fork), MEMBER(welt_kv_cache_v1, release)}},
      {"welt_latent_transformer_v1",
       sizeof(welt_latent_transformer_v1),
       {MEMBER(welt_latent_transformer_v1, struct_size), MEMBER(welt_latent_transformer_v1, reserved),
        MEMBER(welt_latent_transformer_v1, width), MEMBER(welt_latent_transformer_v1, max_positions),
        MEMBER(welt_latent_transformer_v1, forward)}},
      {"welt_log_service",
       sizeof(welt_log_service),
       {MEMBER(welt_log_service, struct_size), MEMBER(welt_log_service, reserved), MEMBER(welt_log_service, enabled),
        MEMBER(welt_log_service, write)}},
      {"welt_mode_v1",
       sizeof(welt_mode_v1),
       {MEMBER(welt_mode_v1, struct_size), MEMBER(welt_mode_v1, reserved), MEMBER(welt_mode_v1, set),
        MEMBER(welt_mode_v1, checkpoint_every)}},
      {"welt_plugin_note",
       sizeof(welt_plugin_note),
       {MEMBER(welt_plugin_note, struct_size), MEMBER(welt_plugin_note, reserved), MEMBER(welt_plugin_note, abi_major),
        MEMBER(welt_plugin_note, abi_minor_min), MEMBER(welt_plugin_note, abi_minor_max),
        MEMBER(welt_plugin_note, kind), MEMBER(welt_plugin_note, libtorch_major),
        MEMBER(welt_plugin_note, libtorch_minor), MEMBER(welt_plugin_note, string_abi),
        MEMBER(welt_plugin_note, sanitizers), MEMBER(welt_plugin_note, id), MEMBER(welt_plugin_note, version),
        MEMBER(welt_plugin_note, sdk_version), MEMBER(welt_plugin_note, compiler)}},
      {"welt_parameter_info",
       sizeof(welt_parameter_info),
       {MEMBER(welt_parameter_info, struct_size), MEMBER(welt_parameter_info, reserved),
        MEMBER(welt_parameter_info, name), MEMBER(welt_parameter_info, kind), MEMBER(welt_parameter_info, trainable),
        MEMBER(welt_parameter_info, decay), MEMBER(welt_parameter_info, dtype), MEMBER(welt_parameter_info, shape),
        MEMBER(welt_parameter_info, dims), MEMBER(welt_parameter_info, tied_to),
        MEMBER(welt_parameter_info, optional_in_file), MEMBER(welt_parameter_info, reserved2),
        MEMBER(welt_parameter_info, table), MEMBER(welt_parameter_info, reserved3)}},
      {"welt_parameters_v1",
       sizeof(welt_parameters_v1),
       {MEMBER(welt_parameters_v1, struct_size), MEMBER(welt_parameters_v1, reserved),
        MEMBER(welt_parameters_v1, count), MEMBER(welt_parameters_v1, describe), MEMBER(welt_parameters_v1, get),
        MEMBER(welt_parameters_v1, bind), MEMBER(welt_parameters_v1, generation)}},
      {"welt_host",
       sizeof(welt_host),
       {MEMBER(welt_host, struct_size), MEMBER(welt_host, reserved), MEMBER(welt_host, abi_major),
        MEMBER(welt_host, abi_minor), MEMBER(welt_host, name), MEMBER(welt_host, version), MEMBER(welt_host, self),
        MEMBER(welt_host, get_service)}},
      {"welt_component_descriptor",
       sizeof(welt_component_descriptor),
       {MEMBER(welt_component_descriptor, struct_size), MEMBER(welt_component_descriptor, reserved),
        MEMBER(welt_component_descriptor, id), MEMBER(welt_component_descriptor, description),
        MEMBER(welt_component_descriptor, roles), MEMBER(welt_component_descriptor, hf_model_types),
        MEMBER(welt_component_descriptor, hf_architectures), MEMBER(welt_component_descriptor, default_pooling),
        MEMBER(welt_component_descriptor, flags)}},
      {"welt_component",
       sizeof(welt_component),
       {MEMBER(welt_component, struct_size), MEMBER(welt_component, reserved), MEMBER(welt_component, self),
        MEMBER(welt_component, get_interface), MEMBER(welt_component, destroy)}},
      {"welt_component_factory_v1",
       sizeof(welt_component_factory_v1),
       {MEMBER(welt_component_factory_v1, struct_size), MEMBER(welt_component_factory_v1, reserved),
        MEMBER(welt_component_factory_v1, count), MEMBER(welt_component_factory_v1, descriptor),
        MEMBER(welt_component_factory_v1, get_interface), MEMBER(welt_component_factory_v1, create)}},
      {"welt_plugin",
       sizeof(welt_plugin),
       {MEMBER(welt_plugin, struct_size), MEMBER(welt_plugin, reserved), MEMBER(welt_plugin, abi_major),
        MEMBER(welt_plugin, abi_minor), MEMBER(welt_plugin, id), MEMBER(welt_plugin, version),
        MEMBER(welt_plugin, description), MEMBER(welt_plugin, license), MEMBER(welt_plugin, get_factory)}},
      {"welt_rows",
       sizeof(welt_rows),
       {MEMBER(welt_rows, struct_size), MEMBER(welt_rows, reserved), MEMBER(welt_rows, embeds),
        MEMBER(welt_rows, row_offsets)}},
      {"welt_attention",
       sizeof(welt_attention),
       {MEMBER(welt_attention, struct_size), MEMBER(welt_attention, reserved), MEMBER(welt_attention, kind),
        MEMBER(welt_attention, reserved2), MEMBER(welt_attention, key_valid), MEMBER(welt_attention, document_id),
        MEMBER(welt_attention, prefix_id), MEMBER(welt_attention, dense)}},
      {"welt_segment_limits",
       sizeof(welt_segment_limits),
       {MEMBER(welt_segment_limits, struct_size), MEMBER(welt_segment_limits, reserved),
        MEMBER(welt_segment_limits, max_bytes), MEMBER(welt_segment_limits, max_characters),
        MEMBER(welt_segment_limits, max_lookahead)}},
      {"welt_segmenter_v1",
       sizeof(welt_segmenter_v1),
       {MEMBER(welt_segmenter_v1, struct_size), MEMBER(welt_segmenter_v1, reserved), MEMBER(welt_segmenter_v1, segment),
        MEMBER(welt_segmenter_v1, is_complete), MEMBER(welt_segmenter_v1, fingerprint),
        MEMBER(welt_segmenter_v1, engine_name), MEMBER(welt_segmenter_v1, encode)}},
      {"welt_tensor_service",
       sizeof(welt_tensor_service),
       {MEMBER(welt_tensor_service, struct_size), MEMBER(welt_tensor_service, reserved),
        MEMBER(welt_tensor_service, make), MEMBER(welt_tensor_service, clone_handle),
        MEMBER(welt_tensor_service, release), MEMBER(welt_tensor_service, shape), MEMBER(welt_tensor_service, dtype),
        MEMBER(welt_tensor_service, data), MEMBER(welt_tensor_service, to_dlpack),
        MEMBER(welt_tensor_service, from_dlpack)}},
      {"welt_trace_v1",
       sizeof(welt_trace_v1),
       {MEMBER(welt_trace_v1, struct_size), MEMBER(welt_trace_v1, reserved), MEMBER(welt_trace_v1, set)}},
      {"welt_vocabulary_info",
       sizeof(welt_vocabulary_info),
       {MEMBER(welt_vocabulary_info, struct_size), MEMBER(welt_vocabulary_info, reserved),
        MEMBER(welt_vocabulary_info, base_prefix), MEMBER(welt_vocabulary_info, table_name),
        MEMBER(welt_vocabulary_info, head_name), MEMBER(welt_vocabulary_info, head_bias_name),
        MEMBER(welt_vocabulary_info, width), MEMBER(welt_vocabulary_info, vocab_size),
        MEMBER(welt_vocabulary_info, scale), MEMBER(welt_vocabulary_info, logit_softcap),
        MEMBER(welt_vocabulary_info, tied), MEMBER(welt_vocabulary_info, reserved2),
        MEMBER(welt_vocabulary_info, padding_row), MEMBER(welt_vocabulary_info, initializer_range),
        MEMBER(welt_vocabulary_info, first_position)}},
      {"welt_vocabulary_v1",
       sizeof(welt_vocabulary_v1),
       {MEMBER(welt_vocabulary_v1, struct_size), MEMBER(welt_vocabulary_v1, reserved),
        MEMBER(welt_vocabulary_v1, describe), MEMBER(welt_vocabulary_v1, head_transform)}},
      {"welt_words_v1",
       sizeof(welt_words_v1),
       {MEMBER(welt_words_v1, struct_size), MEMBER(welt_words_v1, reserved), MEMBER(welt_words_v1, encode)}},
  };
  return all;
}

}  // namespace welt::test
