// The shards of one split: JSON lines in gzip files that appear under their names when they are whole.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/atomic_file.h"
#include "core/base/task_pool.h"

namespace welt {

// "verses-train-00000000.jsonl.gz"
std::string shard_name(std::string_view stem, std::int64_t number);

struct ShardCounts {
  std::int64_t examples = 0, units = 0, shards = 0;
  bool operator==(const ShardCounts&) const = default;
};

// Text is compressed on the pool's threads a megabyte at a time, each a gzip member of its own: the bytes of a shard
// depend on its text alone, never on the number of threads. [one thread at a time]
class ShardWriter {
 public:
  // `stem`: "verses-train". A shard ends once it has `units_per_file` units or more. `is_dry`: counts, writes nothing.
  ShardWriter(std::filesystem::path folder, std::string stem, std::optional<std::int64_t> units_per_file, bool is_dry,
              TaskPool& pool);
  ~ShardWriter();

  // Appends a line (with its "\n") to the shard. True: that was its last one, and the file is in place. Throws Error.
  bool write(std::string_view line, std::int64_t units);
  // Puts the open shard in place, if there is one.
  void close();
  bool is_open() const { return is_open_; }

  const ShardCounts& counts() const { return counts_; }  // shards: those in place
  void resume(const ShardCounts& counts) { counts_ = counts; }

 private:
  void compress();
  void take_front();

  std::filesystem::path folder_;
  std::string stem_;
  std::optional<std::int64_t> units_per_file_;
  bool is_dry_;
  TaskPool& pool_;
  ShardCounts counts_;
  bool is_open_ = false;
  std::int64_t shard_units_ = 0;
  std::string text_;
  std::unique_ptr<AtomicFile> file_;
  std::deque<std::future<std::string>> members_;  // in the order of the text
};

}  // namespace welt
