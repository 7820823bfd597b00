// See run_folder.h.
#include "core/checkpoint/run_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/new_folder.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view checkpoint_prefix = "step-", removed_prefix = ".removing-";

std::vector<CheckpointInfo> list_checkpoints(const fs::path& run) {
  std::vector<CheckpointInfo> found;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(run / "checkpoints", ignored)) {
    const std::string name = entry.path().filename();
    std::int64_t step = 0;
    if (!name.starts_with(checkpoint_prefix) || !fs::exists(entry.path() / "config.json")) continue;
    const char* first = name.data() + checkpoint_prefix.size();
    const auto [last, status] = std::from_chars(first, name.data() + name.size(), step);
    if (status == std::errc{} && last == name.data() + name.size()) found.push_back({step, entry.path()});
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.step < b.step; });
  return found;
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

// Under another name first: a kill in the middle leaves no half of a checkpoint.
void remove_checkpoint(const fs::path& checkpoint) {
  const fs::path removed = checkpoint.parent_path() / (std::string(removed_prefix) + checkpoint.filename().string());
  std::error_code status, ignored;
  fs::rename(checkpoint, removed, status);
  fs::remove_all(status ? checkpoint : removed, ignored);
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
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(parent, ignored)) {
    const int number = number_of(entry.path().filename().string(), name);
    if (number <= newest || list_checkpoints(entry.path()).empty()) continue;
    newest = number;
    found = numbered(parent, name, number);
  }
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

fs::path RunFolder::write_best(std::int64_t step, const std::function<void(const fs::path&)>& fill) const {
  const fs::path folder = path_ / "best", target = folder / fmt::format("{}{:08}", checkpoint_prefix, step);
  make_folder(folder);
  if (fs::exists(target)) remove_checkpoint(target);  // of a run that was resumed from before it, with changes perhaps
  write_new_folder(target, fill);
  std::vector<fs::path> others;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (entry.path() != target) others.push_back(entry.path());
  for (const fs::path& other : others) remove_checkpoint(other);
  return target;
}

fs::path find_checkpoint(const fs::path& path) {
  std::error_code status;
  for (const char* weights : {"model.safetensors", "model.safetensors.index.json"})
    if (fs::exists(path / weights, status)) return path;
  // A model whose weights cannot be read, as a pickle: who opens them says so.
  if (fs::exists(path / "config.json", status) && !fs::exists(path / "checkpoints", status)) return path;
  if (!status) fs::directory_iterator(path / "checkpoints", status);
  if (status && status != std::errc::no_such_file_or_directory && status != std::errc::not_a_directory)
    fail({path.string(), "the folder cannot be read: " + status.message(), "a run folder or a checkpoint", {}},
         ErrorCode::permission_denied);
  const std::vector<CheckpointInfo> all = list_checkpoints(path);
  if (all.empty())
    fail({path.string(),
          fs::exists(path, status) ? "neither model.safetensors nor checkpoints/step-… is in it"
                                   : "there is no such folder",
          "a run folder or a checkpoint", "Train first: welt run RECIPE"},
         ErrorCode::not_found);
  return all.back().path;
}

fs::path run_recipe(const fs::path& checkpoint) {
  const fs::path file =
      without_end_slash(fs::absolute(checkpoint).lexically_normal()).parent_path().parent_path() / "recipe.toml";
  return fs::exists(file) ? file : fs::path();
}

}  // namespace welt
