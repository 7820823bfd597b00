// See extract.h.
#include "core/train/extract.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>

#include "core/base/error.h"
#include "core/similarity/teacher_vocabulary.h"
#include "core/train/codebook.h"
#include "core/train/static_folder.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using similarity::TeacherVocabulary;

// All that is told of the tables before a number is read.
struct Sources {
  TeacherVocabulary vocabulary;
  std::vector<Codebook> books;
};

// Models whose tables stand side by side have to mean the same token by a row.
void require_same_tokens(const TeacherVocabulary& first, const TeacherVocabulary& other, const std::string& from) {
  std::map<std::string_view, std::int64_t> ids;
  for (std::size_t i = 0; i < other.tokens.size(); ++i) ids.emplace(other.tokens[i], other.token_ids[i]);
  for (std::size_t i = 0; i < first.tokens.size(); ++i) {
    const auto found = ids.find(first.tokens[i]);
    if (found != ids.end() && found->second == first.token_ids[i]) continue;
    fail({.where = from,
          .found = found == ids.end() ? fmt::format("a vocabulary without the token \"{}\"", first.tokens[i])
                                      : fmt::format("the id {} for the token \"{}\"", found->second, first.tokens[i]),
          .expected = fmt::format("{}, as in the first model: only models of one vocabulary can stand side by side",
                                  first.token_ids[i])});
  }
}

Sources find_sources(const Recipe& recipe) {
  const std::vector<std::string> from = recipe.strings("extract.from"), tensors = recipe.strings("extract.tensors");
  if (from.empty())
    fail({recipe.where("extract.from") + ": extract.from", "no model is named", "from = [\"…\"], one or more", {}});
  if (!tensors.empty() && tensors.size() != from.size())
    fail({recipe.where("extract.tensors") + ": extract.tensors",
          fmt::format("{} names", tensors.size()),
          fmt::format("as many as there are models ({}), or none", from.size()),
          {}});
  const std::string remove = recipe.string("extract.remove");
  Sources out;
  const fs::path tokenizer = tokenizer_of(recipe, "extract.tokenizer", folder_of(from.front()));
  out.vocabulary = similarity::read_teacher_vocabulary(tokenizer, remove);
  const std::int64_t least = 1 + *std::ranges::max_element(out.vocabulary.token_ids);
  for (std::size_t i = 0; i < from.size(); ++i) {
    const fs::path own = folder_of(from[i]) / "tokenizer.json";
    std::error_code error;
    if (i > 0 && fs::is_regular_file(own, error) && !fs::equivalent(own, tokenizer, error))
      require_same_tokens(out.vocabulary, similarity::read_teacher_vocabulary(own, remove), from[i]);
    out.books.push_back(find_codebook(from[i], tensors.empty() ? "" : tensors[i], least));
  }
  return out;
}

std::string plan_of(const Sources& sources) {
  std::string text = fmt::format("Tokens: {}\n", sources.vocabulary.tokens.size());
  for (const Codebook& book : sources.books)
    text += fmt::format("Table: {} of {}, {} {}\n", book.tensor, book.file.string(), shape_text(book.rows.sizes()),
                        safetensors_dtype(book.rows.scalar_type()));
  return text;
}

// The rows of the tokens that are kept, of all tables side by side.   [V, ΣD]
at::Tensor table_of(const Sources& sources, at::ScalarType dtype) {
  const at::NoGradGuard no_grad;
  const at::Tensor rows = at::tensor(sources.vocabulary.token_ids, at::kLong);
  std::vector<at::Tensor> parts;
  for (const Codebook& book : sources.books) {
    parts.push_back(book.rows.index_select(0, rows).to(dtype));
    if (!at::isfinite(parts.back()).all().item<bool>())
      fail({.where = fmt::format("{}: {}", book.file.string(), book.tensor),
            .found = fmt::format("a number that {} has not", float_dtype_name(dtype)),
            .expected = "finite numbers in its range",
            .mend = dtype == at::kHalf ? "Try extract.dtype = \"float32\"" : ""},
           ErrorCode::data_loss);
  }
  return at::cat(parts, 1);
}

}  // namespace

void add_extract_keys(std::vector<RecipeKey>& keys) {
  keys.push_back({"extract.from", "strings", nullptr,
                  "Models whose token tables are taken, side by side: safetensors files, folders or hub names"});
  keys.push_back({"extract.tensors", "strings", nullptr, "Names of the tables, one for each model; default: found"});
  keys.push_back(
      {"extract.tokenizer", "string", "", "Their tokenizer.json, or the folder of one; default: that of the first"});
  keys.push_back({"extract.remove", "string", std::string(similarity::unused_tokens),
                  "Tokens that begin with this regular expression are left out, beside those that frame texts; empty: "
                  "none are"});
  keys.push_back(choice_key("extract.dtype", "float16", "What the table is written in", {"float16", "float32"}));
}

void check_extract(const Recipe& recipe) {
  find_sources(recipe);
  new_static_folder(recipe);
}

TaskOutcome extract_task(const Recipe& recipe, const TaskOptions& options) {
  refuse_training_options(recipe, options);
  const fs::path target = new_static_folder(recipe);
  const Sources sources = find_sources(recipe);
  const std::string plan = plan_of(sources);
  if (options.dry_run) return {plan + fmt::format("Writes: {}\n", target.string())};
  const at::Tensor table = table_of(sources, parse_float_dtype(recipe.string("extract.dtype"), "extract.dtype"));
  write_static_folder(recipe, target, {"embedding.weight", table}, sources.vocabulary.tokenizer, {});
  return {plan + fmt::format("Written: {}, {} rows of {} columns\nTry: welt text rank --model {} 'a text' 'another'\n",
                             target.string(), table.size(0), table.size(1), target.string())};
}

}  // namespace welt
