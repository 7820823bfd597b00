// See index_writer.h.
#include "core/similarity/index_writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/error.h"
#include "core/similarity/half.h"

namespace welt::similarity {

namespace fs = std::filesystem;

namespace {

// Of a segment. An addition copies the last one if it is not full, so that their number follows that of the texts.
constexpr std::size_t full_texts = 65'536, full_bytes = std::size_t{64} << 20;

// What a killed writer leaves behind: segments that no manifest names, and files under the name they have while they
// are written (core/base/atomic_file.h).
bool may_be_stray(const std::string& name) {
  return is_segment_name(name) || (name.starts_with(".welt-") && name.ends_with(".tmp"));
}

}  // namespace

IndexWriter::IndexWriter(const fs::path& folder, const IndexFacts& facts) : folder_(folder) {
  manifest_.facts = facts;
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error && !fs::is_directory(folder_)) {
    fail({folder_.string(), error.message(), "the name of a new folder"}, ErrorCode::permission_denied);
  }
  lock();
  try {
    for (const fs::directory_entry& each : fs::directory_iterator(folder_)) {
      const std::string name = each.path().filename().string();
      if (may_be_stray(name)) continue;
      const bool is_index = fs::exists(folder_ / manifest_name);
      fail({.where = folder_.string(),
            .found = is_index ? "an index of texts" : fmt::format("a folder with {} in it", name),
            .expected = "the name of a new folder",
            .mend = is_index ? "`welt text index add` adds to it" : ""},
           ErrorCode::already_exists);
    }
    remove_strays();
  } catch (const fs::filesystem_error& failure) {
    close(locked_);
    fail({folder_.string(), failure.code().message(), "a folder"}, ErrorCode::permission_denied);
  } catch (...) {
    close(locked_);
    throw;
  }
}

IndexWriter::IndexWriter(const fs::path& folder) : folder_(folder), manifest_(read_manifest(folder)) {
  lock();
  try {
    manifest_ = read_manifest(folder_);  // another writer may have been here before the lock
    remove_strays();
  } catch (...) {
    close(locked_);
    throw;
  }
}

// Without a commit what was written is not the index's.
IndexWriter::~IndexWriter() {
  try {
    manifest_.segments.clear();
    if (fs::exists(folder_ / manifest_name)) manifest_ = read_manifest(folder_);
    remove_strays();
  } catch (const std::exception&) {
    // The next writer does it.
  }
  close(locked_);
}

void IndexWriter::lock() {
  locked_ = open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (locked_ < 0) {
    fail({folder_.string(), std::strerror(errno), "a folder that can be read"}, ErrorCode::permission_denied);
  }
  if (flock(locked_, LOCK_EX | LOCK_NB) == 0) return;
  const int error = errno;
  close(locked_);
  fail({.where = folder_.string(),
        .found = error == EWOULDBLOCK ? "another process is writing to this index" : std::strerror(error),
        .mend = "Wait until it is done"},
       ErrorCode::failed_precondition);
}

void IndexWriter::remove_strays() const {
  std::vector<fs::path> strays;
  for (const fs::directory_entry& each : fs::directory_iterator(folder_)) {
    const std::string name = each.path().filename().string();
    const bool counts =
        std::ranges::any_of(manifest_.segments, [&](const auto& segment) { return segment.file == name; });
    if (may_be_stray(name) && !counts) strays.push_back(each.path());
  }
  for (const fs::path& stray : strays) fs::remove(stray);
}

std::size_t IndexWriter::texts() const {
  std::size_t out = pending_.ends.size();
  for (const SegmentFile& segment : manifest_.segments) out += segment.texts;
  return out;
}

void IndexWriter::take_last_segment() {
  if (std::exchange(has_last_, true)) return;
  if (manifest_.segments.empty() || manifest_.segments.back().texts >= full_texts) return;
  const Segment last = open_segment(folder_, manifest_.segments.back(), facts().dim);
  if (last.bytes.size() >= full_bytes) return;
  for (std::size_t i = 0; i < last.texts; ++i) last.text(i);  // refuses what is no text
  pending_.vectors.assign(last.vectors, last.vectors + last.texts * last.dim);
  pending_.signs.assign(last.signs, last.signs + last.texts * last.words);
  pending_.ends.assign(last.ends, last.ends + last.texts);
  pending_.bytes = last.bytes.substr(0, static_cast<std::size_t>(last.ends[last.texts - 1]));
  manifest_.segments.pop_back();
}

void IndexWriter::add(std::span<const std::string> texts, const Matrix& rows) {
  if (rows.rows != texts.size() || rows.dim != facts().dim) {
    fail({.where = "an addition to " + folder_.string(),
          .found = fmt::format("{} × {} values of {} texts", rows.rows, rows.dim, texts.size()),
          .expected = fmt::format("{} values a text", facts().dim)});
  }
  take_last_segment();
  const std::size_t words = sign_words(rows.dim);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    for (std::size_t k = 0; k < rows.dim; ++k) pending_.vectors.push_back(to_half(rows.row(i)[k]));
    pending_.signs.resize(pending_.signs.size() + words);
    write_signs(rows.row(i), rows.dim, pending_.signs.data() + pending_.signs.size() - words);
    pending_.bytes += texts[i];
    pending_.ends.push_back(static_cast<std::int64_t>(pending_.bytes.size()));
    if (pending_.ends.size() >= full_texts || pending_.bytes.size() >= full_bytes) write_pending();
  }
}

void IndexWriter::write_pending() {
  if (pending_.ends.empty()) return;
  const std::string name = segment_name(manifest_.next++);
  write_segment(folder_ / name, pending_, facts().dim);
  manifest_.segments.push_back({name, pending_.ends.size()});
  pending_ = {};
}

void IndexWriter::commit() {
  write_pending();
  write_manifest(folder_, manifest_);
  remove_strays();
  has_last_ = false;
}

}  // namespace welt::similarity
