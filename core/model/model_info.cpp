// See model_info.h.
#include "core/model/model_info.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "core/base/error.h"
#include "core/model/byte_lm.h"

namespace welt {
namespace {

constexpr std::int64_t byte_values = 256, default_block = 16;

// The part that a parameter's group counts to: a mapping and the norm behind it are one.
std::string part_of(const std::string& group) {
  if (group == "encoder_norm") return "encoder_mapping";
  return group == "decoder_norm" ? "decoder_mapping" : group;
}

bool is_matrix(const ModelParameter& parameter) {
  return parameter.decay && !parameter.table && parameter.tensor.dim() >= 2;
}

// Pairs of positions in a row of `length` that see each other.
double pairs(double length, bool causal) { return causal ? length * (length + 1) / 2 : length * length; }

std::optional<double> attention_flops(const nlohmann::json& config, double seen_pairs) {
  const std::optional<AttentionSizes> sizes = AttentionSizes::from(config);
  if (!sizes) return std::nullopt;
  return 4.0 * static_cast<double>(sizes->layers * sizes->heads * sizes->head_width) * seen_pairs;
}

class Describer {
 public:
  explicit Describer(const WeltModel& model) : model_(model) { count_parameters(); }

  void add_costs(const WordLengths& lengths) {
    info_.lengths = lengths;
    if (info_.lengths.image_height == 0) info_.lengths.image_height = image_height(model_.spec().renderer);
    if (info_.lengths.image_width == 0) info_.lengths.image_width = 3 * info_.lengths.image_height;
    check_lengths();
    add_costs();
  }

  ModelInfo finish() {
    for (const std::string& name : order_) info_.parts.push_back(parts_.at(name));
    for (const PartInfo& part : info_.parts) {
      info_.parameters += part.parameters;
      info_.tables += part.tables;
      info_.idle += part.idle;
      if (part.weight_flops && !part.attention_flops)
        info_.notes.push_back(
            fmt::format("Attention products of the {} are not counted: the configuration of {} does not tell layers "
                        "and heads under the usual names",
                        part.name, part.plugin));
      if (part.idle > 0)
        info_.notes.push_back(
            fmt::format("{} parameters of {} (a head or pooler) are in memory, but have no part in the model",
                        part.idle, part.plugin));
    }
    const auto value_bytes = static_cast<std::int64_t>(c10::elementSize(model_.dtype()));
    info_.weight_bytes = value_bytes * (info_.parameters + info_.idle) + buffer_bytes_;
    info_.gradient_bytes = value_bytes * info_.parameters;
    info_.optimizer_bytes = 2 * value_bytes * info_.parameters;
    return std::move(info_);
  }

 private:
  const WordLengths& lengths() const { return info_.lengths; }
  static bool is_causal(const TensorComponent& component) {
    return (component.type().flags & WELT_COMPONENT_CAUSAL) != 0;
  }

  void add_costs() {
    const Modalities reads = model_.modalities();
    for (const WeltModel::Part& part : model_.parts()) {
      if (part.component == nullptr) continue;
      PartInfo& info = parts_.at(part.slot);
      if (part.slot == "image_encoder" && reads.image) cost_of_images(*part.component, info);
      if (part.slot == "bytes_encoder" && reads.bytes)
        cost(*part.component, info, lengths().bytes + 2, is_causal(*part.component));
      if (part.slot == "latent_transformer") cost_of_latent(*part.component, info);
      if (part.slot == "bytes_decoder") cost_of_decoder(*part.component, info);
    }
    if (is_byte_lm(model_.spec())) return;
    for (const char* mapping : {"encoder_mapping", "decoder_mapping"}) {
      PartInfo& info = parts_.at(mapping);
      info.positions = 1;
      info.weight_flops = 2.0 * static_cast<double>(matrices_[mapping]);
      info.attention_flops = 0;
    }
  }

  void check_lengths() const {
    const auto expect = [](bool good, const char* where, const std::string& found, const std::string& expected) {
      if (!good) fail({where, found, expected, {}}, ErrorCode::out_of_range);
    };
    const auto at_most = [&](const char* where, double needed, std::int64_t limit, const char* who) {
      expect(limit == 0 || needed <= static_cast<double>(limit), where, fmt::format("{} positions", needed),
             fmt::format("at most {}, which the {} has", limit, who));
    };
    const WeltModel::Limits limits = model_.limits();
    expect(lengths().bytes >= 0 && lengths().bytes <= 1024, "bytes per word", fmt::format("{}", lengths().bytes),
           "0 to 1024");
    at_most("bytes per word (with 2 more positions)", lengths().bytes + 2, limits.bytes_encoder, "bytes encoder");
    at_most(fmt::format("bytes per word (with {} more positions)", decoder_positions(0)).c_str(),
            decoder_positions(lengths().bytes), limits.decoder, "decoder");
    expect(lengths().words >= 1, "words", fmt::format("{}", lengths().words), "1 or more");
    at_most("words", static_cast<double>(lengths().words), limits.latent,
            is_byte_lm(model_.spec()) ? "decoder" : "latent transformer");
    for (const WeltModel::Part& part : model_.parts()) {
      if (part.slot != "image_encoder" || part.component == nullptr) continue;
      const ImageEncoderInfo& facts = part.component->image_encoder_info();
      const std::int64_t height = lengths().image_height, width = lengths().image_width;
      expect(height >= facts.minimum_height && width >= facts.minimum_width && height % facts.patch_height == 0 &&
                 width % facts.patch_width == 0,
             "image", fmt::format("{} x {} pixels (height x width)", height, width),
             fmt::format("multiples of the image encoder's patches, {} x {}, and {} x {} at least", facts.patch_height,
                         facts.patch_width, facts.minimum_height, facts.minimum_width));
    }
  }

  PartInfo& part_named(const std::string& name) {
    const auto [place, fresh] = parts_.try_emplace(name, PartInfo{.name = name});
    if (fresh) order_.push_back(name);
    return place->second;
  }

  void count_parameters() {
    for (const ModelParameter& parameter : model_.parameters()) {
      const std::string name = part_of(parameter.group);
      PartInfo& part = part_named(name);
      part.parameters += parameter.tensor.numel();
      if (parameter.table) part.tables += parameter.tensor.numel();
      if (is_matrix(parameter)) matrices_[name] += parameter.tensor.numel();
      used_.insert(parameter.name);
    }
    for (const ModelTensor& tensor : model_.tensors()) {
      if (!tensor.buffer) continue;
      used_.insert(tensor.name);
      buffer_bytes_ += static_cast<std::int64_t>(tensor.tensor.nbytes());
    }
    for (const WeltModel::Part& part : model_.parts()) {
      if (part.component == nullptr) continue;
      PartInfo& info = part_named(part.slot);
      info.plugin = part.component->type().id;
      info.idle = idle(part);
    }
  }

  std::int64_t idle(const WeltModel::Part& part) const {
    std::int64_t values = 0;
    for (const NamedParameter& parameter : part.component->parameters()) {
      if (used_.contains(part.prefix + parameter.name)) continue;
      std::int64_t size = 1;
      for (const std::int64_t side : parameter.shape) size *= side;
      values += size;
    }
    return values;
  }

  // A row of `positions` for every word.
  void cost(const TensorComponent& component, PartInfo& info, double positions, bool causal) {
    info.positions = positions;
    info.weight_flops = 2.0 * static_cast<double>(matrices_[info.name]) * positions;
    info.attention_flops = attention_flops(component.config(), pairs(positions, causal));
  }

  void cost_of_images(const TensorComponent& component, PartInfo& info) {
    const ImageEncoderInfo& facts = component.image_encoder_info();
    const std::int64_t patches =
        lengths().image_height / facts.patch_height * (lengths().image_width / facts.patch_width);
    cost(component, info, static_cast<double>(patches + 1), /*causal=*/false);
    if (info.attention_flops && convolves_patches_only(component)) return;
    info.positions = 0;
    info.weight_flops.reset();
    info.attention_flops.reset();
    info_.notes.push_back(fmt::format(
        "FLOPs of the image encoder are not counted: {} is not one stack of blocks over patches", info.plugin));
  }

  // A position a word, in a row of `words`: on average it sees (words + 1) / 2.
  void cost_of_latent(const TensorComponent& component, PartInfo& info) {
    const auto words = static_cast<double>(lengths().words);
    info.positions = 1;
    info.weight_flops = 2.0 * static_cast<double>(matrices_[info.name]);
    info.attention_flops = attention_flops(component.config(), pairs(words, /*causal=*/true) / words);
    info_.latent_cache = cache(component, lengths().words);
  }

  // Latents, BOS and the word.
  double decoder_positions(double bytes) const {
    return static_cast<double>(model_.spec().decoder_context) + 1 + bytes;
  }

  // The head, which a tied model of bytes has no tensor of, is the product of the positions behind the
  // latents. That of a model of units is followed by the product with the byte table: 256 · E/N for each of N bytes.
  void cost_of_decoder(const TensorComponent& component, PartInfo& info) {
    const Vocabulary& vocabulary = component.vocabulary();
    const bool wide = model_.units().bytes() > 1;
    const std::int64_t own = wide ? vocabulary.width * vocabulary.width : 0, bytes = byte_values * vocabulary.width;
    const std::int64_t head = own + bytes;
    if (wide || !vocabulary.tied) matrices_[info.name] -= wide ? own : bytes;
    if (is_byte_lm(model_.spec())) {
      const auto row = static_cast<double>(lengths().words);
      info.positions = lengths().bytes;
      info.weight_flops = 2.0 * static_cast<double>(matrices_[info.name] + head) * lengths().bytes;
      info.attention_flops = attention_flops(component.config(), lengths().bytes * pairs(row, /*causal=*/true) / row);
      info_.decoder_cache = cache(component, lengths().words);
      return;
    }
    cost(component, info, decoder_positions(lengths().bytes), /*causal=*/true);
    *info.weight_flops += 2.0 * static_cast<double>(head) * (lengths().bytes + 1);
    const std::int64_t longest = model_.spec().segmenter.max_bytes + 1 + model_.spec().decoder_context,
                       limit = component.max_positions();
    info_.decoder_cache = cache(component, limit > 0 ? std::min(longest, limit) : longest);
  }

  static CacheInfo cache(const TensorComponent& component, std::int64_t slots) {
    CacheInfo cache{.slots = slots};
    if (const std::optional<AttentionSizes> sizes = AttentionSizes::from(component.config()))
      cache.row_bytes = slots * sizes->slot_bytes();
    return cache;
  }

  const WeltModel& model_;
  ModelInfo info_;
  std::vector<std::string> order_;  // of the parts
  std::map<std::string, PartInfo> parts_;
  std::map<std::string, std::int64_t> matrices_;  // weights that are multiplied, by part
  std::set<std::string> used_;
  std::int64_t buffer_bytes_ = 0;
};

}  // namespace

std::int64_t image_height(const RendererSpec& renderer) {
  const auto block = renderer.config.find("block");
  return block != renderer.config.end() && block->is_number_integer() ? block->get<std::int64_t>() : default_block;
}

bool convolves_patches_only(const TensorComponent& encoder) {
  const ImageEncoderInfo& facts = encoder.image_encoder_info();
  return std::ranges::all_of(encoder.parameters(), [&](const NamedParameter& parameter) {
    return parameter.shape.size() != 4 ||
           (parameter.shape[2] == facts.patch_height && parameter.shape[3] == facts.patch_width);
  });
}

std::optional<AttentionSizes> AttentionSizes::from(const nlohmann::json& config) {
  // The general spelling counts where both are given, as in the configurations that have both.
  const auto positive = [&](std::initializer_list<const char*> keys) -> std::int64_t {
    for (const char* key : keys) {
      const auto value = config.find(key);
      if (value == config.end() || !value->is_number_integer()) continue;
      if (const auto number = value->get<std::int64_t>(); number > 0) return number;
    }
    return 0;
  };
  const std::int64_t layers = positive({"num_hidden_layers", "n_layer"}),
                     heads = positive({"num_attention_heads", "n_head"}), width = positive({"hidden_size", "n_embd"}),
                     own_width = positive({"head_dim"}), kv_heads = positive({"num_key_value_heads"});
  if (layers == 0 || heads == 0 || (width == 0 && own_width == 0)) return std::nullopt;
  return AttentionSizes{.layers = layers,
                        .heads = heads,
                        .kv_heads = kv_heads > 0 ? kv_heads : heads,
                        .head_width = own_width > 0 ? own_width : width / heads};
}

double ModelInfo::flops() const {
  double sum = 0;
  for (const PartInfo& part : parts) sum += part.flops();
  return sum;
}

ModelInfo count_model(const WeltModel& model) { return Describer(model).finish(); }

ModelInfo describe_model(const WeltModel& model, const WordLengths& lengths) {
  Describer describer(model);
  describer.add_costs(lengths);
  return describer.finish();
}

}  // namespace welt
