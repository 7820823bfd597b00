// See recipe_keys.h. Here are the keys of a run and of training that belong to no table of their own.
#include "core/train/recipe_keys.h"

#include <algorithm>

#include "core/base/context.h"
#include "core/checkpoint/run_folder.h"
#include "core/data/recipe_keys.h"
#include "core/generate/settings.h"
#include "core/model/auxiliary_heads.h"
#include "core/model/objective.h"
#include "core/model/recipe_keys.h"
#include "core/model/welt_spec.h"
#include "core/recipe/choices.h"
#include "core/train/best.h"
#include "core/train/distill.h"
#include "core/train/extract.h"
#include "core/train/held_out.h"
#include "core/train/optimizers.h"
#include "core/train/schedule.h"
#include "core/train/tasks.h"
#include "core/train/train_embedding.h"

namespace welt {
namespace {

constexpr double no_limit = recipe_no_limit;

using Keys = std::vector<RecipeKey>;

void add_general(Keys& keys) {
  keys.push_back(incidental(table_key("task", "train", "What the run does", tasks())));
  keys.push_back(
      incidental({"name", "string", "", "Name of the run and of its folder; default: the recipe file's name"}));
  keys.push_back(incidental({"run_dir", "string", "runs", "Folder that holds the run folders"}));
  keys.push_back({"seed", "integer", 42, "Seed of initial weights, shuffling and dropout", 0, no_limit});
  keys.push_back(
      choice_key("precision", "fp32",
                 "fp32; amp: fp32 master weights with bf16 compute; bf16: weights and the optimizer's state too",
                 {"fp32", "amp", "bf16"}));
  keys.push_back(incidental({"threads", "integer", 0, "Threads for tensor work; 0: all cores", 0, 1024}));
}

void add_training(Keys& keys) {
  keys.push_back({"train.steps", "integer", 1000, "Optimizer steps", 0, no_limit});
  keys.push_back(
      incidental({"train.minutes", "number", 0.0, "Stop after that much wall time; 0: no limit", 0, no_limit}));
  keys.push_back({"train.batch", "integer", 32, "Rows of a batch", 1, 1e6});
  keys.push_back({"train.words", "integer", 128, "Words of a row", 2, 1e6});
  keys.push_back({"train.accumulate", "integer", 1, "Batches whose gradients make one optimizer step", 1, 1e6});
  keys.push_back(
      {"train.auto_micro_batch", "bool", false,
       "Where memory does not suffice for a batch, computes it in equal pieces and adds their gradients: the "
       "same rows a step, as with train.accumulate set by hand"});
  keys.push_back(
      incidental({"train.memory_gb", "number", 0.0,
                  "Gigabytes that training may take by its estimate; 0: what the machine has free", 0, 1e6}));
  add_objective_keys(keys);
  add_auxiliary_keys(keys);
  add_schedule_keys(keys);
  add_optimizer_keys(keys);
  keys.push_back({"train.clip", "number", 1.0, "Largest norm of the gradient; 0: no clipping", 0, no_limit});
  keys.push_back(choice_key("train.clip_by", "whole",
                            "whole: the norm of all gradients together; part: each part of the model by its own",
                            {"whole", "part"}));
  keys.push_back({"train.freeze_steps", "integer", 0,
                  "Steps at the start in which only byte tables, head, mappings and the norms between parts learn", 0,
                  no_limit});
  keys.push_back({"train.unfreeze_steps", "integer", 100,
                  "Steps after these in which the rate of the others rises from 0 to what it should be", 0, no_limit});
  keys.push_back({"train.ema", "number", 0.0,
                  "Keeps averages of the weights, which each step moves by 1 - this towards them; 0: none", 0,
                  0.9999999});
  keys.push_back(incidental({"train.log_every", "integer", 1, "Steps between two lines of log.jsonl", 1, no_limit}));
  keys.push_back(
      incidental({"train.eval_every", "integer", 0, "Steps between two evaluations; 0: only at the end", 0, no_limit}));
  keys.push_back(
      incidental({"train.eval_rows", "integer", 64, "Validation rows of an evaluation at most; 0: all", 0, no_limit}));
  keys.push_back(incidental({"train.tensorboard", "bool", true, "Write TensorBoard's event files, in tensorboard/"}));
  keys.push_back(
      incidental({"train.report", "bool", true, "Write report.html, anew at every evaluation and every half minute"}));
  add_best_keys(keys);
  keys.push_back(
      incidental({"train.checkpoint_every", "integer", 0,
                  "Steps between two checkpoints; 0: only at the end and when a signal ends the run", 0, no_limit}));
  keys.push_back(
      incidental({"train.keep_checkpoints", "integer", 2, "Checkpoints kept; older ones are removed", 1, 1e6}));
  keys.push_back(incidental(
      {"train.activation_checkpoint_every", "integer", 0,
       "Of every so many blocks of encoders, latent transformer and decoder, one keeps its input alone and is "
       "computed again in the backward: less memory, more time, the same gradients; 0: none",
       0, 1e6}));
  keys.push_back(incidental({"train.decoder_chunk_tokens", "integer", 8192,
                             "Decoder tokens computed at once: less memory, or fewer and larger calls", 64, 1e9}));
  add_part_keys(keys);
}

void add_samples(Keys& keys) {
  keys.push_back(incidental({"samples.prompts", "strings", nullptr,
                             "Prompts continued when training is over; default: beginnings of held-out documents"}));
  keys.push_back(incidental({"samples.count", "integer", 3, "Samples at most; 0: none", 0, 1000}));
  keys.push_back(incidental({"samples.words", "integer", 20, "Words of a sample", 0, 1e6}));
  keys.push_back(incidental({"samples.temperature", "number", 0.0, "0: always the most likely byte", 0, 100}));
  keys.push_back(incidental(
      {"samples.top_p", "number", 1.0, "Draw from the most likely bytes that have this probability", 1e-6, 1}));
}

void add_compatibility(Keys& keys) {
  keys.push_back({"compat.reference_compatible", "bool", false,
                  "Act like the Python reference in every point below that is not set by itself"});
  keys.push_back({"compat.pad_words_in_loss", "bool", false, "Count padding words in the loss"});
  keys.push_back(
      {"compat.blocks_cross_documents", "bool", false, "Let a prefix block be seen from other documents of its row"});
  keys.push_back({"compat.cut_words_end_text", "bool", false,
                  "A word cut off by the row's end learns the end of the text instead of nothing"});
  keys.push_back({"compat.nul_is_padding", "bool", false,
                  "The byte NUL inside a word is masked and not learnt, as if it were padding"});
  keys.push_back({"compat.five_step_dion2", "bool", false,
                  "Dion2 orthogonalises as it did when the reference was written: five_steps, if "
                  "train.orthogonalization is empty"});
  keys.push_back({"compat.schedule_from_zero", "bool", false,
                  "Step k takes the rate of step k - 1, so that with a warm-up the first step moves nothing"});
  keys.push_back({"compat.independent_modality_dropout", "bool", false,
                  "Leave out each encoder by a draw of its own, so that now and then no encoder is read"});
}

}  // namespace

const RecipeSchema& recipe_schema() {
  static const RecipeSchema schema([] {
    Keys all;
    add_general(all);
    add_model_keys(all);
    add_data_keys(all);
    add_training(all);
    add_evaluate_keys(all);
    add_samples(all);
    add_generate_keys(all);
    add_distill_keys(all);
    add_extract_keys(all);
    add_train_embedding_keys(all);
    add_compatibility(all);
    return all;
  }());
  return schema;
}

namespace {

// A recipe that starts from a whole checkpoint says of the model what that one's run says, or where there is none that
// one itself, where it says nothing itself.
void inherit_model(Recipe& recipe) {
  const std::filesystem::path from = recipe.string("model.from");
  std::error_code ignored;
  if (from.empty() || !std::filesystem::exists(from, ignored)) return;
  const nlohmann::json before = with_context(recipe.where("model.from") + ": model.from", [&]() -> nlohmann::json {
    const std::filesystem::path checkpoint = newest_checkpoint(from), trained = run_recipe(checkpoint);
    if (trained.empty()) return {{"model", WeltSpec::from_checkpoint(checkpoint).recipe_json()}};
    return Recipe::load(recipe_schema(), trained).json();
  });
  for (const char* part :
       {"model.kind", "model.encoding", "model.decoder_context", "model.further_words", "model.segmenter",
        "model.renderer", "model.bytes_encoder", "model.image_encoder", "model.latent", "model.decoder"}) {
    const bool another = std::ranges::any_of(recipe_schema().keys(), [&](const RecipeKey& key) {
      const std::string_view last = std::string_view(key.name).substr(key.name.rfind('.') + 1);
      std::string place = "/" + key.name;
      std::ranges::replace(place, '.', '/');
      return key.name.starts_with(std::string(part) + ".") &&
             (last == "plugin" || last == "from" || last == "preset") && recipe.given(key.name) &&
             recipe.string(key.name) != before.value(nlohmann::json::json_pointer(place), std::string());
    });
    if (!another) recipe.inherit(before, part);
  }
}

}  // namespace

Recipe load_recipe(const std::filesystem::path& path, const std::vector<std::string>& overrides) {
  Recipe recipe = Recipe::load(recipe_schema(), path, overrides);
  inherit_model(recipe);
  return recipe;
}

Recipe parse_recipe(std::string_view toml, const std::filesystem::path& origin,
                    const std::vector<std::string>& overrides) {
  Recipe recipe = Recipe::parse(recipe_schema(), toml, origin, overrides);
  inherit_model(recipe);
  return recipe;
}

}  // namespace welt
