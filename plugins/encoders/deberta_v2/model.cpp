// The mathematics of DeBERTa v2. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ceil.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/full.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/log.h>
#include <ATen/ops/sign.h>
#include <ATen/ops/where.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <utility>

namespace welt::deberta_v2 {
namespace {

// The words between "|" in a text, in small letters.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (c == '|')
      out.emplace_back();
    else if (c != ' ')
      out.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  std::erase(out, std::string());
  return out;
}

void refuse(bool bad, const std::string& problem, std::string_view key) {
  if (bad) throw sdk::invalid(problem, std::string(key));
}

// Every slot's product with the row of each distance to another slot, laid out by slots.
//   x [n, H, T, d], table [C, H, d] for −(L−1) … L−1 → [n, H, T, T]: at (t, u) x of t by the row for u − t
at::Tensor by_distance(const at::Tensor& x, const at::Tensor& table) {
  const std::int64_t n = x.size(0), heads = x.size(1), length = x.size(2), count = 2 * length - 1;
  const at::Tensor rows = table.narrow(0, (table.size(0) + 1) / 2 - length, count).permute({1, 2, 0});  // [H, d, 2T−1]
  const at::Tensor products = at::bmm(x.transpose(0, 1).reshape({heads, n * length, x.size(3)}), rows);
  if (length == 1) return products.view({heads, n, 1, 1}).transpose(0, 1);
  // Row t begins one distance further left than row t − 1: one number less a row makes its columns slots.
  return products.view({heads, n, length * count})
      .narrow(2, length - 1, length * (count - 1))
      .view({heads, n, length, count - 1})
      .narrow(3, 0, length)
      .transpose(0, 1);
}

}  // namespace

Settings::Settings(const sdk::Source& source) : Fields(source) {
  irrelevant({"pooler_dropout", "pooler_hidden_act", "pooler_hidden_size"});  // of other classes' heads
  refuse(given_head_width != head_width,
         "attention_head_size (" + std::to_string(given_head_width) + ") must be hidden_size / num_attention_heads (" +
             std::to_string(head_width) + ")",
         "attention_head_size");
  refuse(buckets == 1, "position_buckets is 1; expected 2 or more, or -1 for none", "position_buckets");
  refuse(kernel > 0 && kernel % 2 == 0,
         "conv_kernel_size (" + std::to_string(kernel) + ") is even; expected an odd number, or 0 for no convolution",
         "conv_kernel_size");
  refuse(kernel > 0 && width % groups != 0,
         "conv_groups (" + std::to_string(groups) + ") must divide hidden_size (" + std::to_string(width) + ")",
         "conv_groups");
  refuse(masked_lm() && !legacy && embedding_width != width,
         "embedding_size (" + std::to_string(embedding_width) + ") must be hidden_size (" + std::to_string(width) +
             ") where legacy is false: that head multiplies by the token table",
         "embedding_size");
}

Scored Settings::read_scored() const {
  constexpr const char* key = "pos_att_type";
  const sdk::Schema keys = {sdk::any(key, "null", "what attention scores beside content: c2p, p2c, both").nullable()};
  return custom(keys, Scored{}, [&](const sdk::Config& config) {
    if (!config.has(key)) return Scored{};
    Scored out;
    const bool listed = config.type(key) == WELT_VALUE_LIST;
    for (const std::string& word : listed ? config.get_strings(key) : words_of(config.get_string(key))) {
      refuse(word != "c2p" && word != "p2c", "pos_att_type has \"" + word + "\"; expected c2p, p2c or both", key);
      (word == "c2p" ? out.query_by_distance : out.key_by_distance) = true;
    }
    return out;
  });
}

bool Settings::read_norm(const std::string& words) {
  bool found = false;
  for (const std::string& word : words_of(words)) {
    refuse(word != "none" && word != "layer_norm", "norm_rel_ebd is \"" + words + "\"; expected none or layer_norm",
           "norm_rel_ebd");
    found = found || word == "layer_norm";
  }
  return found;
}

Embeddings::Embeddings(const Settings& s, const at::TensorOptions& options) : norm_(s.width, s.norm_eps, options) {
  const auto add = [&](std::optional<nn::Embedding>& table, const char* name, std::int64_t rows) {
    table.emplace(rows, s.embedding_width, options, s.initializer_range);
    child(name, *table);
  };
  if (s.absolute) add(positions_, "position_embeddings", s.positions);
  if (s.types > 0) add(types_, "token_type_embeddings", s.types);
  if (s.embedding_width != s.width) {
    project_.emplace(s.embedding_width, s.width, false, options, s.initializer_range);
    child("embed_proj", *project_);
  }
  child("LayerNorm", norm_);
}

at::Tensor Embeddings::operator()(const at::Tensor& embeds, const nn::RowPlan& plan, double dropout) const {
  at::Tensor x = embeds;                                    // [tokens, E]
  if (positions_) x = x + (*positions_)(plan.positions());  // [tokens, E]
  if (types_) x = x + nn::token_type_rows(*types_, plan);   // [tokens, E]
  x = norm_(project_ ? (*project_)(x) : x);                 // [tokens, D]
  const at::Tensor valid = plan.valid();                    // padding is 0 to the convolution
  if (valid.defined()) x = x.masked_fill(valid.logical_not().unsqueeze(1), 0);
  return nn::dropout(x, dropout);
}

Attention::Attention(const Settings& s, const at::TensorOptions& options)
    : heads_(s.heads),
      head_width_(s.head_width),
      scored_(s.relative ? s.scored : Scored{}),
      // Counted also where relative_attention is off.
      scale_(1 / std::sqrt(
                     static_cast<double>(s.head_width * (1 + s.scored.query_by_distance + s.scored.key_by_distance)))),
      query_(s.width, s.width, true, options, s.initializer_range),
      key_(s.width, s.width, true, options, s.initializer_range),
      value_(s.width, s.width, true, options, s.initializer_range) {
  children({{"query_proj", query_}, {"key_proj", key_}, {"value_proj", value_}});
  const auto add = [&](std::optional<nn::Linear>& projection, const char* name) {
    projection.emplace(s.width, s.width, true, options, s.initializer_range);
    child(name, *projection);
  };
  if (scored_.query_by_distance && !s.shares_keys) add(position_key_, "pos_key_proj");
  if (scored_.key_by_distance && !s.shares_keys) add(position_query_, "pos_query_proj");
}

at::Tensor Attention::operator()(const at::Tensor& x, const at::Tensor& table, const Shared& shared) const {
  const auto heads = [&](const at::Tensor& y) { return y.view({y.size(0), heads_, head_width_}); };
  nn::AttentionOptions options{.scale = scale_, .dropout = shared.dropouts.attention};
  at::Tensor keys, queries;  // [C, H, d] of distances from L−1 down, and from −(L−1) up
  if (table.defined()) {
    const at::Tensor rows = at::index_select(nn::dropout(table, shared.dropouts.hidden), 0, shared.rows);  // [C, D]
    if (scored_.query_by_distance) keys = heads((position_key_ ? *position_key_ : key_)(rows)).flip(0) * scale_;
    if (scored_.key_by_distance) queries = heads((position_query_ ? *position_query_ : query_)(rows)) * scale_;
    options.score_bias = [&](const at::Tensor& q, const at::Tensor& k) {  // [n, H, T, d], the same → [n, H, T, T]
      const at::Tensor content = keys.defined() ? by_distance(q, keys) : at::Tensor();
      if (!queries.defined()) return content;
      const at::Tensor position = by_distance(k, queries).transpose(2, 3);
      return content.defined() ? content + position : position;
    };
  }
  return nn::row_attention(heads(query_(x)), heads(key_(x)), heads(value_(x)), shared.plan, options);  // [tokens, D]
}

Block::Block(const Settings& s, const at::TensorOptions& options)
    : self_(s, options),
      attention_out_(s.width, s.width, true, options, s.initializer_range),
      attention_norm_(s.width, s.norm_eps, options),
      mlp_(s.width, s.inner, s.activation, {"intermediate.dense", "output.dense"}, /*with_bias=*/true, options,
           s.initializer_range, s.initializer_range),
      out_norm_(s.width, s.norm_eps, options) {
  child("attention.self", self_);
  children({{"attention.output.dense", attention_out_}, {"attention.output.LayerNorm", attention_norm_}});
  children({{"", mlp_}, {"output.LayerNorm", out_norm_}});
}

nn::Stream Block::operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const {
  const double dropout = shared.dropouts.hidden;
  const auto attention = [&](const at::Tensor& x) {
    return nn::dropout(attention_out_(self_(x, in.branch, shared)), dropout);
  };
  const auto mlp = [&](const at::Tensor& x) { return nn::dropout(mlp_(x), dropout); };
  const at::Tensor out = nn::post_norm_block(in.x, shared.plan, layer, attention, attention_norm_, mlp, out_norm_);
  if (layer > 0 || !shared.convolved) shared.plan.trace_hidden(layer + 1, out);
  return {out, in.branch};
}

Convolution::Convolution(const Settings& s, const at::TensorOptions& options)
    : kernel_(s.kernel), groups_(s.groups), activation_(s.conv_activation), norm_(s.width, s.norm_eps, options) {
  const std::int64_t channels = s.width / s.groups;
  const double bound = 1 / std::sqrt(static_cast<double>(channels * s.kernel));  // as torch.nn.Conv1d starts
  parameter("conv.weight", weight_, {s.width, channels, s.kernel}, options, nn::Init::uniform(-bound, bound));
  parameter("conv.bias", bias_, {s.width}, options, nn::Init::uniform(-bound, bound), {.decay = false});
  child("LayerNorm", norm_);
}

at::Tensor Convolution::operator()(const at::Tensor& in, const at::Tensor& out, const nn::RowPlan& plan,
                                   double dropout) const {
  const std::int64_t width = in.size(1), channels = width / groups_, half = kernel_ / 2;
  const at::TensorOptions whole = in.options().dtype(at::kLong);
  std::vector<at::Tensor> parts;  // of each token its neighbours, 0 beyond its row
  for (std::size_t i = 0; i < plan.groups().size(); ++i) {
    const auto& [n, length, first_token, span, first_row, index] = plan.groups()[i];
    at::Tensor near =
        at::constant_pad_nd(in.narrow(0, first_token, n * length).view({n, length, width}), {0, 0, half, half})
            .unfold(1, kernel_, 1);  // [n, T, D, K]
    // The class knows padding only, which is 0 here. What else a token does not see is none of its neighbours either.
    if (const at::Tensor& mask = plan.mask(i, {}, in.scalar_type()).additive; mask.defined()) {
      const at::Tensor offset = at::arange(-half, half + 1, whole);                                    // [K]
      const at::Tensor slot = (at::arange(length, whole).unsqueeze(1) + offset).clamp(0, length - 1);  // [T, K]
      const at::Tensor seen = mask.squeeze(1).gather(2, slot.expand({mask.size(0), length, kernel_})) == 0;
      near = near.masked_fill((seen | (offset == 0)).logical_not().unsqueeze(2), 0);
    }
    parts.push_back(near.reshape({n * length, groups_, channels * kernel_}));
  }
  if (parts.empty()) return out;
  const at::Tensor weight = weight_.view({groups_, channels, channels * kernel_}).transpose(1, 2);
  const at::Tensor product = at::bmm(at::cat(parts).transpose(0, 1), weight);           // [groups, tokens, D/groups]
  const at::Tensor sum = product.transpose(0, 1).reshape({in.size(0), width}) + bias_;  // [tokens, D]
  return nn::residual_norm(activation_(nn::dropout(sum, dropout)), out, norm_.spec()).normed;  // [tokens, D]
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : settings_(config), embeddings_(settings_, options), blocks_(settings_.layers, settings_, options) {
  const Settings& s = settings_;
  const std::string prefix = s.masked_lm() ? "deberta." : "";
  child(prefix + "embeddings", embeddings_);
  child(prefix + "encoder.layer", blocks_);
  if (s.relative) {
    distances_.emplace(2 * s.span(), s.width, options, s.initializer_range);
    child(prefix + "encoder.rel_embeddings", *distances_);
  }
  if (s.normed_distances) {
    distance_norm_.emplace(s.width, s.norm_eps, options);
    child(prefix + "encoder.LayerNorm", *distance_norm_);
  }
  if (s.kernel > 0) {
    convolution_.emplace(s, options);
    child(prefix + "encoder.conv", *convolution_);
  }
  if (s.masked_lm()) {  // many checkpoints come without it, and inside WeLT it is not used
    transform_.emplace(s.width, s.embedding_width, s.activation, s.norm_eps, options, s.initializer_range);
    child(s.legacy ? "cls.predictions.transform" : "lm_predictions.lm_head", *transform_, /*optional_in_file=*/true);
  }
}

at::Tensor Model::forward(const at::Tensor& embeds, const nn::RowPlan& plan) const {
  const Dropouts dropouts{active(settings_.hidden_dropout), active(settings_.attention_dropout)};
  const at::Tensor x = embeddings_(embeds, plan, dropouts.hidden);  // [tokens, D]
  plan.trace_hidden(0, x);
  Shared shared{.plan = plan, .dropouts = dropouts, .rows = {}, .convolved = convolution_.has_value()};
  nn::Stream stream{x, {}};
  if (distances_ && (settings_.scored.query_by_distance || settings_.scored.key_by_distance)) {
    shared.rows = rows_of_distances(plan);
    stream.branch = distance_norm_ ? (*distance_norm_)(distances_->weight) : at::Tensor(distances_->weight);  // [R, D]
  }
  std::size_t done = 0;
  if (convolution_ && !blocks_.empty()) {
    stream = nn::run_blocks(*this, blocks_, shared, stream, 0, ++done);
    stream.x = (*convolution_)(x, stream.x, plan, dropouts.hidden);  // [tokens, D]
    plan.trace_hidden(1, stream.x);
  }
  return nn::run_blocks(*this, blocks_, std::move(shared), stream, done).x;
}

// The row of the table for each distance, query slot − key slot, from −(L−1) on.   I64 [C]
at::Tensor Model::rows_of_distances(const nn::RowPlan& plan) const {
  std::int64_t longest = 1;
  for (const nn::RowGroup& group : plan.groups()) longest = std::max(longest, group.length);
  const std::int64_t span = settings_.span(), middle = settings_.buckets / 2;
  at::Tensor distance = at::arange(1 - longest, longest, plan.positions().options());  // I64 [C]
  if (settings_.buckets > 0) {
    // In float32 whatever the model's type: which side of a step a distance falls on is what checkpoints were trained
    // with. Near distances have a row each; the others are told apart by their logarithm.
    const at::TensorOptions single = distance.options().dtype(at::kFloat);
    const at::Tensor near = (distance < middle) & (distance > -middle);
    const at::Tensor far = at::where(near, at::full({}, middle - 1, distance.options()), at::abs(distance));
    const double most = static_cast<double>(settings_.reach() - 1) / static_cast<double>(middle);
    const at::Tensor share = at::log(far.to(at::kFloat) / middle) / at::log(at::full({}, most, single));
    const at::Tensor step = at::ceil(share * (middle - 1)) + middle;
    distance = at::where(far <= middle, distance.to(at::kFloat), step * at::sign(distance)).to(at::kLong);
  }
  return (distance + span).clamp(0, 2 * span - 1);
}

nn::VocabularyFacts Model::vocabulary() const {
  const Settings& s = settings_;
  const std::string table = std::string(s.masked_lm() ? "deberta." : "") + "embeddings.word_embeddings.weight";
  nn::VocabularyFacts facts{.base_prefix = "deberta",
                            .table_name = table,
                            .width = s.embedding_width,
                            .vocab_size = s.vocab_size,
                            .tied = s.tied || !s.legacy,
                            .padding_row = s.padding,
                            .initializer_range = s.initializer_range,
                            .has_head_transform = s.masked_lm()};
  if (s.masked_lm()) {
    facts.head_name = s.legacy ? "cls.predictions.decoder.weight" : table;
    facts.head_bias_name = s.legacy ? "cls.predictions.bias" : "lm_predictions.lm_head.bias";
  }
  return facts;
}

}  // namespace welt::deberta_v2
