// A checkpoint, or one part of it, for people who do not have its run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace welt {

struct ExportReport {
  std::string class_name;  // that reads it in Python
  std::int64_t tensors = 0, files = 1;
  std::vector<std::string> told;  // what is not in it, or was not in the checkpoint
};

// The whole model in a new folder: weights, configurations, processor files, the run's recipe, and a model card
// (README.md). The Python WeLT and welt read it; it cannot be resumed. `largest_file`, here and below: bytes that a
// file of weights has at most, so that there may be several; 0: one file.
ExportReport export_model(const std::filesystem::path& run_or_checkpoint, const std::filesystem::path& target,
                          std::int64_t largest_file);

// One part ("bytes_encoder", "image_encoder", "latent_transformer", "bytes_decoder") in a new folder, as transformers'
// class for it has its files: a body in its class without a head, a decoder with its head; the folded byte table is the
// token table. Throws Error where the model has no such part, or no plain class holds it (tables of UTF-16 units and
// code points are no token tables).
ExportReport export_part(const std::filesystem::path& run_or_checkpoint, const std::string& slot,
                         const std::filesystem::path& target, std::int64_t largest_file);

}  // namespace welt
