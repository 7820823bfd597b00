// Runs a Hugging Face model on every case of an input file, as `welt component forward` does.
//
// An input file holds tensors "<case>/in/<input>", and may hold "<case>/valid" (BOOL [B,T]) and "<case>/w/<output>",
// the weights of the objective Σ output·w whose gradients are wanted. Results are "<case>/out/<output>",
// "<case>/grad/<input>" and "<case>/grad_norm/<parameter>".
//
// Language models. A case with in/prompt_lengths (I64 [B]) is run through a cache: a prefill of P = max(prompt_lengths)
// slots, then one slot at a time; a row shorter than P leaves a hole, and its positions go on at its own length.
//
// Image encoders. in/pixel_values F32 [B,C,H,W] is one call; in/image_0, image_1, … F32 [C,H,W] are images of different
// sizes for one call, whose only output is pooler_output. Images are normalised already.
#pragma once

#include <vector>

#include "core/base/safetensors.h"
#include "core/huggingface/hf_image_model.h"
#include "core/huggingface/hf_model.h"

namespace welt {

struct CaseOptions {
  bool gradients = false;  // where a case has w
  bool trace = false;      // "trace/<name>": every value that the component tells, in the order of computation
};

// All results, in the model's dtype. Throws Error naming file and case.
std::vector<NamedTensor> run_cases(HfModel& model, const SafetensorsFile& file, const CaseOptions& options);
std::vector<NamedTensor> run_cases(HfImageModel& model, const SafetensorsFile& file, const CaseOptions& options);

}  // namespace welt
