// One row of a data set to the lines that a shard has of it. The part of preparation that runs on any number of
// threads.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "core/data/rows.h"
#include "core/prepare/dedup.h"
#include "core/prepare/prepare.h"
#include "core/text/python_format.h"

namespace welt {

struct Example {
  std::string line;  // {"text": …, "language": …}\n
  std::int64_t units = 0;
};

struct PreparedRow {
  std::vector<Example> examples;
  std::exception_ptr fault;  // the row has no text that can be used
  bool is_empty = false;     // no text, or an empty one
  TextHash hash;             // with dedup exact
  Sketch sketch{};           // with dedup near
};

class ExampleMaker {
 public:
  ExampleMaker(const PrepareOptions& options, const SplitFunction& split);
  // `only_hash`: for rows that an earlier run has written. [concurrent]
  PreparedRow make(const RawRow& row, bool only_hash = false) const;

 private:
  std::optional<std::string> text_of(const RawRow& row, std::string& tail) const;
  Example example(std::string_view text, const std::string& tail, std::int64_t words) const;

  const PrepareOptions& options_;
  const SplitFunction& split_;
  std::optional<TextTemplate> template_;
  std::string language_;  // , "language": "eng_Latn"
};

}  // namespace welt
