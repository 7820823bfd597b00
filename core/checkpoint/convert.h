// A checkpoint's weights in another type, ternary ones in 2 bits, or cut into files of another size. Any Hugging Face
// folder is one.
#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace welt {

struct Conversion {
  std::optional<at::ScalarType> dtype;  // of floating tensors; not given: each as it is
  std::int64_t largest_file = 0;        // bytes; 0: one file
  bool ternary = false;                 // layers with ternary weights keep them in 2 bits (pack_ternary.h)
  std::string without = {};             // tensors whose names begin so are left out; empty: none
};

struct ConversionReport {
  std::int64_t tensors = 0, files = 0, bytes_before = 0, bytes_after = 0;
  std::vector<std::string> left_out;  // what was not copied, each with the reason
};

// Writes `target`, a new folder: weights as asked for; config.json with the new dtype; the other files as they are, but
// for training/ (moments belong to the weights as they were) and weights in other formats. Memory is that of one file's
// tensors. Throws Error where a value would not survive (beyond the type's range), or a tensor is of a type that is not
// read here.
ConversionReport convert_checkpoint(const std::filesystem::path& run_or_checkpoint, const std::filesystem::path& target,
                                    const Conversion& conversion);
// The same into an empty folder that nobody reads yet, of a checkpoint's own folder.
ConversionReport convert_into(const std::filesystem::path& checkpoint, const std::filesystem::path& folder,
                              const Conversion& conversion);

}  // namespace welt
