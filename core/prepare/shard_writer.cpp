// See shard_writer.h.
#include "core/prepare/shard_writer.h"

#include <libdeflate.h>

#include <new>
#include <utility>

#include <fmt/format.h>

namespace welt {
namespace {

constexpr std::size_t member_bytes = std::size_t{1} << 20;
constexpr std::size_t most_members = 16;  // waiting to be written

std::string gzip_member(const std::string& text) {
  constexpr int level = 6;
  const std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> compressor(
      libdeflate_alloc_compressor(level), &libdeflate_free_compressor);
  if (compressor == nullptr) throw std::bad_alloc();
  std::string packed(libdeflate_gzip_compress_bound(compressor.get(), text.size()), '\0');
  packed.resize(libdeflate_gzip_compress(compressor.get(), text.data(), text.size(), packed.data(), packed.size()));
  return packed;
}

}  // namespace

std::string shard_name(std::string_view stem, std::int64_t number) {
  return fmt::format("{}-{:08d}.jsonl.gz", stem, number);
}

ShardWriter::ShardWriter(std::filesystem::path folder, std::string stem, std::optional<std::int64_t> units_per_file,
                         bool is_dry, TaskPool& pool)
    : folder_(std::move(folder)),
      stem_(std::move(stem)),
      units_per_file_(units_per_file),
      is_dry_(is_dry),
      pool_(pool) {}

ShardWriter::~ShardWriter() = default;

bool ShardWriter::write(std::string_view line, std::int64_t units) {
  is_open_ = true;
  if (!is_dry_) {
    if (!file_) file_ = std::make_unique<AtomicFile>(folder_ / shard_name(stem_, counts_.shards));
    text_ += line;
    if (text_.size() >= member_bytes) compress();
  }
  ++counts_.examples;
  counts_.units += units;
  shard_units_ += units;
  if (!units_per_file_ || shard_units_ < *units_per_file_) return false;
  close();
  return true;
}

void ShardWriter::compress() {
  if (members_.size() >= most_members) take_front();
  members_.push_back(pool_.submit([text = std::exchange(text_, {})] { return gzip_member(text); }));
}

void ShardWriter::take_front() {
  const std::string packed = members_.front().get();
  members_.pop_front();
  file_->write(packed.data(), packed.size());
}

void ShardWriter::close() {
  if (!std::exchange(is_open_, false)) return;
  if (file_) {
    if (!text_.empty()) compress();
    while (!members_.empty()) take_front();
    file_->commit();
    file_.reset();
  }
  ++counts_.shards;
  shard_units_ = 0;
}

}  // namespace welt
