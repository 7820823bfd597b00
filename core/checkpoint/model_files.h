// A model's checkpoint: the names, shapes and files of a checkpoint of the Python WeLT.
//
// A byte table is three tensors (base, projection, folded), the latent's token table has no rows, and the latent's head
// name carries the decoder mapping. A model of UTF-16 units or code points has its byte tables one name deeper, and its
// decoder below `bytes_decoder.model`, as utf8_tokenizer's CharacterCausalLMWrapper has it.
// All of WeltModel::tensors() are kept in the model's dtype, a tied one once, under the first of its names; reading
// finds it under any of them. What was written elsewhere may be in several files, and with a wrapper's beginning before
// every name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/huggingface/hf_source.h"
#include "core/model/welt_model.h"

namespace welt {

// The model of a checkpoint folder, with `changes` applied, in the dtype that its config.json names. Every missing or
// ill-shaped tensor is reported at once.
WeltModel load_model(const std::filesystem::path& checkpoint, const SpecChanges& changes = {});
// The same of its specification, which was read before and may have been changed.
WeltModel load_model(const std::filesystem::path& checkpoint, WeltSpec spec);

// An encoder from elsewhere takes the place of the checkpoint's, whose mapping only fits one of the same width: throws
// Error for another. load_model() does so by itself; of an outline it is told before.
void check_swapped_width(const WeltModel& model, const std::filesystem::path& checkpoint);

// As load_model() of find_checkpoint(): a run's newest checkpoint, or this one. A trainer may remove it between the
// two: then the newest is looked for once more.
WeltModel load_newest_model(const std::filesystem::path& run_or_checkpoint, const SpecChanges& changes = {});

// config.json, welt.json, model.safetensors and the processor's files into an existing folder. `words`: of a row.
// Throws Error (data_loss) naming a tensor that is not finite: then nothing is written.
void save_model(const WeltModel& model, const std::filesystem::path& folder, std::int64_t words = 128);

// Gives the model the values of another checkpoint's tensors of the same name. `strict`: each tensor must be there in
// its shape, and each tensor of the file must be used; else what does not fit keeps its value and is listed in the log.
void init_from(WeltModel& model, const std::filesystem::path& checkpoint, bool strict);

// How a checkpoint's tensors fit a model, an outline too: what load_model() would refuse, a line each, and what it
// would not read.
struct FileMatch {
  std::vector<std::string> problems, unused;
};
FileMatch compare_tensors(const WeltModel& model, const HfWeights& weights);

}  // namespace welt
