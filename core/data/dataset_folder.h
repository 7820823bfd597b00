// A data set as Hugging Face's `datasets` lays it out: a folder with a card (README.md) that may name configurations
// and splits, or with names that tell them. Also a single file, a pattern, or standard input.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace welt {

struct DatasetFiles {
  std::vector<std::filesystem::path> files;  // of the split, in the order in which they are read
};

// `name`: a folder, a file, a pattern with * ? [ ], "-" (standard input), or "org/name" of a local Hugging Face cache or
// of the hub, from which what is missing is downloaded ("org/name@revision" for another revision than main). Configurations: `configs` of the card. Splits: those
// of the card; else data/{split}-00000-of-00001.*; else folders or files called train, validation, test …; else all
// files are train. Throws Error naming the configurations, splits or places that there are.
DatasetFiles find_dataset_files(const std::string& name, const std::optional<std::string>& configuration,
                                const std::string& split);

}  // namespace welt
