// What generation says of its bytes, held against one pass over the whole text without caches.
#pragma once

#include <ATen/core/grad_mode.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/log_softmax.h>

#include <string>
#include <vector>

#include "core/generate/generator.h"
#include "core/model/step_plan.h"
#include "core/model/text_front_end.h"

namespace welt::test {

// One row of these words, of which the last is a label alone. `documents`: of each, empty: all of one.
inline Batch row_of(const WeltModel& model, const std::vector<std::string>& words,
                    const std::vector<std::int64_t>& documents = {}) {
  Batch batch;
  batch.rows = 1;
  batch.words = std::ssize(words) - 1;
  batch.table.units = model.units();
  for (const std::string& word : words) batch.table.add(word);
  for (std::int64_t i = 0; i < batch.words; ++i) {
    batch.input.push_back(i);
    batch.label.push_back(-1);
  }
  batch.label.back() = batch.words;
  batch.document = documents;
  return batch;
}

// Log probabilities of the last word's units and of its end, as the model gives them behind the words before.
inline std::vector<double> log_probabilities_of_last(WeltModel& model, const Batch& batch) {
  const at::NoGradGuard no_grad;
  model.set_training(false);
  const StepPlan plan = plan_step(batch, 8192, model.spec().decoder_context);
  const StepTensors step = upload(plan, model.device());
  const at::Tensor vectors = model.encode_words(step.words, {}, model.modalities()).vectors;
  const at::Tensor hidden = model.latent_hidden(step.latent, vectors).flatten(0, 1);
  const at::Tensor latents = model.map_latents(at::embedding(hidden, step.positions)).latents;
  const at::Tensor logits = model.decode(step.chunks.at(0), latents, model.decoder_embeddings());
  const at::Tensor scores = at::log_softmax(logits.to(at::kDouble), -1);
  std::vector<double> found;
  for (std::int64_t i = 0; i < scores.size(0); ++i)
    found.push_back(scores[i][step.chunks[0].targets[i].item<std::int64_t>()].item<double>());
  return found;
}

// Every byte of a text that was written behind `prompt` with scores.
inline void expect_as_in_one_pass(WeltModel& model, const std::string& prompt, const Generated& written) {
  std::vector<std::string> words = TextFrontEnd(model).words(prompt, "the prompt");
  for (std::size_t i = 0; i < written.trace.size(); ++i) {
    const WordTrace& trace = written.trace[i];
    words.push_back(i < written.words.size() ? written.words[i] : std::string());
    const std::vector<double> whole = log_probabilities_of_last(model, row_of(model, words));
    ASSERT_GE(whole.size(), trace.log_probabilities.size());
    for (std::size_t byte = 0; byte < trace.log_probabilities.size(); ++byte)
      EXPECT_NEAR(trace.log_probabilities[byte], whole[byte], 1e-4) << words.back() << ", byte " << byte;
  }
}

}  // namespace welt::test
