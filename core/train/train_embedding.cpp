// See train_embedding.h.
#include "core/train/train_embedding.h"
#include "core/train/training_loop.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/base/shell.h"
#include "core/recipe/choices.h"
#include "core/similarity/teacher_vocabulary.h"
#include "core/tensor/tensor_io.h"
#include "core/train/embedding_run.h"
#include "core/train/optimizers.h"
#include "core/train/pair_losses.h"
#include "core/train/pins.h"
#include "core/train/resume.h"
#include "core/train/schedule.h"
#include "core/train/static_folder.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

// "256, 128, 64".
std::vector<std::int64_t> dims_of(const Recipe& recipe, std::int64_t width) {
  const std::string key = "embedding.dims", text = recipe.string(key);
  const auto refuse = [&](const std::string& found, const std::string& expected) {
    fail({.where = fmt::format("{}: {}", recipe.where(key), key),
          .found = fmt::format("\"{}\"{}", text, found),
          .expected = expected});
  };
  std::vector<std::int64_t> dims;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::size_t first = std::min(text.find_first_not_of(' ', at), end);
    std::int64_t dim = 0;
    const auto [last, error] = std::from_chars(text.data() + first, text.data() + end, dim);
    const std::string_view behind(last, static_cast<std::size_t>(text.data() + end - last));
    if (error != std::errc{} || dim < 1 || behind.find_first_not_of(' ') != behind.npos)
      refuse("", "numbers of columns with commas between them: \"256, 128, 64\"");
    if (!dims.empty() && dim >= dims.back()) refuse("", "each number smaller than the one before it");
    dims.push_back(dim);
    at = end + 1;
  }
  if (dims.front() > width)
    refuse(fmt::format(", but the table has {} columns", width), fmt::format("{} columns at most", width));
  return dims;
}

EmbeddingSource find_source(const Recipe& recipe) {
  const std::string from = recipe.string("embedding.from");
  if (from.empty())
    fail({recipe.where("embedding.from") + ": embedding.from",
          "no table is named",
          "a safetensors file, a folder or hub name of a model or of a static embedding",
          {}});
  EmbeddingSource out;
  out.tokenizer = tokenizer_of(recipe, "embedding.tokenizer", folder_of(from));
  similarity::TeacherVocabulary vocabulary =
      similarity::read_teacher_vocabulary(out.tokenizer, recipe.string("embedding.remove"));
  const std::int64_t least = 1 + *std::ranges::max_element(vocabulary.token_ids);
  out.book = find_codebook(from, recipe.string("embedding.tensor"), least);
  // Tables are padded, and tokens that frame texts may come last; more rows are another model's.
  const std::int64_t most = least + least / 32 + 8, rows = out.book.rows.size(0);
  if (rows > most)
    fail({.where = fmt::format("{} and {}", out.tokenizer.string(), out.book.file.string()),
          .found = fmt::format("{} tokens, but {} rows", least, rows),
          .expected = "a tokenizer and a table of one model",
          .mend = "Name its tokenizer with embedding.tokenizer"},
         ErrorCode::failed_precondition);
  out.tokenizer_json = std::move(vocabulary.tokenizer);
  out.token_ids = std::move(vocabulary.token_ids);
  out.dims = dims_of(recipe, out.book.rows.size(1));
  return out;
}

// Keys that would do nothing here: a person who wrote them expects something.
void refuse_unused(const Recipe& recipe) {
  for (const char* key : {"train.ema", "train.best_metric", "train.patience", "train.auto_micro_batch",
                          "train.freeze_steps", "train.clip_by", "train.activation_checkpoint_every", "data.sources",
                          "data.template", "data.language", "data.limit", "data.keep_linebreaks"}) {
    std::string place = fmt::format("/{}", key);
    std::ranges::replace(place, '.', '/');
    const nlohmann::json fallback = recipe.schema().find(key)->fallback,
                         value = recipe.json().value(nlohmann::json::json_pointer(place), fallback);
    if (value == fallback || value.empty()) continue;
    fail({.where = fmt::format("{}: {}", recipe.where(key), key),
          .found = "a static embedding is trained without it",
          .expected = "task = \"train\"",
          .mend = "Leave it out"});
  }
}

std::string plan_of(const Recipe& recipe, const EmbeddingSource& source) {
  return fmt::format("Tokens: {}\nTable: {} of {}, {} {}\nColumns: {}{}\n", source.token_ids.size(), source.book.tensor,
                     source.book.file.string(), shape_text(source.book.rows.sizes()),
                     safetensors_dtype(source.book.rows.scalar_type()), fmt::join(source.dims, ", "),
                     recipe.string("embedding.binarizer") == "none"
                         ? std::string()
                         : fmt::format(", as signs ({})", recipe.string("embedding.binarizer")));
}

std::string resumed_plan(const Recipe& recipe, const TaskOptions& options) {
  check_allowed(recipe.schema(), options.allow_changes);
  const fs::path run = run_to_resume(recipe);
  if (run.empty()) return {};
  check_same_recipe(recipe, run, options.allow_changes);
  const ResumePoint point = find_resume_point(recipe, run);
  return point.finished
             ? fmt::format("Resume: {} is finished\n", run.string())
             : fmt::format("Resume: goes on behind step {}, from {}\n", point.state.step, point.checkpoint.string());
}

std::string share_text(const nlohmann::json& figures, const char* name, std::int64_t dim) {
  const auto inner = figures.find(name);  // an object after training, "accuracy/64" as the log has it before
  const std::string number = std::to_string(dim), flat = fmt::format("{}/{}", name, number);
  const nlohmann::json* value = nullptr;
  if (inner != figures.end() && inner->is_object() && inner->contains(number)) value = &inner->at(number);
  if (value == nullptr && figures.contains(flat)) value = &figures.at(flat);
  return value == nullptr ? "" : fmt::format("{:.1f} %", 100 * value->get<double>());
}

std::string report_of(const Recipe& recipe, const EmbeddingSource& source, const EmbeddingResult& result) {
  if (result.finished_before)
    return fmt::format(
        "{} is finished: step {} of {}. Nothing was changed.\nTry: welt text rank --model {} 'a text' "
        "'another' 'a third'\n",
        result.run.string(), result.last_step, result.steps, shell_word(result.embedding.string()));
  if (result.signal) return stopped_text(result.signal, result.last_step, result.steps, result.checkpoint, result.run);
  std::string text =
      fmt::format("\nTrained {} parameters, {} steps, in {:.0f} s, peak memory {:.0f} MB\n", result.parameters,
                  result.last_step, result.seconds, static_cast<double>(result.peak_memory) / 1e6);
  if (result.last_step < result.steps)
    text +=
        fmt::format("Stopped by train.minutes = {} before step {}.\n", recipe.number("train.minutes"), result.steps);
  if (!result.after.is_null()) {
    text += fmt::format("\n{} held-out pairs, the second text ranked first among those of its batch\n",
                        result.after.at("pairs").get<std::int64_t>());
    text += fmt::format("  {:>7} {:>10} {:>10} {:>14} {:>14}\n", "columns", "before", "after", "signs, before",
                        "signs, after");
    const nlohmann::json before = result.before.is_null() ? nlohmann::json::object() : result.before;
    for (const std::int64_t dim : source.dims)
      text += fmt::format("  {:>7} {:>10} {:>10} {:>14} {:>14}\n", dim, share_text(before, "accuracy", dim),
                          share_text(result.after, "accuracy", dim), share_text(before, "binary_accuracy", dim),
                          share_text(result.after, "binary_accuracy", dim));
    text += fmt::format("  loss {}{:.4f}\n",
                        before.contains("loss") ? fmt::format("{:.4f} → ", before.at("loss").get<double>()) : "",
                        result.after.at("loss").get<double>());
  }
  return text + fmt::format(
                    "\nWritten: {}, {} rows of {} columns\nTry: welt text rank --model {} 'a text' 'another' "
                    "'a third'\n",
                    result.embedding.string(), result.rows, source.dims.front(), shell_word(result.embedding.string()));
}

}  // namespace

void add_train_embedding_keys(std::vector<RecipeKey>& keys) {
  keys.push_back({"embedding.from", "string", "",
                  "The table to start from: a safetensors file, or a folder or hub name of a model or of a static "
                  "embedding"});
  keys.push_back({"embedding.tensor", "string", "", "Name of the table; default: found by shape and name"});
  keys.push_back({"embedding.tokenizer", "string", "", "Its tokenizer.json, or the folder of one; default: beside it"});
  keys.push_back({"embedding.remove", "string", std::string(similarity::unused_tokens),
                  "Tokens that begin with this regular expression are left out, beside those that frame texts; empty: "
                  "none are"});
  keys.push_back({"embedding.dims", "string", "256, 128, 64",
                  "Numbers of columns that are trained at once, descending; the first is the table's"});
  keys.push_back({"embedding.standardize", "bool", true,
                  "Columns of the table begin with mean 0 and deviation 1 over the tokens of the training texts"});
  keys.push_back({"embedding.train_codebook", "bool", false, "The rows of the table learn, too"});
  keys.push_back({"embedding.scale", "number", 20.0, "Cosines are multiplied by it before the softmax", 1e-3, 1e4});
  keys.push_back(table_key("embedding.binarizer", "none", "What the loss sees of a text's vector", binarizers()));
  keys.push_back({"embedding.reste_power", "number", 1.0, "The root's degree of reste; 1 is WordLlama's", 1, 100});
  keys.push_back({"embedding.max_tokens", "integer", 256, "Tokens of a text at most; the rest is cut off", 1, 1e6});
  add_pair_keys(keys);
}

void check_train_embedding(const Recipe& recipe) {
  refuse_unused(recipe);
  optimizer_of(recipe);
  schedule_options(recipe);
  check_pairs(recipe);
  find_source(recipe);
}

TaskOutcome train_embedding_task(const Recipe& recipe, const TaskOptions& options) {
  if (options.profile > 0)
    fail({recipe.path().string(), "--profile with task = \"train-embedding\"", "task = \"train\"",
          "Leave --profile out"});
  refuse_unused(recipe);
  check_pairs(recipe);
  const EmbeddingSource source = find_source(recipe);
  if (options.dry_run) {
    const PairSplit pairs = read_pairs(recipe, similarity::TextIds(source.tokenizer_json, source.tokenizer.string()));
    return {plan_of(recipe, source) +
            fmt::format("Pairs: {}, {} tokens; held out: {}\n", pairs.train.size(), pairs.train.tokens(),
                        pairs.held_out.size()) +
            (options.resume ? resumed_plan(recipe, options) : std::string())};
  }
  const EmbeddingResult result = run_embedding(recipe, options, source);
  return {report_of(recipe, source, result), result.signal ? 128 + result.signal : 0};
}

}  // namespace welt
