// What a checkpoint folder is and what is wrong with it, as far as it can be read: each part that is damaged is told,
// and the others are looked at all the same. Used by `welt checkpoint inspect`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace welt {

struct CheckpointFile {
  std::string name;  // below the folder
  std::uintmax_t bytes = 0;
};

// One of the four places of a model.
struct SlotReport {
  std::string slot;        // "bytes_encoder", …
  std::string model_type;  // of its Hugging Face configuration; "": none is there
  bool empty = false;      // an encoder that the model has not
  std::string plugin;      // that serves it; "": none does, see the problems
  std::int64_t width = 0;  // D; 0: not known
};

struct TensorReport {
  std::string name, dtype;
  std::vector<std::int64_t> shape;
  std::int64_t values = 0, bytes = 0;
  std::int64_t nan = 0, infinite = 0;  // values; counted only when they were read
};

// A byte table's folded tensor against base + bits · projectionᵀ of the same file.
struct FoldedTable {
  std::string name;
  double difference = 0;  // largest, absolute
  double largest = 0;     // absolute value of the folded table
};

struct TrainingPosition {
  std::int64_t step = 0;
  std::uint64_t epoch = 0, row = 0;  // of the training text, where the next batch begins
};

struct CheckpointReport {
  std::filesystem::path path;
  std::vector<CheckpointFile> files;
  std::string format;  // "welt 1", "Python WeLT"; "": not told, or not a WeLT model
  std::optional<TrainingPosition> training;
  std::vector<SlotReport> slots;
  std::optional<double> modality_dropout;
  std::string encoding;  // "UTF-8", …; "": not known
  std::int64_t decoder_context = 1;
  std::string pooling, segmenter, renderer, fingerprint;  // "": none, or not known
  std::string segmenter_fingerprint;                      // its dictionaries
  std::int64_t max_bytes = 0;                             // of a word; 0: not known
  std::vector<TensorReport> tensors;                      // of model.safetensors
  std::map<std::string, std::int64_t> dtypes;             // tensors of each
  std::int64_t parameters = 0;                            // of the model that config.json describes; 0: not known
  std::vector<std::string> unused;                        // tensors that the model does not read
  std::vector<FoldedTable> folded;
  bool configuration_read = false, weights_read = false, values_read = false;
  std::vector<std::string> problems;  // a sentence each: what keeps it from being loaded, or what the check found

  std::int64_t values() const;  // of all tensors
  std::int64_t bytes() const;
  nlohmann::json to_json(bool with_tensors) const;
};

// A run folder (its newest checkpoint), or a checkpoint folder however damaged. `read_values`: reads every tensor for
// NaN and infinity. Throws Error only when there is no such folder.
CheckpointReport report_checkpoint(const std::filesystem::path& run_or_checkpoint, bool read_values);

}  // namespace welt
