// See session.h.
#include "core/train/session.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/checkpoint/model_files.h"
#include "core/checkpoint/run_folder.h"
#include "core/data/blocks.h"
#include "core/tensor/offers.h"
#include "core/tensor/random.h"
#include "core/train/memory.h"
#include "core/train/recipe_keys.h"
#include "core/train/samples.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

DatasetOptions dataset_options(const Recipe& recipe, const std::string& name, const WeltModel& model) {
  DatasetOptions options;
  options.name = name;
  options.format = recipe.string(name + ".format");
  options.field = recipe.string(name + ".field");
  options.on_invalid = recipe.string(name + ".on_invalid");
  options.batch = recipe.integer("train.batch");
  options.words = recipe.integer("train.words");
  options.max_bytes = model.spec().segmenter.max_bytes;
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
  check("train.words", recipe.integer("train.words"), limits.latent, "latent transformer",
        "Lower it, or raise config.max_position_embeddings");
}

std::string place_of(const Recipe& recipe, const std::string& key) { return recipe.where(key) + ": " + key; }

// What the text has to do with the model: a latent transformer that never looks ahead takes no prefix blocks.
std::shared_ptr<const Dataset> open_text(const Recipe& recipe, const DatasetOptions& options, const WeltModel& model,
                                         const Component& segmenter, std::shared_ptr<WordDrawer> drawer = nullptr) {
  std::shared_ptr<const Dataset> text = Dataset::open(options, segmenter, std::move(drawer));
  check_blocks(text->statistics().prefix_blocks, *model.spec().latent.type, place_of(recipe, options.name + ".files"));
  return text;
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

WeltModel open_model(const Recipe& recipe, SessionUse use, const std::optional<std::filesystem::path>& checkpoint,
                     const SpecChanges& changes) {
  const std::string from = recipe.string("model.from"), init_from = recipe.string("model.init_from");
  const auto check_room = [&](const WeltSpec& spec) {  // before anything is taken: a model may have any size
    if (use == SessionUse::train) check_memory(recipe, spec);
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
  if (use == SessionUse::train) check_memory(recipe, model.spec());
  const TextFrontEnd text(model);
  if (use == SessionUse::train) check_samples(model, text, recipe);
  if ((model.spec().latent.type->flags & WELT_COMPONENT_STRICTLY_CAUSAL) == 0) return;
  for (const std::string name : {"data.train", "data.validation"}) {
    if (recipe.strings(name + ".files").empty()) continue;
    DatasetOptions options = dataset_options(recipe, name, model);
    options.files = recipe.resolve_files(name + ".files");
    open_text(recipe, options, model, text.segmenter_component());
  }
}

Session open_session(const Recipe& recipe, SessionUse use, const std::optional<std::filesystem::path>& checkpoint,
                     const SpecChanges& changes) {
  if (recipe.integer("threads") > 0) at::set_num_threads(static_cast<int>(recipe.integer("threads")));
  seed_default_generator(static_cast<std::uint64_t>(recipe.integer("seed")), RandomPurpose::initialise);
  Session session{.model = open_model(recipe, use, checkpoint, changes)};
  session.model.set_objective(objective_of(recipe));
  session.model.to(at::kCPU, weights_dtype(recipe));  // a model that the run starts from may have another
  session.chunk_tokens = recipe.integer("train.decoder_chunk_tokens");
  session.amp = recipe.string("precision") == "amp";
  check_limits(recipe, session.model);
  const auto cache_bytes = static_cast<std::size_t>(recipe.integer("data.image_cache_mb")) << 20;
  session.text = std::make_shared<TextFrontEnd>(session.model, cache_bytes);
  const Component& segmenter = session.text->segmenter_component();
  const std::shared_ptr<WordDrawer>& drawer = session.text->drawer();

  if (use == SessionUse::train) {
    check_samples(session.model, *session.text, recipe);
    set_checkpointing(recipe, session.model);
  }
  const double fraction = recipe.number("data.validation.fraction");
  const bool own_validation = !recipe.strings("data.validation.files").empty();
  DatasetOptions train = dataset_options(recipe, "data.train", session.model);
  if (use == SessionUse::train || !own_validation) train.files = recipe.resolve_files("data.train.files");
  if (use == SessionUse::train) {
    train.validation_fraction = own_validation ? 0.0 : fraction;
    train.split = train.validation_fraction > 0 ? DataSplit::train : DataSplit::all;
    session.train = open_text(recipe, train, session.model, segmenter, drawer);
    if (session.train->rows() == 0)
      fail(
          {recipe.where("data.train.files") + ": data.train.files", "the files hold no text", "at least one word", {}});
  }
  if (own_validation) {
    DatasetOptions validation = dataset_options(recipe, "data.validation", session.model);
    validation.files = recipe.resolve_files("data.validation.files");
    session.validation = open_text(recipe, validation, session.model, segmenter, drawer);
  } else if (fraction > 0) {
    train.validation_fraction = fraction;
    train.split = DataSplit::validation;
    session.validation = open_text(recipe, train, session.model, segmenter, drawer);
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
