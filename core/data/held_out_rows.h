// Rows of held-out data as tables and metrics of generated text need them: what is given, what should follow, and the
// group a row belongs to. Documents alone are core/data/dataset.h's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/data/dataset.h"

namespace welt {

struct HeldOutRow {
  std::string text = {};                     // the document, as training would have it; empty if not asked for
  std::string prefix = {}, completion = {};  // empty if not asked for
  std::string group = {};                    // "" without groups
};

struct HeldOutRowOptions {
  std::vector<std::filesystem::path> files = {};
  std::string name = "data";           // starts messages
  std::string format = "auto";         // jsonl, json, csv, tsv, parquet; else by the file's ending (rows.h)
  bool skip_bad = false;               // leave out rows that are no text, instead of an error
  std::string text = {};               // field of the document, whose rows a data set has checked before
  std::string text_template = {};      // that the document is made by, in place of a field
  std::string fits = {};               // template: rows that it does not fit are left out, as a data set skips them
  std::string language = {};           // only rows whose field "language" says so; "": all
  std::vector<std::string> pair = {};  // templates (core/text/python_format.h) of prefix and completion
  std::string group = {};              // field, also "meta[language]"
  std::int64_t most = 0;               // rows that are read; 0: all
};

// In the order of the files. Throws Error naming file and row: for a field of a template or group that is not there
// (with those that are), for a row that is damaged.
std::vector<HeldOutRow> read_held_out_rows(const HeldOutRowOptions& options);

// `count` of `size` numbers, evenly over all; 0 or more than there are: all.
std::vector<std::int64_t> evenly(std::int64_t size, std::int64_t count);

// The documents of each group, in the order of the groups' names, as batches that predict every word once;
// DatasetOptions::words, batch, max_bytes, units and compat count. `max_rows` of each group at most (0: all).
std::vector<std::pair<std::string, std::vector<Batch>>> group_batches(const std::vector<HeldOutRow>& rows,
                                                                      const DatasetOptions& options,
                                                                      const SplitFunction& split, WordDrawer* drawer,
                                                                      std::int64_t max_rows);

}  // namespace welt
