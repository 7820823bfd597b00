// welt data prepare: a data set once through shuffle, segmenter and limits, into shards that any number of trainings
// read. The files are those of the Python tool (welt-prepare-data); what we do otherwise is said at each option.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/dataset.h"

namespace welt {

struct PrepareOptions {
  // As the Python tool names and means them.
  std::string dataset_name, dataset_split = "train", text_column = "text", language, unit_type = "words", output_path;
  std::optional<std::string> dataset_config, text_template, id_column;
  std::int64_t train_split_units = 0, validation_split_units = 0, max_bytes_per_word = 126, seed = 42,
               shuffle_buffer_size = 10000;
  std::optional<std::int64_t> num_units_per_file, max_seq_length;
  bool drop_remainder = false;

  // Its ways where they lose data: the first example beyond the limit ends the run, validation takes more than its
  // limit at the cost of train, one document may be in both splits, and files of earlier runs are written over.
  // Otherwise a document goes to validation, else to train, where its first example still fits; what fits neither is
  // passed over, and the run ends when both are full or a thousand documents in a row did not fit.
  bool reference_compatible = false;
  int workers = 1;                   // threads; the files do not depend on them
  std::string dedup = "none";        // none | exact | near: texts that were there before are left out (dedup.h)
  std::string on_invalid = "error";  // a row without a text: error | skip | report (skip with a warning each)
  bool resume = false;               // goes on behind the last whole shard of a run that was broken off
  bool overwrite = false;            // replaces what an earlier run left for the same splits
  bool dry_run = false;              // reads and counts, writes nothing
};

std::vector<std::string> prepare_dedups();
std::vector<std::string> prepare_on_invalid();

struct PrepareReport {
  struct Split {
    std::string name;
    std::int64_t examples = 0, units = 0, shards = 0;
  };
  std::vector<Split> splits;  // with examples
  std::int64_t rows = 0;      // looked at
  std::int64_t empty = 0, invalid = 0, duplicates = 0;
  std::int64_t passed_over = 0;  // examples that fitted no split
  std::int64_t resumed_rows = 0;
  bool reached_limit = false;
};

// `split` cuts a text into words of at most max_bytes_per_word. `progress` is told the units so far. Throws Error; the
// shards that were whole by then stay.
PrepareReport prepare_data(const PrepareOptions& options, const SplitFunction& split,
                           const std::function<void(std::int64_t units, std::int64_t rows)>& progress = {});

// The last part of the name, and "-configuration": "pairs-en-he".
std::string shard_prefix(const PrepareOptions& options);

}  // namespace welt
