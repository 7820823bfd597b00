// See config_keys.h.
#include "core/huggingface/config_keys.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/plugin/schema.h"

namespace welt {
namespace {

using Json = nlohmann::json;

// Fields of transformers' PretrainedConfig (4.57) that say nothing about a model's outputs.
const std::set<std::string_view>& harmless_keys() {
  static const std::set<std::string_view> keys{
      "_name_or_path", "name_or_path", "architectures", "auto_map", "model_type", "transformers_version", "dtype",
      "torch_dtype", "tokenizer_class", "processor_class", "task_specific_params", "finetuning_task", "prefix",
      "return_dict", "return_dict_in_generate", "output_attentions", "output_hidden_states", "output_scores",
      "torchscript", "use_bfloat16", "use_cache", "tf_legacy_loss", "gradient_checkpointing", "_attn_implementation",
      "_attn_implementation_autoset", "attn_implementation", "attn_implementation_internal", "reference_compile",
      // classes of a head that is not built
      "id2label", "label2id", "num_labels", "problem_type", "classifier_dropout", "classifier_activation",
      "classifier_bias", "classifier_pooling", "summary_activation", "summary_first_dropout", "summary_proj_to_labels",
      "summary_type", "summary_use_proj",
      // special tokens
      "bos_token_id", "eos_token_id", "pad_token_id", "sep_token_id", "cls_token_id", "mask_token_id",
      "decoder_start_token_id", "forced_bos_token_id", "forced_eos_token_id", "vocab_size",
      // generation
      "max_length", "min_length", "max_new_tokens", "do_sample", "early_stopping", "num_beams", "num_beam_groups",
      "diversity_penalty", "temperature", "top_k", "top_p", "typical_p", "repetition_penalty", "length_penalty",
      "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids", "num_return_sequences",
      "remove_invalid_values", "exponential_decay_length_penalty", "suppress_tokens", "begin_suppress_tokens",
      "cache_implementation",
      // training elsewhere
      "initializer_range", "initializer_factor", "chunk_size_feed_forward", "pretraining_tp"};
  return keys;
}

// What changes results wherever it is asked for, and why: a component that does not know it would compute something
// else.
struct Decisive {
  std::string_view key, what, mend;
};
constexpr std::string_view dequantize =
    "Save the model with full weights: model.dequantize(), then save_pretrained, in transformers";
constexpr Decisive decisive_keys[] = {
    {"quantization_config", "packed weights", dequantize},
    {"compression_config", "packed weights", dequantize},
    {"pruned_heads", "attention without some of its heads", "Save the model without pruning"},
    {"add_cross_attention", "attention to another model's outputs", "Take a model without it"},
    {"is_encoder_decoder", "an encoder beside the decoder", "Take a model of one body"},
    {"use_sliding_window", "attention within a window", "Take a class whose plugin knows windows"},
    {"attention_chunk_size", "attention within chunks", "Take a class whose plugin knows chunks"}};
// Of models that see all of a row, to see the past only; causal ones do anyway.
constexpr Decisive causal_key{"is_decoder", "causal attention", "Take a causal model, or save this one as an encoder"};

// What asks for nothing.
bool is_off(const Json& value) {
  return value.is_null() || value == false ||
         ((value.is_array() || value.is_object() || value.is_string()) && value.empty());
}

}  // namespace

void check_unknown_keys(const ComponentType& type, const Json& config, std::string_view where) {
  if (type.schema == nullptr || !config.is_object()) return;
  const std::vector<SchemaKey> keys = schema_keys(type);
  std::vector<std::string> unknown;
  for (const auto& [name, value] : config.items())
    if (!is_off(value) && !harmless_keys().contains(name) &&
        std::ranges::find(keys, name, &SchemaKey::name) == keys.end())
      unknown.push_back(name);
  const auto refuse = [&](const Decisive& decisive) {
    if (std::ranges::find(unknown, decisive.key) != unknown.end())
      fail({.where = fmt::format("{}: {}", where, decisive.key),
            .found = fmt::format("it asks for {}, which plugin {} does not do", decisive.what, type.id),
            .mend = std::string(decisive.mend)},
           ErrorCode::unimplemented);
  };
  for (const Decisive& decisive : decisive_keys) refuse(decisive);
  if ((type.flags & WELT_COMPONENT_CAUSAL) == 0) refuse(causal_key);
  std::erase(unknown, causal_key.key);
  if (!unknown.empty())
    log_warning("hf", "{}: plugin {} does not know {}: what {} for is not done", where, type.id,
                fmt::join(unknown, ", "), unknown.size() == 1 ? "it asks" : "they ask");
}

}  // namespace welt
