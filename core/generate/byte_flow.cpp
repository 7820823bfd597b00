// See byte_flow.h.
#include "core/generate/byte_flow.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <utility>

#include "core/tensor/thread_limit.h"

namespace welt {

ByteWriter::Flow::Flow(ByteWriter& writer, std::size_t slots)
    : writer_(writer),
      cache_(writer.model_.decoder().make_cache(static_cast<std::int64_t>(slots), writer.capacity_,
                                                /*rollback=*/writer.capacity_)),
      slots_(slots) {}

void ByteWriter::Flow::begin(std::size_t slot, at::Tensor latents, WrittenWord& word, const ByteDraws& draws,
                             std::int64_t number) {
  slots_[slot] = Slot{writer_.row_for(word, draws, number), std::move(latents)};
}

std::size_t ByteWriter::Flow::running() const {
  return static_cast<std::size_t>(std::ranges::count_if(slots_, [](const auto& slot) { return slot.has_value(); }));
}

std::vector<std::size_t> ByteWriter::Flow::step(bool alone, GenerateStatistics& spent) {
  std::vector<std::size_t> fed, finished;
  for (std::size_t i = 0; i < slots_.size(); ++i)
    if (slots_[i]) (slots_[i]->row.done ? finished : fed).push_back(i);  // done: there was no room for a byte
  if (!fed.empty()) {
    const ThreadLimit limit(alone || writer_.is_small(std::ssize(fed)));
    const at::Tensor logits = forward(fed);
    ++spent.byte_steps;
    const std::int64_t width = 256 * writer_.units_.bytes();
    for (std::size_t i = 0; i < fed.size(); ++i) {
      Row& row = slots_[fed[i]]->row;
      spent.bytes += writer_.choose(row, logits.const_data_ptr<float>() + static_cast<std::int64_t>(i) * width);
      if (row.done) finished.push_back(fed[i]);
    }
  }
  std::ranges::sort(finished);
  for (const std::size_t i : finished) slots_[i].reset();
  return finished;
}

// Logits of the next unit of these slots, [n·N,256].
at::Tensor ByteWriter::Flow::forward(const std::vector<std::size_t>& fed) {
  std::vector<std::int64_t> lengths = cache_.lengths(), bytes, offsets{0}, last;
  std::vector<std::int64_t> tokens(slots_.size(), 0);
  bool begins = false;
  for (const std::size_t i : fed) {
    Slot& slot = *slots_[i];
    const bool fresh = slot.latents.defined();
    writer_.units_.append_unit(fresh ? std::uint32_t{bos_byte} : slot.row.next, bytes);
    tokens[i] = 1 + (fresh ? slot.latents.size(0) : 0);
    if (fresh) lengths[i] = 0;
    begins = begins || fresh;
  }
  for (const std::int64_t count : tokens) {
    offsets.push_back(offsets.back() + count);
    if (count > 0) last.push_back(offsets.back() - 1);
  }
  at::Tensor rows = writer_.embed(bytes).squeeze(1);  // [n,E]
  if (begins) {
    cache_.truncate(lengths);
    std::vector<at::Tensor> parts;
    for (std::size_t i = 0; i < fed.size(); ++i) {
      at::Tensor& latents = slots_[fed[i]]->latents;
      if (latents.defined()) parts.push_back(latents.to(rows.scalar_type()));
      parts.push_back(rows.narrow(0, static_cast<std::int64_t>(i), 1));
      latents.reset();
    }
    rows = at::cat(parts);
  }
  at::Tensor hidden = writer_.model_.decoder().forward({rows, at::tensor(offsets, at::kLong)},
                                                       {.kind = WELT_ATTENTION_CAUSAL}, {}, &cache_);
  if (begins) hidden = at::index_select(hidden, 0, at::tensor(last, at::kLong));
  return writer_.model_.byte_logits(hidden, writer_.table_).to(at::kFloat).contiguous();
}

}  // namespace welt
