// See distill.h.
#include "core/train/distill.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/latent_transformer.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/progress.h"
#include "core/base/stopwatch.h"
#include "core/huggingface/hf_model.h"
#include "core/similarity/teacher_vocabulary.h"
#include "core/train/principal_components.h"
#include "core/train/static_folder.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using similarity::TeacherVocabulary;

// A bytes encoder, if a plugin serves the folder as one, else a causal model.
const char* role_of(const HfSource& source) {
  std::optional<Error> first;
  for (const char* role : {WELT_BYTES_ENCODER_INTERFACE, WELT_LATENT_TRANSFORMER_INTERFACE, WELT_DECODER_INTERFACE}) {
    try {
      static_cast<void>(Registry::instance().find_for_config(role, source.config()));
      return role;
    } catch (const Error& error) {
      if (!first) first = error;
    }
  }
  throw *first;
}

HfSource teacher_of(const Recipe& recipe) {
  if (recipe.string("distill.from").empty())
    fail({recipe.where("distill.from") + ": distill.from",
          "no model is named",
          "the folder or hub name of a model to distil",
          {}});
  return HfSource::find(recipe.string("distill.from"));
}

// [tokens, T, D] of equally long rows, pooled: [tokens, D].
at::Tensor pooled(const HfOutputs& out, const std::string& pooling, const HfSource& source) {
  const at::Tensor& hidden = out.last_hidden_state;
  if (pooling == "first") return hidden.select(1, 0);
  if (pooling == "last") return hidden.select(1, hidden.size(1) - 1);
  if (pooling == "mean") return hidden.mean(1);
  if (out.pooler_output.defined()) return out.pooler_output;
  fail({.where = source.folder().string(),
        .found = "distill.pooling = \"pooler\", but the class has no pooler, or its weights are not there",
        .expected = "mean, first or last"});
}

// Every token's vector.   [V, D] float32
at::Tensor teacher_vectors(const HfSource& source, const TeacherVocabulary& vocabulary, const Recipe& recipe) {
  const at::NoGradGuard no_grad;
  HfModel model(source, role_of(source), at::kFloat, /*requires_grad=*/false);
  const auto count = static_cast<std::int64_t>(vocabulary.tokens.size()), batch = recipe.integer("distill.batch");
  const std::string pooling = recipe.string("distill.pooling");
  Progress progress("distill", count);
  at::Tensor vectors;
  for (std::int64_t first = 0; first < count; first += batch) {
    const std::int64_t size = std::min(batch, count - first);
    std::vector<std::int64_t> ids;
    for (std::int64_t i = first; i < first + size; ++i) {
      ids.insert(ids.end(), vocabulary.before.begin(), vocabulary.before.end());
      ids.push_back(vocabulary.token_ids[static_cast<std::size_t>(i)]);
      ids.insert(ids.end(), vocabulary.behind.begin(), vocabulary.behind.end());
    }
    const at::Tensor input = at::tensor(ids, at::kLong).view({size, -1});  // a token each, so all are equally long
    const at::Tensor part = pooled(model.forward({.input_ids = input}), pooling, source);
    if (!vectors.defined()) vectors = at::empty({count, part.size(1)}, at::kFloat);
    vectors.narrow(0, first, size).copy_(part);
    progress.update(first + size);
  }
  if (!at::isfinite(vectors).all().item<bool>())
    fail({.where = source.folder().string(), .found = "vectors of tokens that are not finite", .expected = "numbers"},
         ErrorCode::data_loss);
  return vectors;
}

struct Reduced {
  at::Tensor table;      // [V, dim] float32
  double explained = 1;  // of the variance
};

Reduced reduced(at::Tensor vectors, const Recipe& recipe) {
  Reduced out{std::move(vectors)};
  const std::int64_t rows = out.table.size(0), width = out.table.size(1);
  std::int64_t dim = recipe.integer("distill.dim");
  if (dim > width) {
    log_warning("distill", "the model is {} wide: distill.dim = {} is taken as {}", width, dim, width);
    dim = width;
  }
  if (dim >= rows)
    log_warning("distill", "{} tokens have no {} principal components: the vectors stay as they are", rows, dim);
  else if (dim > 0)
    out.table = principal_components(out.table, dim, &out.explained);
  if (const double coefficient = recipe.number("distill.sif"); coefficient > 0)
    out.table = (out.table * zipf_weights(rows, coefficient).unsqueeze(1)).to(at::kFloat);
  return out;
}

// As model2vec writes it.
nlohmann::json config_of(const Recipe& recipe, const at::Tensor& table) {
  const double coefficient = recipe.number("distill.sif");
  const std::int64_t dim = recipe.integer("distill.dim");
  return {{"model_type", "model2vec"},
          {"architectures", {"StaticModel"}},
          {"tokenizer_name", recipe.string("distill.from")},
          {"apply_pca", dim > 0 ? nlohmann::json(dim) : nlohmann::json()},
          {"sif_coefficient", coefficient > 0 ? nlohmann::json(coefficient) : nlohmann::json()},
          {"hidden_dim", table.size(1)},
          {"seq_length", 1000000},
          {"max_length", 512},
          {"normalize", true},
          {"pooling", recipe.string("distill.pooling")},
          {"embedding_dtype", recipe.string("distill.dtype")}};
}

}  // namespace

void add_distill_keys(std::vector<RecipeKey>& keys) {
  keys.push_back({"distill.from", "string", "",
                  "Folder or hub name of the model whose vocabulary becomes a static embedding: a bytes encoder or a "
                  "causal model"});
  keys.push_back({"distill.tokenizer", "string", "", "Its tokenizer.json, or the folder of one; default: beside it"});
  keys.push_back({"distill.dim", "integer", 256, "Principal components kept; 0: the vectors as they are", 0, 65536});
  keys.push_back({"distill.sif", "number", 1e-4,
                  "Coefficient of the weights by rank, from Zipf's law: rare tokens count more; 0: no weights", 0, 1});
  keys.push_back(choice_key("distill.pooling", "mean", "How the vectors of a framed token become one",
                            {"mean", "first", "last", "pooler"}));
  keys.push_back({"distill.remove", "string", std::string(similarity::unused_tokens),
                  "Tokens that begin with this regular expression are left out; empty: none are"});
  keys.push_back(choice_key("distill.dtype", "float16", "What the table is written in", {"float16", "float32"}));
  keys.push_back(incidental({"distill.batch", "integer", 256, "Tokens that go through the model at once", 1, 1e6}));
}

void check_distill(const Recipe& recipe) {
  const HfSource source = teacher_of(recipe);
  role_of(source);
  similarity::read_teacher_vocabulary(tokenizer_of(recipe, "distill.tokenizer", source.folder()),
                                      recipe.string("distill.remove"));
  new_static_folder(recipe);
}

TaskOutcome distill_task(const Recipe& recipe, const TaskOptions& options) {
  refuse_training_options(recipe, options);
  if (recipe.integer("threads") > 0) at::set_num_threads(static_cast<int>(recipe.integer("threads")));
  const HfSource source = teacher_of(recipe);
  const fs::path target = new_static_folder(recipe);
  const TeacherVocabulary vocabulary = similarity::read_teacher_vocabulary(
      tokenizer_of(recipe, "distill.tokenizer", source.folder()), recipe.string("distill.remove"));
  const std::string plan =
      fmt::format("Teacher: {}, as {}\nTokens: {}, of {} positions each\n", source.name(), role_of(source),
                  vocabulary.tokens.size(), vocabulary.before.size() + 1 + vocabulary.behind.size());
  if (options.dry_run) return {plan + fmt::format("Writes: {}\n", target.string())};
  const auto start = Clock::now();
  const Reduced result = reduced(teacher_vectors(source, vocabulary, recipe), recipe);
  const at::ScalarType dtype = parse_float_dtype(recipe.string("distill.dtype"), "distill.dtype");
  const at::Tensor table = result.table.to(dtype);
  if (!at::isfinite(table).all().item<bool>())
    fail({.where = source.folder().string(),
          .found = fmt::format("a number that {} has not", float_dtype_name(dtype)),
          .expected = "finite numbers in its range",
          .mend = dtype == at::kHalf ? "Try distill.dtype = \"float32\"" : ""},
         ErrorCode::data_loss);
  write_static_folder(recipe, target, {"embeddings", table}, vocabulary.tokenizer, config_of(recipe, result.table));
  return {plan + fmt::format("Embedding: {} rows of {} columns, {:.1f} % of the variance, in {:.0f} s\n"
                             "Written: {}\nTry: welt text rank --model {} 'a text' 'another' 'a third'\n",
                             result.table.size(0), result.table.size(1), 100 * result.explained, seconds_since(start),
                             target.string(), target.string())};
}

}  // namespace welt
