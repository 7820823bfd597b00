// The files of the Python WeLT's TextImageProcessor in a checkpoint: so that TextImageProcessor.from_pretrained() of it
// reads ours, and that its image normalisation reaches us.
//
//   processor_config.json  pretokenizer/  tokenizer/  renderer/processor_config.json
//   image_processor/preprocessor_config.json
#pragma once

#include <filesystem>

#include "core/model/welt_spec.h"

namespace welt {

// Writes all of them into an existing folder. `words`: of a row, the processor's max_seq_length.
void write_processor_files(const std::filesystem::path& folder, const WeltSpec& spec, std::int64_t words);

}  // namespace welt
