// See checkpoint_report.h.
#include "core/checkpoint/checkpoint_report.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/isinf.h>
#include <ATen/ops/isnan.h>
#include <welt/abi/renderer.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/safetensors.h"
#include "core/checkpoint/model_files.h"
#include "core/checkpoint/run_folder.h"
#include "core/data/dataset.h"
#include "core/huggingface/hf_source.h"
#include "core/model/byte_table.h"
#include "core/model/welt_slots.h"
#include "core/tensor/tensor_io.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::uintmax_t json_limit = 16 << 20;

// Relative to the largest value: the rounding of a sum of nine float32 numbers, or of the type the table is stored in.
double folding_tolerance(const std::string& dtype) {
  if (dtype == "BF16") return 1.0 / 64;
  return dtype == "F16" ? 1.0 / 512 : 1e-5;
}

class Reporter {
 public:
  Reporter(const fs::path& folder, bool read_values) : read_values_(read_values) { report_.path = folder; }

  CheckpointReport operator()() {
    attempt([&] { list_files(); });
    attempt([&] { read_configuration(); });
    attempt([&] { read_training(); });
    attempt([&] { read_weights(); });
    return std::move(report_);
  }

 private:
  // What goes wrong in one part is a problem, and the others are still looked at.
  void attempt(const std::function<void()>& part, const std::string& json = "config.json or welt.json") {
    try {
      part();
    } catch (const Error& error) {
      problem(error.what());
    } catch (const Json::exception& error) {
      problem(fmt::format("{}: a value of the wrong type ({})", (report_.path / json).string(), error.what()));
    } catch (const fs::filesystem_error& error) {
      problem(error.what());
    }
  }
  void problem(const std::string& text) { report_.problems.push_back(text); }

  void list_files() {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(report_.path))
      if (entry.is_regular_file())
        report_.files.push_back({entry.path().lexically_relative(report_.path), entry.file_size()});
    std::ranges::sort(report_.files, {}, &CheckpointFile::name);
  }

  void read_configuration() {
    const Json config = read_json_object(report_.path / "config.json", json_limit);
    report_.configuration_read = true;
    const fs::path own = report_.path / "welt.json";
    Json extra = Json::object();
    if (fs::exists(own)) attempt([&] { extra = read_json_object(own, json_limit); });
    if (config.value("model_type", "") == "welt")
      report_.format = extra.contains("format") ? fmt::format("welt {}", extra.at("format").dump()) : "Python WeLT";
    bool served = true;
    for (const SlotName* name : {&image_encoder_slot, &bytes_encoder_slot, &latent_slot, &decoder_slot})
      served = read_slot(*name, config, extra) && served;
    // What is wrong with a slot has been told; the whole would only say the first of it again.
    try {
      spec_ = WeltSpec::from_checkpoint(report_.path);
    } catch (const Error& error) {
      if (served) problem(error.what());
    }
    if (spec_) take_spec();
  }

  bool read_slot(const SlotName& name, const Json& config, const Json& extra) {
    SlotReport& slot = report_.slots.emplace_back(SlotReport{.slot = name.checkpoint});
    const std::size_t before = report_.problems.size();
    attempt([&] {
      const auto found = config.find(name.checkpoint);
      if (found == config.end() || !found->is_object()) return;  // the specification says so
      slot.model_type = found->value("model_type", "");
      slot.empty = slot.model_type == "noop_model";
      if (slot.empty) return;
      SlotSpec spec{.config = *found, .where = (report_.path / "config.json").string() + ": " + name.checkpoint};
      const std::string plugin = extra.value("plugins", Json::object()).value(name.checkpoint, "");
      Registry& registry = Registry::instance();
      spec.type =
          plugin.empty() ? &registry.find_for_config(name.role, spec.config) : &registry.find(name.role, plugin);
      slot.plugin = spec.type->id;
      choose_architecture(spec, name);
      const ConfigView view(*spec.type, spec.config, /*strict=*/false, spec.where);
      slot.width = TensorComponent(*spec.type, name.role, view, WELT_INIT_NONE).width();
    });
    for (std::size_t i = before; i < report_.problems.size(); ++i)
      report_.problems[i] = fmt::format("{}: {}", name.checkpoint, report_.problems[i]);
    return report_.problems.size() == before;
  }

  void take_spec() {
    report_.encoding = encoding_name(spec_->encoding);
    report_.modality_dropout = spec_->modality_dropout;
    report_.decoder_context = spec_->decoder_context;
    const auto* pooling =
        std::ranges::find(pooling_names, spec_->pooling, &std::pair<const char*, std::uint32_t>::second);
    if (spec_->bytes_encoder.type && pooling != std::end(pooling_names)) report_.pooling = pooling->first;
    report_.segmenter = spec_->segmenter.type->id;
    report_.segmenter_fingerprint = spec_->segmenter.fingerprint;
    report_.max_bytes = spec_->segmenter.max_bytes;
    report_.renderer = spec_->renderer.plugin;
    report_.fingerprint = spec_->renderer.fingerprint;
    if (!report_.renderer.empty())
      attempt([&] { Registry::instance().find(WELT_RENDERER_INTERFACE, report_.renderer); });
    attempt([&] {
      model_.emplace(WeltModel::outline(*spec_));
      report_.parameters = model_->parameter_count();
    });
  }

  void read_training() {
    const fs::path folder = report_.path / "training";
    if (!fs::exists(folder)) return;
    attempt(
        [&] {
          const Json state = read_json_object(folder / "state.json", json_limit);
          const IteratorState data = IteratorState::from_json(state.at("data"));
          report_.training = {.step = state.at("step"), .epoch = data.epoch, .row = data.index};
        },
        "training/state.json");
    attempt([&] {
      const SafetensorsFile file = SafetensorsFile::open(folder / "optimizer.safetensors");
      for (const SafetensorsEntry& entry : file.entries())
        if (read_values_) told(file, counted(file, entry));
    });
  }

  void read_weights() {
    const HfWeights weights = HfWeights::open(report_.path).of_welt();
    report_.weights_read = true;
    report_.values_read = read_values_;
    for (const auto& [name, item] : weights.items()) {
      if (item.alias) continue;
      report_.tensors.push_back(read_values_ ? counted(*item.file, *item.entry) : described(*item.entry));
      ++report_.dtypes[item.entry->dtype];
      if (read_values_) told(*item.file, report_.tensors.back());
    }
    if (model_) {
      FileMatch match = compare_tensors(*model_, weights);
      for (const std::string& misfit : match.problems) problem(weights.path().string() + ": " + misfit);
      report_.unused = std::move(match.unused);
    }
    for (const auto& [name, item] : weights.items()) check_folding(weights, name);
  }

  static TensorReport described(const SafetensorsEntry& entry) {
    const auto bytes = static_cast<std::int64_t>(entry.data.size());
    return {.name = entry.name,
            .dtype = entry.dtype,
            .shape = entry.shape,
            .values = c10::multiply_integers(entry.shape),
            .bytes = bytes};
  }

  // In pieces, so that memory stays that of one.
  static TensorReport counted(const SafetensorsFile& file, const SafetensorsEntry& entry) {
    constexpr std::int64_t piece = std::int64_t{1} << 24;
    TensorReport report = described(entry);
    if (!safetensors_scalar_type(entry.dtype)) return report;
    const at::Tensor values = mapped_tensor(file, entry).flatten();
    if (!values.is_floating_point()) return report;
    for (std::int64_t first = 0; first < values.numel(); first += piece) {
      const at::Tensor part = values.narrow(0, first, std::min(piece, values.numel() - first));
      report.nan += at::isnan(part).sum().item<std::int64_t>();
      report.infinite += at::isinf(part).sum().item<std::int64_t>();
    }
    return report;
  }

  void told(const SafetensorsFile& file, const TensorReport& tensor) {
    if (tensor.nan + tensor.infinite > 0)
      problem(fmt::format("{}: {}: of {} values {} are NaN and {} infinite", file.path().string(), tensor.name,
                          tensor.values, tensor.nan, tensor.infinite));
  }

  // `projection`: any tensor; one that is "<stem>bit_proj_w" belongs to the table below the same stem.
  void check_folding(const HfWeights& weights, const std::string& tensor) {
    constexpr std::string_view ending = "bit_proj_w";
    if (!tensor.ends_with(ending)) return;
    const std::string stem = tensor.substr(0, tensor.size() - ending.size()), name = stem + "weight";
    const HfWeights::Item *base = weights.find(stem + "embeddings.weight"), *folded = weights.find(name),
                          *projection = weights.find(tensor);
    const std::string where = weights.path().string() + ": " + name;
    if (base == nullptr || folded == nullptr) {
      problem(fmt::format("{}: of a byte table's three tensors {} is missing", where,
                          base == nullptr ? stem + "embeddings.weight" : name));
      return;
    }
    const std::vector<std::int64_t>& rows = base->entry->shape;
    const bool fits = rows.size() == 2 && rows[0] == 256 && folded->entry->shape == rows &&
                      projection->entry->shape == std::vector<std::int64_t>{rows[1], 8};
    if (!fits) {
      problem(
          fmt::format("{}: a byte table of {} with a base of {} and a projection of {}; expected [256, E] twice and "
                      "[E, 8]",
                      where, shape_text(folded->entry->shape), shape_text(rows), shape_text(projection->entry->shape)));
      return;
    }
    const auto read = [](const HfWeights::Item& item) { return copied_tensor(*item.file, *item.entry, at::kDouble); };
    const at::Tensor stored = read(*folded), now = ByteTable(read(*base), read(*projection)).folded();
    if (stored.numel() == 0) return;
    const FoldedTable table{.name = name,
                            .difference = stored.sub(now).abs().max().item<double>(),
                            .largest = stored.abs().max().item<double>()};
    report_.folded.push_back(table);
    if (!(table.difference <= folding_tolerance(folded->entry->dtype) * std::max(table.largest, 1e-6)))
      problem(
          fmt::format("{}: differs from base + bits · projection by up to {:.3g}: the three were not saved together",
                      where, table.difference));
  }

  CheckpointReport report_;
  bool read_values_;
  std::optional<WeltSpec> spec_;
  std::optional<WeltModel> model_;  // shapes only
};

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

// Also a folder that find_checkpoint() would not take: one of its files is enough.
fs::path folder_of(const fs::path& path) {
  refuse_unreachable(path / "config.json");
  for (const char* file : {"config.json", "welt.json", "training/state.json"})
    if (fs::exists(path / file)) return path;
  if (HfWeights::is_in(path)) return path;
  return newest_checkpoint(path);
}

}  // namespace

std::int64_t CheckpointReport::values() const {
  std::int64_t sum = 0;
  for (const TensorReport& tensor : tensors) sum += tensor.values;
  return sum;
}

std::int64_t CheckpointReport::bytes() const {
  std::int64_t sum = 0;
  for (const TensorReport& tensor : tensors) sum += tensor.bytes;
  return sum;
}

Json CheckpointReport::to_json(bool with_tensors) const {
  Json json{{"path", path.string()},
            {"format", text_or_null(format)},
            {"training", Json()},
            {"encoding", text_or_null(encoding)},
            {"pooling", text_or_null(pooling)},
            {"decoder_context", decoder_context},
            {"segmenter", text_or_null(segmenter)},
            {"segmenter_fingerprint", text_or_null(segmenter_fingerprint)},
            {"max_bytes", max_bytes > 0 ? Json(max_bytes) : Json()},
            {"renderer", text_or_null(renderer)},
            {"fingerprint", text_or_null(fingerprint)},
            {"modality_dropout", modality_dropout ? Json(*modality_dropout) : Json()},
            {"configuration_read", configuration_read},
            {"weights", Json()},
            {"problems", problems}};
  if (training) json["training"] = {{"step", training->step}, {"epoch", training->epoch}, {"row", training->row}};
  for (const CheckpointFile& file : files) json["files"].push_back({{"name", file.name}, {"bytes", file.bytes}});
  for (const SlotReport& slot : slots)
    json["slots"].push_back({{"slot", slot.slot},
                             {"on", !slot.empty && !slot.model_type.empty()},
                             {"model_type", text_or_null(slot.empty ? "" : slot.model_type)},
                             {"plugin", text_or_null(slot.plugin)},
                             {"width", slot.width > 0 ? Json(slot.width) : Json()}});
  if (!weights_read) return json;
  Json& weights = json["weights"] = {{"tensors", tensors.size()},
                                     {"values", values()},
                                     {"bytes", bytes()},
                                     {"dtypes", dtypes},
                                     {"parameters", parameters > 0 ? Json(parameters) : Json()},
                                     {"values_read", values_read},
                                     {"unused", unused},
                                     {"folded_tables", Json::array()}};
  for (const FoldedTable& table : folded)
    weights["folded_tables"].push_back(
        {{"name", table.name}, {"difference", table.difference}, {"largest", table.largest}});
  if (!with_tensors) return json;
  for (const TensorReport& tensor : tensors) {
    Json entry{{"name", tensor.name}, {"dtype", tensor.dtype}, {"shape", tensor.shape}, {"bytes", tensor.bytes}};
    if (values_read) entry.update({{"nan", tensor.nan}, {"infinite", tensor.infinite}});
    json["tensors"].push_back(entry);
  }
  return json;
}

CheckpointReport report_checkpoint(const fs::path& run_or_checkpoint, bool read_values) {
  return Reporter(folder_of(run_or_checkpoint), read_values)();
}

}  // namespace welt
