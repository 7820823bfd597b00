// See session.h.
#include "core/train/session.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/checkpoint/model_files.h"
#include "core/checkpoint/pack_ternary.h"
#include "core/checkpoint/run_folder.h"
#include "core/data/blocks.h"
#include "core/model/byte_lm.h"
#include "core/plugin/static_plugins.h"
#include "core/plugin/strings.h"
#include "core/tensor/offers.h"
#include "core/tensor/random.h"
#include "core/text/segmenter.h"
#include "core/train/micro_batches.h"
#include "core/train/recipe_keys.h"
#include "core/train/recipe_sources.h"
#include "core/train/recipe_text.h"
#include "core/train/samples.h"
#include "core/train/training_state.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

// `name`: data.train or data.validation, which says how `text` is read.
DatasetOptions dataset_options(const Recipe& recipe, const std::string& name, const RecipeText& text,
                               const WeltModel& model, std::int64_t micro_batches = 1) {
  DatasetOptions options{source_options(recipe, name, text)};
  if (name == "data.train") options.sources = recipe_sources(recipe);
  options.temperature = recipe.number("data.temperature");
  options.cache = recipe.string("data.cache");
  options.window_words = recipe.integer("data.window_words");
  options.batch = recipe.integer("train.batch") / micro_batches;
  options.words = recipe.integer("train.words");
  options.max_bytes = is_byte_lm(model.spec()) ? 0 : model.spec().segmenter.max_bytes;
  options.units = model.units();
  options.packing = recipe.string("data.packing");
  options.shuffle = recipe.boolean("data.shuffle");
  options.seed = static_cast<std::uint64_t>(recipe.integer("seed"));
  options.prefetch = recipe.integer("data.prefetch");
  options.compat.blocks_cross_documents = recipe.boolean("compat.blocks_cross_documents");
  options.compat.pad_words = recipe.boolean("compat.pad_words_in_loss");
  options.compat.cut_words_end_text = recipe.boolean("compat.cut_words_end_text");
  options.compat.nul_is_padding = recipe.boolean("compat.nul_is_padding");
  return options;
}

// The limits that one part sets and another must keep.
void check_limits(const Recipe& recipe, const WeltModel& model) {
  const SegmenterSpec& segmenter = model.spec().segmenter;
  const std::int64_t row = segmenter.max_bytes + 2;
  const auto check = [&](const std::string& key, std::int64_t needed, std::int64_t limit, const std::string& who,
                         const std::string& mend) {
    // A checkpoint says itself how long its words are (or the default holds where it does not).
    const bool said = !key.starts_with("model.") || recipe.integer(key) == segmenter.max_bytes;
    if (limit > 0 && needed > limit)
      fail({said ? recipe.where(key) + ": " + key
                 : fmt::format("{}: max_bytes {}", segmenter.where, segmenter.max_bytes),
            fmt::format("rows of up to {} positions, but the {} has {}", needed, who, limit),
            {},
            mend});
  };
  const WeltModel::Limits limits = model.limits();
  const std::string bytes = "model.segmenter.max_bytes";
  check(bytes, row, limits.bytes_encoder, "bytes encoder", "Lower it, or raise config.max_position_embeddings");
  check(bytes, segmenter.max_bytes + 1 + model.spec().decoder_context, limits.decoder, "decoder",
        "Lower it (or model.decoder_context), or raise config.max_position_embeddings");
  check("train.words", recipe.integer("train.words"), limits.latent,
        is_byte_lm(model.spec()) ? "decoder" : "latent transformer",
        "Lower it, or raise config.max_position_embeddings");
}

std::string place_of(const Recipe& recipe, const std::string& key) { return recipe.where(key) + ": " + key; }

// All that the words of a text depend on beside the text.
std::string words_identity(const SegmenterSpec& spec, const Component& segmenter) {
  return json_text(nlohmann::json{{"plugin", spec.type->plugin->note.id},
                                  {"version", text_of(host().version)},
                                  {"sha256", hash_of(*spec.type->plugin)},
                                  {"config", spec.config},
                                  {"data", Segmenter(segmenter).fingerprint()}});
}

// What the text has to do with the model: a transformer over it that never looks ahead takes no prefix blocks.
std::shared_ptr<const Dataset> open_text(const Recipe& recipe, const std::string& key, const DatasetOptions& options,
                                         const WeltModel& model, const Component& segmenter,
                                         std::shared_ptr<WordDrawer> drawer = nullptr) {
  DatasetOptions keyed = options;
  keyed.words_identity = is_byte_lm(model.spec()) ? "bytes" : words_identity(model.spec().segmenter, segmenter);
  std::shared_ptr<const Dataset> text = is_byte_lm(model.spec()) ? Dataset::open(keyed, split_into_bytes)
                                                                 : Dataset::open(keyed, segmenter, std::move(drawer));
  check_blocks(text->statistics().prefix_blocks, *over_text(model.spec()).type, place_of(recipe, key));
  return text;
}

// Gradients pass by weights that are kept in 2 bits.
void refuse_packed(const WeltModel& model) {
  for (const WeltModel::Part& part : model.parts()) {
    if (part.component == nullptr) continue;
    const auto packed = [](const NamedParameter& one) { return one.name.ends_with(packed_ending); };
    if (std::ranges::any_of(part.component->parameters(), packed))
      fail({part.slot, "weights in 2 bits (packed_weights), which cannot be trained", "a model whose weights are whole",
            "Train the checkpoint that they were packed from, and pack the trained one: welt checkpoint convert "
            "--ternary"},
           ErrorCode::failed_precondition);
  }
}

void set_checkpointing(const Recipe& recipe, const WeltModel& model) {
  const std::string key = "train.activation_checkpoint_every";
  const std::int64_t blocks = recipe.integer(key);
  if (blocks == 0) return;
  for (const WeltModel::Part& part : model.parts())
    if (part.component != nullptr && !checkpoint_every(*part.component, blocks))
      log_warning("train", "{}: the plugin of {} does no activation checkpointing: it keeps what it computes",
                  place_of(recipe, key), part.slot);
}

// What `key` names: a checkpoint, or a run, of which the newest is taken; that is said.
fs::path named_checkpoint(const Recipe& recipe, const std::string& key) {
  const fs::path named = recipe.string(key), folder = find_checkpoint(named);
  if (folder != named) log_info("model", "{}: the newest checkpoint of {} is {}", key, named.string(), folder.string());
  return folder;
}

// What the recipe changes about the model of its `from`. Throws Error for what only training could change.
SpecChanges changes_of(const Recipe& recipe, const fs::path& checkpoint) {
  const fs::path trained = run_recipe(checkpoint);
  if (trained.empty()) return changes_of_checkpoint(WeltSpec::from_checkpoint(checkpoint), recipe);
  const Recipe before = load_recipe(trained);
  refuse_other_changes(before, recipe);
  return encoder_changes(&before, recipe);
}

// `pieces`: how many a batch is split into, of the run that goes on in, then of this one.
WeltModel open_model(const Recipe& recipe, SessionUse use, const std::optional<std::filesystem::path>& checkpoint,
                     const SpecChanges& changes, std::int64_t& pieces) {
  const std::string from = recipe.string("model.from"), init_from = recipe.string("model.init_from");
  const auto check_room = [&](const WeltSpec& spec) {  // before anything is taken: a model may have any size
    if (use == SessionUse::train) pieces = micro_batches(recipe, spec, pieces);
  };
  const auto load = [&](const fs::path& folder, const SpecChanges& with) {
    WeltSpec spec = WeltSpec::from_checkpoint(folder);
    check_room(spec);
    spec.apply(with);
    WeltModel model = load_model(folder, std::move(spec));
    check_versions(recipe, model.spec());
    return model;
  };
  if (checkpoint) return load(*checkpoint, changes);
  if (!from.empty() && !init_from.empty())
    fail({recipe.where("model.init_from") + ": model.init_from", "model.from is given too", "one of the two",
          "`from` takes the whole model of a checkpoint, `init_from` its weights for the model of this recipe"});
  if (!from.empty()) {
    const fs::path folder = named_checkpoint(recipe, "model.from");
    return load(folder, changes_of(recipe, folder));
  }
  WeltSpec spec = WeltSpec::from_recipe(recipe);
  check_room(spec);
  WeltModel model(std::move(spec));
  if (!init_from.empty())
    with_context(recipe.where("model.init_from") + ": model.init_from", [&] {
      welt::init_from(model, named_checkpoint(recipe, "model.init_from"), recipe.boolean("model.init_strict"));
    });
  return model;
}

void start_threads_and_generator(const Recipe& recipe) {
  if (recipe.integer("threads") > 0) at::set_num_threads(static_cast<int>(recipe.integer("threads")));
  seed_default_generator(static_cast<std::uint64_t>(recipe.integer("seed")), RandomPurpose::initialise);
}

// In how many pieces the run that goes on computed each batch; of a batch of another size memory decides anew.
std::int64_t pieces_before(const Recipe& recipe, const fs::path& checkpoint) {
  const std::int64_t pieces = TrainingState::load(checkpoint).micro_batches;
  if (pieces == 1 || !recipe.boolean("train.auto_micro_batch")) return 1;
  const fs::path before = run_recipe(checkpoint);
  const std::string batch = "train.batch";
  return !before.empty() && load_recipe(before).integer(batch) == recipe.integer(batch) ? pieces : 1;
}

}  // namespace

void check_model(const Recipe& recipe, SessionUse use) {
  const std::string from = recipe.string("model.from");
  const fs::path folder = from.empty() ? fs::path() : find_checkpoint(from);
  WeltSpec spec = from.empty() ? WeltSpec::from_recipe(recipe) : WeltSpec::from_checkpoint(folder);
  if (!from.empty()) spec.apply(changes_of(recipe, folder));
  WeltModel model = WeltModel::outline(std::move(spec));
  if (!from.empty()) {
    check_versions(recipe, model.spec());
    check_swapped_width(model, folder);
  }
  check_limits(recipe, model);
  if (use == SessionUse::train) {
    auxiliary_options(recipe, model.spec());
    refuse_packed(model);
    micro_batches(recipe, model.spec());
  }
  const TextFrontEnd text(model);
  if (use == SessionUse::train) check_samples(model, text, recipe);
  check_held_out(recipe, model);
  if ((over_text(model.spec()).type->flags & WELT_COMPONENT_STRICTLY_CAUSAL) == 0) return;
  const auto check = [&](const std::string& name, const RecipeText& named) {
    if (!named.files.empty())
      open_text(recipe, named.key, dataset_options(recipe, name, named, model), model, text.segmenter_component());
  };
  if (names_training_text(recipe)) check("data.train", training_text(recipe));
  check("data.validation", held_out_text(recipe));
}

WeltModel open_starting_model(const Recipe& recipe) {
  start_threads_and_generator(recipe);
  std::int64_t pieces = 1;
  WeltModel model = open_model(recipe, SessionUse::evaluate, {}, {}, pieces);
  model.to(at::kCPU, weights_dtype(recipe));  // one of model.from may have another
  check_limits(recipe, model);
  refuse_packed(model);
  const TextFrontEnd text(model);  // the fingerprints of segmenter and renderer become the model's
  return model;
}

Session open_session(const Recipe& recipe, SessionUse use, const std::optional<std::filesystem::path>& checkpoint,
                     const SpecChanges& changes) {
  start_threads_and_generator(recipe);
  std::int64_t pieces = checkpoint && use == SessionUse::train ? pieces_before(recipe, *checkpoint) : 1;
  Session session{.model = open_model(recipe, use, checkpoint, changes, pieces)};
  session.micro_batches = pieces;
  session.model.set_objective(objective_of(recipe));
  if (use == SessionUse::train) session.model.set_auxiliary(auxiliary_options(recipe, session.model.spec()));
  session.model.to(at::kCPU, weights_dtype(recipe));  // a model that the run starts from may have another
  session.chunk_tokens = recipe.integer("train.decoder_chunk_tokens");
  session.amp = recipe.string("precision") == "amp";
  check_limits(recipe, session.model);
  const auto cache_bytes = static_cast<std::size_t>(recipe.integer("data.image_cache_mb")) << 20;
  session.text = std::make_shared<TextFrontEnd>(session.model, cache_bytes);
  const Component& segmenter = session.text->segmenter_component();
  const std::shared_ptr<WordDrawer>& drawer = session.text->drawer();

  check_held_out(recipe, session.model);
  if (use == SessionUse::train) {
    refuse_packed(session.model);
    check_samples(session.model, *session.text, recipe);
    set_checkpointing(recipe, session.model);
  }
  const RecipeText held_out = held_out_text(recipe);
  const double share = held_out_share(recipe);
  const auto open_part = [&](DataSplit split) {
    const RecipeText text = training_text(recipe);
    DatasetOptions options = dataset_options(recipe, "data.train", text, session.model, pieces);
    options.validation_fraction = share;
    options.split = split;
    return open_text(recipe, text.key, options, session.model, segmenter, drawer);
  };
  if (use == SessionUse::train) {
    session.train = open_part(share > 0 ? DataSplit::train : DataSplit::all);
    if (session.train->rows() == 0)
      fail(
          {recipe.where("data.train.files") + ": data.train.files", "the files hold no text", "at least one word", {}});
  }
  if (!held_out.files.empty()) {
    if (recipe.number("data.validation.fraction") > 0 && held_out.is_prepared)
      log_warning("data", "{}: not used, data.prepared has held-out text of its own",
                  place_of(recipe, "data.validation.fraction"));
    const DatasetOptions validation = dataset_options(recipe, "data.validation", held_out, session.model, pieces);
    session.validation = open_text(recipe, held_out.key, validation, session.model, segmenter, drawer);
    session.held_out = open_held_out(recipe, validation, session.model, *session.text);
  } else if (share > 0) {
    session.validation = open_part(DataSplit::validation);
  }
  if (session.validation) {
    session.validation_batches = session.validation->evaluation_batches(recipe.integer("train.eval_rows"));
    std::int64_t labels = 0;
    for (const Batch& batch : session.validation_batches) {
      session.validation_rows += batch.rows;
      labels += std::ranges::count_if(batch.label, [](auto word) { return word >= 0; });
    }
    // Every word once, and the end of every document.
    const DatasetStatistics& text = session.validation->statistics();
    session.validation_complete = labels >= text.words + text.documents;
  }
  return session;
}

}  // namespace welt
