// See micro_batches.h.
#include "core/train/micro_batches.h"

#include <fmt/format.h>

#include "core/base/log.h"
#include "core/model/byte_lm.h"
#include "core/train/memory.h"

namespace welt {

std::int64_t micro_batches(const Recipe& recipe, const WeltSpec& spec, std::int64_t least) {
  const std::int64_t batch = recipe.integer("train.batch");
  const FreeMemory free = free_memory(recipe);
  if (free.bytes == 0) return least;
  const bool automatic = recipe.boolean("train.auto_micro_batch");
  MemoryNeed need;
  std::string whole;  // what the batch would need
  for (std::int64_t pieces = least; pieces <= batch; ++pieces) {
    if (batch % pieces != 0) continue;
    need = memory_need(recipe, spec, batch / pieces);
    if (whole.empty()) whole = need.text();
    // A single row at once is as small as it gets: it is tried where the estimate may be too large.
    if ((automatic && pieces < batch ? need.total() : need.least()) <= free.bytes) {
      if (pieces > least)
        log_info("train",
                 "{} rows at once need about {}, and {}: each batch is computed in {} micro-batches of {} rows, whose "
                 "gradients are added",
                 batch / least, whole, free.text, pieces, batch / pieces);
      return pieces;
    }
    if (!automatic || need.total() - need.activations > free.bytes) break;
  }
  // A byte_lm has no chunks of decoder tokens.
  const char* shorter = is_byte_lm(spec) ? "train.words" : "train.words or train.decoder_chunk_tokens";
  refuse_memory(recipe, spec, need, free,
                automatic ? fmt::format("A single row is too much: lower {}", shorter)
                          : fmt::format("Lower train.batch (and raise train.accumulate), {}, or set "
                                        "train.auto_micro_batch = true",
                                        shorter));
}

}  // namespace welt
