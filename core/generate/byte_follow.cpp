// ByteWriter::follow (byte_writer.h): guessed words, all in one pass of the decoder.
//
// At each place the byte is chosen as it would be without the guess, out of the same scores with the same draw: what is
// written is the text that would have been written, whatever was guessed, greedy or drawn (but for rounding: scores of
// a pass over whole words, not byte by byte).
#include <ATen/ops/cat.h>

#include <algorithm>

#include "core/generate/byte_writer.h"
#include "core/tensor/thread_limit.h"
#include "core/text/bytes.h"

namespace welt {

ByteWriter::Followed ByteWriter::follow(const std::vector<at::Tensor>& latents, const std::vector<std::string>& guessed,
                                        const ByteDraws& draws, std::int64_t first_number, GenerateStatistics& spent) {
  WordTable table{.units = units_};
  DecoderChunk chunk;
  chunk.offsets.push_back(0);
  for (std::size_t i = 0; i < guessed.size(); ++i) {
    table.add(guessed[i]);
    append_row(chunk, latents[i].size(0), table.word(static_cast<std::int64_t>(i)), table);
  }
  const ThreadLimit limit(is_small(chunk.tokens()));
  const at::Tensor logits =
      model_.decode(upload(chunk, model_.device()), at::cat(latents), table_).to(at::kFloat).contiguous();
  ++spent.byte_steps;

  Followed out;
  const float* line = logits.const_data_ptr<float>();
  const std::int64_t size = units_.bytes();
  for (std::size_t i = 0; i < guessed.size(); ++i) {
    WrittenWord& word = out.words.emplace_back();
    Row row = row_for(word, draws, first_number + static_cast<std::int64_t>(i));
    std::vector<std::int64_t> units, bytes;  // of the guess; fed so far
    units_.append(as_bytes(guessed[i]), units);
    units_.append_unit(bos_byte, bytes);
    const std::int64_t count = std::ssize(units) / size;
    for (std::int64_t place = 0; place <= count; ++place) {
      choose(row, line + 256 * size * place);
      ++spent.bytes;
      const auto from = std::ssize(bytes);
      units_.append_unit(row.next, bytes);
      if (row.done || place == count || !std::equal(bytes.begin() + from, bytes.end(), units.begin() + size * place))
        break;
    }
    if (row.done && word.bytes == guessed[i]) {
      ++out.agreed;
      line += 256 * size * (count + 1);
      continue;
    }
    if (!row.done) write_on(latents[i], row, std::move(bytes), spent);
    break;
  }
  return out;
}

bool ByteWriter::fits(std::string_view word) const {
  const std::int64_t units = units_.count(as_bytes(word)), encoder = model_.limits().bytes_encoder;
  return std::ssize(word) <= limit_ && context_ + 1 + units <= capacity_ && (encoder == 0 || units + 2 <= encoder);
}

void ByteWriter::write_on(const at::Tensor& latents, Row& row, std::vector<std::int64_t> bytes,
                          GenerateStatistics& spent) {
  const ThreadLimit limit(is_small(1));
  make_cache(1);
  at::Tensor logits = forward(row_of(latents, bytes));
  for (;;) {
    ++spent.byte_steps;
    spent.bytes += choose(row, logits.const_data_ptr<float>());
    if (row.done) return;
    bytes.clear();
    units_.append_unit(row.next, bytes);
    logits = forward(embed(bytes));
  }
}

}  // namespace welt
