// See run_folder.h.
#include "core/checkpoint/run_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/base/new_folder.h"
#include "core/base/safetensors.h"
#include "core/huggingface/welt_json.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view checkpoint_prefix = "step-", removed_prefix = ".removing-";
constexpr std::uintmax_t config_bytes_limit = 16 << 20;

[[noreturn]] void fail_reading(const fs::path& path, const std::error_code& status) {
  fail({path.string(), "the folder cannot be read: " + status.message(), {}, {}}, ErrorCode::permission_denied);
}

bool is_absence(const std::error_code& status) {
  return !status || status == std::errc::no_such_file_or_directory || status == std::errc::not_a_directory;
}

[[noreturn]] void fail_folder(const fs::path& path, const std::error_code& status) {
  fail({path.string(), "the folder cannot be made: " + status.message(), {}, "Choose another run_dir or free space"},
       ErrorCode::permission_denied);
}

void make_folder(const fs::path& path) {
  std::error_code status;
  fs::create_directories(path, status);
  if (status) fail_folder(path, status);
}

int open_folder(const fs::path& path) { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }

// Is it the folder of that name, or one that had the name before?
bool has_name(int folder, const fs::path& path) {
  struct stat held {};
  struct stat named {};
  return ::fstat(folder, &held) == 0 && ::stat(path.c_str(), &named) == 0 && held.st_dev == named.st_dev &&
         held.st_ino == named.st_ino;
}

// Under another name first: a kill in the middle leaves no half of a checkpoint. One that somebody reads stays, for
// the next time.
void remove_checkpoint(const fs::path& checkpoint) {
  const int folder = open_folder(checkpoint);
  const bool is_read = folder >= 0 && ::flock(folder, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  if (!is_read) {
    const fs::path removed = checkpoint.parent_path() / (std::string(removed_prefix) + checkpoint.filename().string());
    std::error_code status, ignored;
    fs::rename(checkpoint, removed, status);
    fs::remove_all(status ? checkpoint : removed, ignored);
  }
  if (folder >= 0) ::close(folder);
}

// Locks a checkpoint against remove_checkpoint() until the process ends: its files are opened one after the other, and
// some late. False: it is being removed, or was. Where a file system has no locks, it may still go.
bool keep_while_read(const fs::path& checkpoint) {
  static std::mutex guard;
  static std::map<fs::path, int> kept;  // their open folders
  const std::lock_guard lock(guard);
  if (const auto known = kept.find(checkpoint); known != kept.end()) {
    if (has_name(known->second, checkpoint)) return true;
    ::close(known->second);
    kept.erase(known);
  }
  const int folder = open_folder(checkpoint);
  if (folder < 0) return errno != ENOENT;  // who opens its files says why they cannot be
  const bool removed = ::flock(folder, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  if (removed || !has_name(folder, checkpoint)) {
    ::close(folder);
    return false;
  }
  kept.emplace(checkpoint, folder);
  return true;
}

// The newest whole one, which stays there while it is read; an empty path: one was removed meanwhile.
fs::path newest_whole(const std::vector<CheckpointInfo>& all) {
  std::optional<Error> damage;  // of the newest
  for (auto at = all.rbegin(); at != all.rend(); ++at) {
    if (!keep_while_read(at->path)) return {};
    try {
      check_whole(at->path);
    } catch (const Error& error) {
      if (!is_damage(error)) throw;
      if (!damage) damage = error;
      continue;
    }
    if (damage) log_warning("checkpoint", "{} {}, of before, is taken", damage->what(), at->path.string());
    return at->path;
  }
  throw *damage;
}

// What find_checkpoint() takes for a checkpoint itself, not a run folder.
bool is_checkpoint(const fs::path& path) {
  std::error_code ignored;
  for (const char* weights : {"model.safetensors", "model.safetensors.index.json"})
    if (fs::exists(path / weights, ignored)) return true;
  // A model whose weights cannot be read, as a pickle: who opens them says so.
  return fs::exists(path / "config.json", ignored) && !fs::exists(path / "checkpoints", ignored);
}

// At least one.
std::vector<CheckpointInfo> checkpoints_of(const fs::path& run) {
  refuse_unreachable(run / "checkpoints");
  std::vector<CheckpointInfo> all = list_checkpoints(run);
  std::error_code ignored;
  if (all.empty())
    fail({run.string(),
          fs::exists(run, ignored) ? "neither model.safetensors nor checkpoints/step-… is in it"
                                   : "there is no such folder",
          "a run folder or a checkpoint", "Train first: welt run RECIPE"},
         ErrorCode::not_found);
  return all;
}

fs::path numbered(const fs::path& parent, const std::string& name, int number) {
  return number == 1 ? parent / name : parent / fmt::format("{}-{}", name, number);
}

// Which of the folders called `name` this one is: 1, 2, …; 0: none.
int number_of(std::string_view folder, std::string_view name) {
  if (folder == name) return 1;
  if (!folder.starts_with(name) || folder.size() < name.size() + 2 || folder[name.size()] != '-') return 0;
  const std::string_view digits = folder.substr(name.size() + 1);
  int number = 0;
  const auto [last, status] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole = status == std::errc{} && last == digits.data() + digits.size() && digits.front() != '0';
  return whole && number > 1 ? number : 0;
}

}  // namespace

std::vector<CheckpointInfo> list_checkpoints(const fs::path& run) {
  std::vector<CheckpointInfo> found;
  std::error_code status, ignored;
  for (fs::directory_iterator at(run / "checkpoints", status), end; !status && at != end; at.increment(status)) {
    const std::string name = at->path().filename();
    std::int64_t step = 0;
    if (!name.starts_with(checkpoint_prefix) || !at->is_directory(ignored)) continue;
    const char* first = name.data() + checkpoint_prefix.size();
    const auto [last, error] = std::from_chars(first, name.data() + name.size(), step);
    if (error == std::errc{} && last == name.data() + name.size()) found.push_back({step, at->path()});
  }
  if (!is_absence(status)) fail_reading(run, status);
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.step < b.step; });
  return found;
}

void check_whole(const fs::path& checkpoint) {
  // A static embedding in training has no parts that welt.json could describe.
  const bool is_embedding = fs::exists(checkpoint / embedding_file);
  for (const char* file : {"config.json", "welt.json"})
    if (!is_embedding && !fs::exists(checkpoint / file))
      fail({(checkpoint / file).string(), "the file is missing", {}, "Copy the checkpoint again, or remove it"},
           ErrorCode::not_found);
  if (is_embedding) {
    read_json_object(checkpoint / embedding_file, config_bytes_limit);
  } else {
    read_json_object(checkpoint / "config.json", config_bytes_limit);
    read_welt_json(checkpoint);
  }
  SafetensorsFile::open(checkpoint / "model.safetensors");
}

bool is_damage(const Error& error) {
  return error.code() == ErrorCode::data_loss || error.code() == ErrorCode::not_found;
}

// Held for as long as the object lives, or the process, whatever ends it.
class RunFolder::Lock {
 public:
  explicit Lock(const fs::path& path) : folder_(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (folder_ < 0)
      fail({path.string(), fmt::format("the folder cannot be opened: {}", std::strerror(errno)), {}, {}},
           ErrorCode::permission_denied);
    if (::flock(folder_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;  // not every file system has locks
    ::close(folder_);
    fail({path.string(), "another process is training in this run folder", "one at a time",
          "Wait for its end, or start a run of its own (without --resume, or with --set name=…)"},
         ErrorCode::failed_precondition);
  }
  ~Lock() { ::close(folder_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int folder_;
};

RunFolder::RunFolder(fs::path path) : path_(std::move(path)), lock_(std::make_shared<const Lock>(path_)) {}

RunFolder RunFolder::create(const fs::path& parent, const std::string& name) {
  make_folder(parent);
  // Making the folder decides whose it is: another run of this name may start at the same moment.
  std::error_code status;
  int number = 1;
  while (!fs::create_directory(numbered(parent, name, number), status)) {
    if (status && status != std::errc::file_exists) fail_folder(numbered(parent, name, number), status);
    ++number;
  }
  RunFolder run(numbered(parent, name, number));
  make_folder(run.path_ / "checkpoints");
  return run;
}

fs::path RunFolder::find_resumable(const fs::path& parent, const std::string& name) {
  fs::path found;
  int newest = 0;
  std::error_code status;
  for (fs::directory_iterator at(parent, status), end; !status && at != end; at.increment(status)) {
    const int number = number_of(at->path().filename().string(), name);
    if (number <= newest || list_checkpoints(at->path()).empty()) continue;
    newest = number;
    found = numbered(parent, name, number);
  }
  if (!is_absence(status)) fail_reading(parent, status);
  return found;
}

RunFolder RunFolder::open(const fs::path& path) {
  RunFolder run(path);  // locked: what is there now was left behind
  std::error_code ignored;
  std::vector<fs::path> left_behind;
  for (const fs::directory_entry& entry : fs::directory_iterator(path / "checkpoints", ignored))
    if (const std::string name = entry.path().filename();
        name.starts_with(new_folder_prefix) || name.starts_with(removed_prefix))
      left_behind.push_back(entry.path());
  for (const fs::path& folder : left_behind) fs::remove_all(folder, ignored);
  return run;
}

void RunFolder::write(const std::string& file, std::string_view content) const { write_file(path_ / file, content); }

void RunFolder::append(const std::string& file, const std::vector<std::string>& lines) const {
  if (lines.empty()) return;
  std::ofstream out(path_ / file, std::ios::app);
  for (const std::string& line : lines) out << line << '\n';
}

void RunFolder::log(const nlohmann::json& line) const {
  const fs::path file = path_ / "log.jsonl";
  std::error_code missing, ignored;
  const std::uintmax_t size = fs::file_size(file, missing);
  errno = 0;
  std::ofstream out(file, std::ios::app);
  out << json_text(line) << '\n';
  out.flush();
  if (out) return;
  const int reason = errno;
  fs::resize_file(file, missing ? 0 : size, ignored);  // no half line
  fail(
      {file.string(), fmt::format("a line cannot be written: {}", std::strerror(reason)), {}, "Free space on the disk"},
      ErrorCode::resource_exhausted);
}

void RunFolder::rewind_log(std::int64_t step) const {
  const fs::path file = path_ / "log.jsonl";
  if (!fs::exists(file)) return;
  std::ifstream in(file);
  std::string kept, line;
  while (std::getline(in, line)) {
    const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) continue;
    const auto logged = json.find("step");
    if (logged == json.end() || !logged->is_number() || logged->get<double>() <= static_cast<double>(step))
      kept += line + "\n";
  }
  write_file(file, kept);
}

std::vector<CheckpointInfo> RunFolder::checkpoints() const { return list_checkpoints(path_); }

fs::path RunFolder::put_aside(const fs::path& checkpoint) const {
  const std::string name = "damaged-" + checkpoint.filename().string();
  fs::path aside = checkpoint.parent_path() / name;
  for (int number = 2; fs::exists(aside); ++number)
    aside = checkpoint.parent_path() / fmt::format("{}-{}", name, number);
  std::error_code status;
  fs::rename(checkpoint, aside, status);
  if (status) fail_folder(aside, status);
  return aside;
}

fs::path RunFolder::write_checkpoint(std::int64_t step, std::int64_t keep,
                                     const std::function<void(const fs::path&)>& fill) const {
  const std::string name = fmt::format("{}{:08}", checkpoint_prefix, step);
  const fs::path target = path_ / "checkpoints" / name;
  if (fs::exists(target)) return target;
  write_new_folder(target, fill);
  const std::vector<CheckpointInfo> all = checkpoints();
  for (std::size_t i = 0; i + static_cast<std::size_t>(keep) < all.size(); ++i) remove_checkpoint(all[i].path);
  return target;
}

fs::path RunFolder::best_folder(std::int64_t step) const {
  return path_ / "best" / fmt::format("{}{:08}", checkpoint_prefix, step);
}

fs::path RunFolder::write_best(std::int64_t step, const std::function<void(const fs::path&)>& fill) const {
  fs::path target = best_folder(step);
  make_folder(target.parent_path());
  if (fs::exists(target)) remove_checkpoint(target);  // of a run that was resumed from before it, with changes perhaps
  write_new_folder(target, fill);
  return target;
}

bool RunFolder::has_best(std::int64_t step) const { return fs::exists(best_folder(step)); }

void RunFolder::keep_best(const std::vector<std::int64_t>& steps) const {
  std::vector<fs::path> others;
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(path_ / "best", none))
    if (std::ranges::none_of(steps, [&](std::int64_t step) { return entry.path() == best_folder(step); }))
      others.push_back(entry.path());
  for (const fs::path& other : others) remove_checkpoint(other);
}

fs::path find_checkpoint(const fs::path& path) {
  if (is_checkpoint(path)) {
    keep_while_read(path);
    return path;
  }
  constexpr int attempts = 100;  // a trainer may remove what was listed
  for (int attempt = 1; attempt <= attempts; ++attempt)
    if (fs::path found = newest_whole(checkpoints_of(path)); !found.empty()) return found;
  fail({path.string(),
        "each of its checkpoints was removed before it could be read",
        {},
        "Train with a larger train.keep_checkpoints, or copy a checkpoint"},
       ErrorCode::unavailable);
}

fs::path newest_checkpoint(const fs::path& path) {
  return is_checkpoint(path) ? path : checkpoints_of(path).back().path;
}

fs::path run_recipe(const fs::path& checkpoint) {
  const fs::path file =
      without_end_slash(fs::absolute(checkpoint).lexically_normal()).parent_path().parent_path() / "recipe.toml";
  return fs::exists(file) ? file : fs::path();
}

}  // namespace welt
