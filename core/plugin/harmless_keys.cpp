// See harmless_keys.h.
#include "core/plugin/harmless_keys.h"

namespace welt {

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

}  // namespace welt
