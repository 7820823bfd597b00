// See prepare.h. The calling thread reads, shuffles, routes and writes; the pool's threads make lines and compress.
#include "core/prepare/prepare.h"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <future>
#include <utility>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/task_pool.h"
#include "core/data/dataset_folder.h"
#include "core/data/rows.h"
#include "core/data/text_stream.h"
#include "core/prepare/examples.h"
#include "core/prepare/prepare_state.h"
#include "core/prepare/row_shuffle.h"
#include "core/prepare/shard_writer.h"
#include "core/prepare/split_router.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

void check_at_least(std::string_view name, std::int64_t value, std::int64_t least) {
  if (value < least) fail({fmt::format("--{}", name), std::to_string(value), fmt::format("{} or more", least)});
}

void check(const PrepareOptions& options) {
  check_at_least("seed", options.seed, 0);
  check_at_least("shuffle_buffer_size", options.shuffle_buffer_size, 1);
  check_at_least("max_bytes_per_word", options.max_bytes_per_word, 1);
  check_at_least("max_seq_length", options.max_seq_length.value_or(1), 1);
  check_at_least("workers", options.workers, 1);
  constexpr std::int64_t most_buffer = std::int64_t{1} << 31;
  if (options.shuffle_buffer_size > most_buffer)
    fail(
        {"--shuffle_buffer_size", std::to_string(options.shuffle_buffer_size), fmt::format("{} at most", most_buffer)});
  if (options.reference_compatible) return;
  check_at_least("train_split_units", options.train_split_units, 0);
  check_at_least("validation_split_units", options.validation_split_units, 0);
  check_at_least("num_units_per_file", options.num_units_per_file.value_or(1), 1);
}

std::string split_name(int split) { return split == SplitRouter::train ? "train" : "validation"; }

class Preparation {
 public:
  Preparation(const PrepareOptions& options, const SplitFunction& split,
              const std::function<void(std::int64_t, std::int64_t)>& progress)
      : options_(options),
        progress_(progress),
        prefix_(shard_prefix(options)),
        files_(find_dataset_files(options.dataset_name, options.dataset_config, options.dataset_split).files),
        maker_(options, split),
        folder_(options.output_path),
        state_(options, prefix_, files_),
        pool_(options.workers),
        train_(folder_, prefix_ + "-train", options.num_units_per_file, options.dry_run, pool_),
        validation_(folder_, prefix_ + "-validation", options.num_units_per_file, options.dry_run, pool_),
        router_(options, {&train_, &validation_}, [this](const RoutePoint& point) { keep(point); }) {}

  PrepareReport run() {
    if (!options_.dry_run) {
      std::error_code error;
      fs::create_directories(folder_, error);
      if (error)
        fail({options_.output_path, "cannot be made: " + error.message(), "a folder that can be written"},
             ErrorCode::permission_denied);
      if (const auto point = state_.begin()) {
        router_.resume(*point);
        resumed_ = point->rows;
        report_.resumed_rows = point->rows;
      }
    }
    read_all();
    router_.finish();
    report();
    if (!options_.dry_run) state_.finish(report_);
    return std::move(report_);
  }

 private:
  // Rows in their order, some at a time, so that a task is worth its way to a thread.
  struct Rows {
    std::vector<RawRow> rows;
    bool only_hash = false;
  };
  bool next_rows(RowShuffle& shuffle, Rows& batch) {
    constexpr std::size_t enough_rows = 256, enough_bytes = std::size_t{1} << 18;
    batch = {};
    batch.only_hash = read_ < resumed_;
    for (std::size_t bytes = 0; batch.rows.size() < enough_rows && bytes < enough_bytes;) {
      if (batch.only_hash && read_ == resumed_) break;
      RawRow row;
      if (!shuffle.next(row)) break;
      ++read_;
      bytes += row.text.size();
      batch.rows.push_back(std::move(row));
    }
    return !batch.rows.empty();
  }

  void read_all() {
    RowShuffle shuffle(files_, static_cast<std::uint64_t>(options_.seed),
                       static_cast<std::size_t>(options_.shuffle_buffer_size));
    std::deque<std::future<std::vector<PreparedRow>>> made;
    const auto most = static_cast<std::size_t>(options_.workers) * 4;
    Rows batch;
    for (bool more = true, wants = true; wants;) {
      while (more && made.size() < most && (more = next_rows(shuffle, batch))) {
        if (batch.only_hash && options_.dedup == "none") continue;
        auto rows = std::make_shared<Rows>(std::move(batch));
        made.push_back(pool_.submit([this, rows] {
          std::vector<PreparedRow> out;
          for (const RawRow& row : rows->rows) out.push_back(maker_.make(row, rows->only_hash));
          return out;
        }));
      }
      if (made.empty()) break;
      for (PreparedRow& row : made.front().get())
        if (wants) wants = take(row);
      made.pop_front();
      report_.reached_limit = !wants;
      if (progress_) progress_(router_.units(), router_.rows());
    }
  }

  // False: enough.
  bool take(PreparedRow& row) {
    const bool is_old = replayed_ < resumed_ && options_.dedup != "none";
    replayed_ += is_old ? 1 : 0;
    if (row.fault) {
      if (is_old) return true;
      drop(row.fault);
      router_.pass();
      return true;
    }
    bool is_new = true;
    if (!row.is_empty && options_.dedup == "exact") is_new = exact_.add(row.hash);
    if (!row.is_empty && options_.dedup == "near") is_new = near_.add(row.sketch);
    if (is_old) return true;
    report_.empty += row.is_empty ? 1 : 0;
    report_.duplicates += is_new ? 0 : 1;
    if (!is_new) row.examples.clear();
    return router_.take(row.examples);
  }

  void drop(const std::exception_ptr& fault) {
    if (options_.on_invalid == "error") std::rethrow_exception(fault);
    ++report_.invalid;
    if (options_.on_invalid == "skip") return;
    try {
      std::rethrow_exception(fault);
    } catch (const std::exception& error) {
      log_warning("prepare", "left out: {}", error.what());
    }
  }

  void keep(const RoutePoint& point) {
    if (!options_.dry_run) state_.keep(point);
  }

  void report() {
    report_.rows = router_.rows();
    report_.passed_over = router_.passed_over();
    const ShardWriter* writers[] = {&train_, &validation_};
    for (const int split : {SplitRouter::train, SplitRouter::validation}) {
      const ShardCounts& counts = writers[split]->counts();
      if (counts.examples > 0)
        report_.splits.push_back({split_name(split), counts.examples, counts.units, counts.shards});
    }
  }

  const PrepareOptions& options_;
  const std::function<void(std::int64_t, std::int64_t)>& progress_;
  std::string prefix_;
  std::vector<fs::path> files_;
  ExampleMaker maker_;
  fs::path folder_;
  PrepareState state_;
  TaskPool pool_;
  ShardWriter train_, validation_;
  SplitRouter router_;
  ExactIndex exact_;
  NearIndex near_;
  std::int64_t read_ = 0, resumed_ = 0, replayed_ = 0;
  PrepareReport report_;
};

}  // namespace

std::vector<std::string> prepare_dedups() { return {"none", "exact", "near"}; }
std::vector<std::string> prepare_on_invalid() { return {"error", "skip", "report"}; }

std::string shard_prefix(const PrepareOptions& options) {
  std::string name = options.dataset_name;
  if (!options.reference_compatible) {
    while (name.size() > 1 && name.ends_with('/')) name.pop_back();
    if (name == "-") name = "stdin";
    if (name == "." || name.ends_with("/.") || name.ends_with(".."))
      name = fs::weakly_canonical(name).filename().string();
    name = name.substr(0, std::min(name.find('@'), name.size()));
    if (!row_format_of(name).empty()) name = without_compression(name).replace_extension().string();
  }
  name = name.substr(name.rfind('/') + 1);
  if (options.dataset_config && !options.dataset_config->empty()) name += "-" + *options.dataset_config;
  if (name.find('/') != std::string::npos)
    fail({"--dataset_config", *options.dataset_config, "a name without /, which file names are made of"});
  return name;
}

PrepareReport prepare_data(const PrepareOptions& options, const SplitFunction& split,
                           const std::function<void(std::int64_t, std::int64_t)>& progress) {
  check(options);
  return Preparation(options, split, progress).run();
}

}  // namespace welt
