// See recipe_keys.h.
#include "core/data/recipe_keys.h"

#include <cstdint>
#include <string>

#include "core/data/dataset.h"
#include "core/data/source.h"
#include "core/recipe/choices.h"

namespace welt {
namespace {

void add_source(std::vector<RecipeKey>& keys, const std::string& table, const std::string& documents) {
  keys.push_back({table + ".files", "strings", nullptr, "Files of " + documents + ", with * ? [] as wildcards"});
  keys.push_back(table_key(table + ".format", "auto", "What a document is", document_formats()));
  keys.push_back({table + ".field", "string", "text", "Field of a JSON line that holds the document"});
  keys.push_back(choice_key(table + ".on_invalid", "error",
                            "Text that is not UTF-8: stop, replace the bad bytes by U+FFFD, or skip the document",
                            data_on_invalid()));
}

}  // namespace

void add_data_keys(std::vector<RecipeKey>& keys) {
  add_source(keys, "data.train", "training documents");
  add_source(keys, "data.validation", "validation documents");
  keys.push_back({"data.validation.fraction", "number", 0.0,
                  "Share of the training documents held out when there is no held-out text of its own", 0, 0.5});
  keys.push_back({"data.prepared", "string", "",
                  "Folder that `welt data prepare` or the Python tool has written, in place of data.train.files; its "
                  "validation shards are the held-out text unless data.validation.files is given"});
  keys.push_back(
      {"data.template", "strings", nullptr,
       "Text made of a row's fields, as --text_template of `welt data prepare` has it: [\"{translation[en]}\"]; two "
       "texts are prefix and completion, which training reads joined. Empty: data.*.field alone"});
  keys.push_back({"data.language", "string", "", "Only rows whose field \"language\" says so; empty: all"});
  keys.push_back(
      {"data.limit", "integer", 0, "Training documents at most, the first ones; 0: all", 0, recipe_no_limit});
  keys.push_back({"data.keep_linebreaks", "bool", false, "Format lines: \"\\n\" stays at the end of a document"});
  keys.push_back({"data.sources", "tables", nullptr,
                  "Texts that are trained on together, in place of data.train.files: files, prepared or from; name, "
                  "format, field, on_invalid, template, language, limit, keep_linebreaks; weight, or repeat"});
  keys.push_back({"data.temperature", "number", 1.0,
                  "Shares of data.sources without weights are as words^(1/temperature): above 1 more even", 0.01,
                  1000});
  keys.push_back({"data.window_words", "integer", std::int64_t{1} << 25,
                  "A text of more words is packed and shuffled in windows of so many, in a new order each epoch; 0: "
                  "all of it at once",
                  0, recipe_no_limit});
  keys.push_back(incidental(
      {"data.cache", "string", "auto",
       "Keeps the words of a text in a file, for other epochs and runs, and trains with a window of them in memory: a "
       "folder; on: in the user's cache folder; auto: so for files of 256 MiB and more; off"}));
  keys.push_back({"data.shuffle", "bool", true, "Shuffle the rows anew in each epoch"});
  keys.push_back(
      choice_key("data.packing", "best_fit",
                 "best_fit: documents that fit a row stay whole; greedy: rows are filled in order, the rest is cut",
                 data_packings()));
  keys.push_back(incidental({"data.prefetch", "integer", 4, "Batches prepared ahead of the training step", 1, 1024}));
  keys.push_back(incidental({"data.image_cache_mb", "integer", 256, "Megabytes of drawn words that are kept", 0, 1e6}));
}

}  // namespace welt
