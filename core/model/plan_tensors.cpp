// See plan_tensors.h.
#include "core/model/plan_tensors.h"

#include <ATen/ops/empty.h>

#include <cstring>

#include "core/tensor/index_tensor.h"

namespace welt {
namespace {

// Collects lists and where their tensors are to be put; the end sends them all at once.
class Upload {
 public:
  explicit Upload(at::Device device) : device_(device) {}

  void operator()(const std::vector<std::int64_t>& list, at::Tensor& out) {
    out = as_tensor(list);
    outs_.push_back(&out);
  }
  void optional(const std::vector<std::int64_t>& list, at::Tensor& out) {
    if (!list.empty()) (*this)(list, out);
  }
  void optional(const std::vector<std::uint8_t>& list, at::Tensor& out) {
    out = as_mask(list);
    if (out.defined()) outs_.push_back(&out);
  }

  void send() {
    if (device_.is_cpu()) return;
    constexpr std::size_t alignment = sizeof(std::int64_t);
    std::vector<std::int64_t> places;
    std::size_t size = 0;
    for (const at::Tensor* out : outs_) {
      places.push_back(static_cast<std::int64_t>(size));
      size += (out->nbytes() + alignment - 1) / alignment * alignment;
    }
    const at::Tensor host = at::empty({static_cast<std::int64_t>(size)}, at::kByte);
    for (std::size_t i = 0; i < outs_.size(); ++i)
      if (outs_[i]->nbytes() > 0)
        std::memcpy(host.data_ptr<std::uint8_t>() + places[i], outs_[i]->const_data_ptr(), outs_[i]->nbytes());
    const at::Tensor sent = host.to(device_);
    for (std::size_t i = 0; i < outs_.size(); ++i) {
      at::Tensor& out = *outs_[i];
      out = sent.narrow(0, places[i], static_cast<std::int64_t>(out.nbytes())).view(out.scalar_type());
    }
  }

 private:
  at::Device device_;
  std::vector<at::Tensor*> outs_;
};

void add(Upload& upload, const WordPlan& plan, WordTensors& out) {
  upload(plan.ids, out.ids);
  upload(plan.offsets, out.offsets);
  upload.optional(plan.visible, out.visible);
  out.host_offsets = as_tensor(plan.offsets);
}

void add(Upload& upload, const LatentPlan& plan, LatentTensors& out) {
  upload(plan.word_row, out.word_row);
  upload.optional(plan.position, out.position);
  upload.optional(plan.document, out.document);
  upload.optional(plan.prefix, out.prefix);
  upload.optional(plan.dense, out.dense);
}

void add(Upload& upload, const DecoderChunk& chunk, ChunkTensors& out) {
  out.first_latent = chunk.first_latent;
  out.latents = chunk.latents;
  out.rows = chunk.rows;
  upload(chunk.ids, out.ids);
  upload.optional(chunk.visible, out.visible);
  upload(chunk.predictors, out.predictors);
  upload(chunk.targets, out.targets);
  upload(chunk.target_row, out.target_row);
  out.host_offsets = as_tensor(chunk.offsets);
}

void add(Upload& upload, const DecoderPlan& plan, at::Tensor& positions, std::vector<ChunkTensors>& chunks) {
  upload(plan.positions, positions);
  chunks.resize(plan.chunks.size());
  for (std::size_t i = 0; i < chunks.size(); ++i) add(upload, plan.chunks[i], chunks[i]);
}

void shape(const LatentPlan& plan, LatentTensors& out) {
  out.word_row = out.word_row.clamp_min(0);
  for (at::Tensor* tensor : {&out.word_row, &out.position, &out.document, &out.prefix})
    if (tensor->defined()) *tensor = tensor->view({plan.rows, plan.words});
  if (out.dense.defined()) out.dense = out.dense.view({plan.rows, 1, plan.words, plan.words});
}

}  // namespace

StepTensors upload(const StepPlan& plan, at::Device device) {
  StepTensors out;
  Upload upload(device);
  add(upload, plan.words, out.words);
  add(upload, plan.latent, out.latent);
  add(upload, plan.decoder, out.positions, out.chunks);
  out.further.resize(plan.further.size());
  const auto add_auxiliary = [&](const DecoderPlan& rows, SpellingTensors& to) {
    if (!rows.chunks.empty()) add(upload, rows, to.positions, to.chunks);
  };
  for (std::size_t i = 0; i < out.further.size(); ++i) add_auxiliary(plan.further[i], out.further[i]);
  add_auxiliary(plan.masked, out.masked);
  upload.send();
  shape(plan.latent, out.latent);
  return out;
}

WordTensors upload(const WordPlan& plan, at::Device device) {
  WordTensors out;
  Upload upload(device);
  add(upload, plan, out);
  upload.send();
  return out;
}

ChunkTensors upload(const DecoderChunk& chunk, at::Device device) {
  ChunkTensors out;
  Upload upload(device);
  add(upload, chunk, out);
  upload.send();
  return out;
}

LatentTensors upload(const LatentPlan& plan, at::Device device) {
  LatentTensors out;
  Upload upload(device);
  add(upload, plan, out);
  upload.send();
  shape(plan, out);
  return out;
}

}  // namespace welt
