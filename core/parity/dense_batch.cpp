// See dense_batch.h.
#include "core/parity/dense_batch.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>

#include "core/base/error.h"
#include "core/tensor/tensor_io.h"

namespace welt {
namespace {

constexpr std::int64_t no_target = -100;  // LibTorch's ignore_index

// The tensors of one batch, checked as they are asked for.
class Fields {
 public:
  Fields(const SafetensorsFile& file, const std::string& prefix) : file_(file), prefix_(prefix) {}

  bool has(const std::string& name) const { return file_.find(prefix_ + name) != nullptr; }
  std::string where(const std::string& name) const {
    return fmt::format("{}: tensor \"{}{}\"", file_.path().string(), prefix_, name);
  }

  // `shape`: −1 is any size.
  at::Tensor get(const std::string& name, const std::vector<std::int64_t>& shape) const {
    const SafetensorsEntry* entry = file_.find(prefix_ + name);
    if (!entry) {
      std::vector<std::string> names;
      for (const SafetensorsEntry& known : file_.entries()) names.push_back(known.name);
      const std::string near = nearest(prefix_ + name, names);
      fail({where(name), "it is missing", "a batch of the Python WeLT's processor",
            near.empty() ? "" : fmt::format("Nearest in the file: \"{}\"", near)},
           ErrorCode::not_found);
    }
    bool fits = entry->shape.size() == shape.size();
    for (std::size_t i = 0; fits && i < shape.size(); ++i) fits = shape[i] < 0 || entry->shape[i] == shape[i];
    if (!fits) fail({where(name), "shape " + shape_text(entry->shape), "shape " + wanted(shape)});
    return copied_tensor(file_, *entry);
  }
  at::Tensor integers(const std::string& name, const std::vector<std::int64_t>& shape) const {
    const at::Tensor tensor = get(name, shape);
    if (!at::isIntegralType(tensor.scalar_type(), /*includeBool=*/false))
      fail({where(name), fmt::format("type {}", c10::toString(tensor.scalar_type())), "whole numbers (I64)"});
    return tensor.to(at::kLong).contiguous();
  }
  at::Tensor mask(const std::string& name, const std::vector<std::int64_t>& shape) const {
    return get(name, shape).ne(0).contiguous();
  }

 private:
  static std::string wanted(const std::vector<std::int64_t>& shape) {
    std::string text;
    for (const std::int64_t size : shape) text += (text.empty() ? "" : ", ") + (size < 0 ? "…" : std::to_string(size));
    return "[" + text + "]";
  }
  const SafetensorsFile& file_;
  const std::string& prefix_;
};

// A word's row of ids with its mask, cut behind the last position that counts.
struct IdRow {
  const std::int64_t* ids;
  const bool* visible;
  std::int64_t length;
};

void check_units(const Fields& fields, const char* name, const at::Tensor& ids, Units units) {
  if (ids.numel() == 0) return;
  const std::int64_t low = ids.min().item<std::int64_t>(), high = ids.max().item<std::int64_t>();
  if (low < 0 || high > units.largest())
    fail({fields.where(name), fmt::format("the value {}", low < 0 ? low : high),
          fmt::format("units of {}, 0 to {}", encoding_name(units.encoding()), units.largest())},
         ErrorCode::out_of_range);
}

void append_units(std::span<const std::int64_t> ids, Units units, std::vector<std::int64_t>& bytes) {
  for (const std::int64_t id : ids) units.append_unit(static_cast<std::uint32_t>(id), bytes);
}

// Rows of the words that have any byte, in order of length.
void read_words(const Fields& fields, Units units, DenseBatch& batch) {
  const at::Tensor ids = fields.integers("input_ids", {-1, -1, -1});
  batch.rows = ids.size(0);
  batch.words = ids.size(1);
  const std::int64_t width = ids.size(2), slots = batch.rows * batch.words;
  const at::Tensor mask = fields.mask("input_attention_mask", {batch.rows, batch.words, width});
  check_units(fields, "input_ids", ids, units);
  const auto* id = ids.const_data_ptr<std::int64_t>();
  const auto* seen = mask.const_data_ptr<bool>();

  std::vector<IdRow> words(static_cast<std::size_t>(slots));
  std::vector<std::int64_t> order;
  for (std::int64_t slot = 0; slot < slots; ++slot) {
    std::int64_t length = width;
    while (length > 0 && !seen[slot * width + length - 1]) --length;
    words[slot] = {id + slot * width, seen + slot * width, length};
    if (length > 0) order.push_back(slot);
  }
  if (order.empty()) fail({fields.where("input_attention_mask"), "no word has a byte", "at least one word"});
  std::ranges::stable_sort(order, {}, [&](std::int64_t slot) { return words[slot].length; });

  WordPlan& plan = batch.plan.words;
  LatentPlan& latent = batch.plan.latent;
  latent.rows = batch.rows;
  latent.words = batch.words;
  latent.word_row.assign(static_cast<std::size_t>(slots), -1);
  plan.offsets.push_back(0);
  for (const std::int64_t slot : order) {
    const IdRow& word = words[slot];
    latent.word_row[slot] = plan.rows();
    append_units({word.ids, static_cast<std::size_t>(word.length)}, units, plan.ids);
    plan.visible.insert(plan.visible.end(), word.visible, word.visible + word.length);
    plan.offsets.push_back(std::ssize(plan.visible));
  }
  batch.word_slots = std::move(order);
}

void read_latent(const Fields& fields, DenseBatch& batch) {
  LatentPlan& plan = batch.plan.latent;
  const at::Tensor dense = fields.mask("attention_mask", {batch.rows, 1, batch.words, batch.words});
  const auto* seen = dense.const_data_ptr<bool>();
  plan.dense.assign(seen, seen + dense.numel());
  if (!fields.has("position_ids")) return;
  const at::Tensor positions = fields.integers("position_ids", {batch.rows, batch.words});
  const auto* position = positions.const_data_ptr<std::int64_t>();
  plan.position.assign(position, position + positions.numel());
}

// Latents that the decoder reads before the word behind `slot`: those of the words before that the slot sees.
std::int64_t latents_before(const LatentPlan& plan, std::int64_t slot, std::int64_t context) {
  const std::int64_t place = slot % plan.words;
  std::int64_t count = 1;
  while (count < context && count <= place && plan.word_row[slot - count] >= 0 &&
         plan.dense[slot * plan.words + place - count] != 0)
    ++count;
  return count;
}

// One row [latents, labels_input…] for each word with a label or a shown position.
void read_labels(const Fields& fields, const WeltModel& model, DenseBatch& batch, Predictors predictors,
                 std::int64_t chunk_tokens) {
  const Units units = model.units();
  const at::Tensor input = fields.integers("labels_input", {batch.rows, batch.words, -1});
  const std::int64_t width = batch.label_width = input.size(2), slots = batch.rows * batch.words;
  const std::vector<std::int64_t> shape{batch.rows, batch.words, width};
  const at::Tensor mask = fields.mask("labels_attention_mask", shape), output = fields.integers("labels_output", shape);
  check_units(fields, "labels_input", input, units);
  check_units(fields, "labels_output", output, units);
  const auto* id = input.const_data_ptr<std::int64_t>();
  const auto* target = output.const_data_ptr<std::int64_t>();
  const auto* shown = mask.const_data_ptr<bool>();

  batch.shown.assign(shown, shown + mask.numel());
  std::vector<std::int64_t> lengths(static_cast<std::size_t>(slots)), order;
  for (std::int64_t slot = 0; slot < slots; ++slot) {
    std::int64_t length = width;
    const auto counts = [&](std::int64_t t) { return shown[slot * width + t] || target[slot * width + t] != 0; };
    while (length > 0 && !counts(length - 1)) --length;
    lengths[slot] = length;
    if (length > 0) order.push_back(slot);
  }
  std::ranges::stable_sort(order, {}, [&](std::int64_t slot) { return lengths[slot]; });

  DecoderPlan& plan = batch.plan.decoder;
  for (const std::int64_t slot : order) {
    const std::int64_t length = lengths[slot],
                       latents = latents_before(batch.plan.latent, slot, model.spec().decoder_context);
    DecoderChunk& chunk = plan.chunk_for(length + latents, chunk_tokens);
    const std::int64_t first = chunk.tokens();
    chunk.begin_row(units.bytes(), latents);
    chunk.visible.insert(chunk.visible.end(), static_cast<std::size_t>(latents), 1);
    append_units({id + slot * width, static_cast<std::size_t>(length)}, units, chunk.ids);
    for (std::int64_t t = 0; t < length; ++t) {
      const std::int64_t place = slot * width + t;
      chunk.visible.push_back(shown[place]);
      if (predictors == Predictors::labelled ? target[place] == 0 : !shown[place] && target[place] == 0) continue;
      chunk.predictors.push_back(first + latents + t);
      if (target[place] == 0)
        chunk.targets.insert(chunk.targets.end(), static_cast<std::size_t>(units.bytes()), no_target);
      else
        units.append_unit(static_cast<std::uint32_t>(target[place]), chunk.targets);
      chunk.target_row.resize(chunk.targets.size(), chunk.rows);
      batch.predictor_places.push_back(place);
    }
    chunk.finish_row(units.bytes());
    for (std::int64_t before = latents - 1; before >= 0; --before) plan.positions.push_back(slot - before);
  }
}

void read_images(const Fields& fields, DenseBatch& batch, const WeltModel& model) {
  const at::Tensor images = fields.get("input_images", {batch.rows, batch.words, -1, -1, -1});
  const at::Tensor sizes = fields.integers("input_images_dimensions", {batch.rows, batch.words, 2});
  if (!images.is_floating_point())
    fail({fields.where("input_images"), fmt::format("type {}", c10::toString(images.scalar_type())),
          "floating-point numbers (F32), normalised"});
  const auto* size = sizes.const_data_ptr<std::int64_t>();
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<std::int64_t>> groups;  // plan rows by size
  for (std::size_t row = 0; row < batch.word_slots.size(); ++row) {
    const std::int64_t slot = batch.word_slots[row], height = size[2 * slot], width = size[2 * slot + 1];
    if (height < 1 || width < 1 || height > images.size(3) || width > images.size(4))
      fail({fields.where("input_images_dimensions"),
            fmt::format("{} x {} for word {} of row {}", height, width, slot % batch.words, slot / batch.words),
            fmt::format("1 x 1 to {} x {}: every word with bytes has an image", images.size(3), images.size(4)),
            {}},
           ErrorCode::out_of_range);
    groups[{height, width}].push_back(static_cast<std::int64_t>(row));
  }
  const at::Tensor flat = images.flatten(0, 1).to(model.dtype());  // [B·L,C,Hpx,Wpx]
  for (auto& [shape, rows] : groups) {
    std::vector<at::Tensor> pixels;
    for (const std::int64_t row : rows)
      pixels.push_back(flat[batch.word_slots[row]].narrow(1, 0, shape.first).narrow(2, 0, shape.second));
    batch.images.groups.push_back({at::stack(pixels), std::move(rows)});
  }
}

}  // namespace

DenseBatch read_dense_batch(const SafetensorsFile& file, const std::string& prefix, const WeltModel& model,
                            Predictors predictors, std::int64_t chunk_tokens) {
  const Fields fields(file, prefix);
  DenseBatch batch;
  read_words(fields, model.units(), batch);
  read_latent(fields, batch);
  read_labels(fields, model, batch, predictors, chunk_tokens);
  if (model.modalities().image) read_images(fields, batch, model);
  return batch;
}

}  // namespace welt
