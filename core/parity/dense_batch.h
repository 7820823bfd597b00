// A batch in the Python reference's layout, [B,L,…] and padded, out of a .safetensors file: for comparing with it.
//
// Fields, below a prefix such as "batch/": input_ids I64 [B,L,T], input_attention_mask BOOL [B,L,T], attention_mask
// BOOL [B,1,L,L], position_ids I64 [B,L] (may be absent), labels_input I64 [B,L,T'], labels_attention_mask BOOL
// [B,L,T'], labels_output I64 [B,L,T'], input_images F32 [B,L,C,Hpx,Wpx] with input_images_dimensions I64 [B,L,2]. The
// two image fields are only read for a model that reads images; elsewhere they are placeholders of any shape and type.
#pragma once

#include <string>
#include <vector>

#include "core/base/safetensors.h"
#include "core/model/welt_model.h"

namespace welt {

struct DenseBatch {
  std::int64_t rows = 0, words = 0, label_width = 0;  // B, L, T'
  StepPlan plan;                                      // every word its own row; words without bytes have none
  WordImages images;                                  // empty unless the model reads images
  // Of each plan row, the flat slot b·L+l it came from.
  std::vector<std::int64_t> word_slots;
  // Of each predictor of all chunks in order, the flat place (b·L+l)·T'+t it came from.
  std::vector<std::int64_t> predictor_places;
  std::vector<std::uint8_t> shown;  // labels_attention_mask, flat [B·L·T']
};

// Which label positions the decoder's plan predicts: those with a target (labels_output is not 0), for training, or all
// that labels_attention_mask shows, where the target may be −100 (none).
enum class Predictors { labelled, shown };

// Reads and checks one batch for `model`. Throws Error naming file, tensor, what was found and expected.
DenseBatch read_dense_batch(const SafetensorsFile& file, const std::string& prefix, const WeltModel& model,
                            Predictors predictors, std::int64_t chunk_tokens);

}  // namespace welt
