// Batches in the Python reference's layout: a .safetensors file read for a model that reads bytes and one that reads
// images. Any file is a batch whose plan points inside itself, or an Error.
#include "core/checkpoint/model_files.h"
#include "core/parity/dense_batch.h"

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/plugin_file.h"

namespace {

using namespace welt;

WeltModel load(const char* name) {
  fuzz::use_built_plugins();
  return load_model(std::filesystem::path(WELT_TEST_DATA) / "welt" / name);
}

void check_offsets(const std::vector<std::int64_t>& offsets, std::size_t size) {
  fuzz::require(!offsets.empty() && offsets.front() == 0, "row offsets begin at 0");
  for (std::size_t i = 1; i < offsets.size(); ++i)
    fuzz::require(offsets[i] > offsets[i - 1], "no row of a plan is empty");
  fuzz::require(offsets.back() == static_cast<std::int64_t>(size), "row offsets end with the last id");
}

void check(const DenseBatch& batch) {
  const std::int64_t slots = batch.rows * batch.words;
  const StepPlan& plan = batch.plan;
  check_offsets(plan.words.offsets, plan.words.ids.size());
  fuzz::require(static_cast<std::int64_t>(plan.latent.word_row.size()) == slots, "every slot has a word or none");
  for (const std::int64_t row : plan.latent.word_row) fuzz::require(row < plan.words.rows(), "a slot's word has a row");
  for (const std::int64_t slot : batch.word_slots) fuzz::require(slot >= 0 && slot < slots, "a word has a slot");
  std::size_t predictors = 0;
  for (const DecoderChunk& chunk : plan.decoder.chunks) {
    check_offsets(chunk.offsets, chunk.ids.size());
    for (const std::int64_t predictor : chunk.predictors)
      fuzz::require(predictor > 0 && predictor < static_cast<std::int64_t>(chunk.ids.size()), "a predictor is a token");
    predictors += chunk.predictors.size();
  }
  fuzz::require(predictors == batch.predictor_places.size(), "every predictor has its place");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const WeltModel bytes = load("bytes-only"), images = load("image-only");
  static fuzz::MemoryFile file;
  fuzz::Input input(data, size);
  const WeltModel& model = input.number(2) == 0 ? bytes : images;
  const Predictors predictors = input.number(2) == 0 ? Predictors::labelled : Predictors::shown;
  file.put(input.rest());
  fuzz::answers([&] { check(read_dense_batch(SafetensorsFile::open(file.path()), "batch/", model, predictors, 64)); });
  return 0;
}
