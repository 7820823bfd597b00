// What the host offers to plugins: the services it has itself (errors, log) and those that others register.
#include <welt/abi/log.h>

#include <map>
#include <mutex>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/plugin/registry.h"
#include "core/plugin/strings.h"
#include "core/plugin/table_reader.h"

// The caller's error object. Plugins see it as opaque.
struct welt_error {
  welt_status status = WELT_OK;
  std::string message, source, key;
};

namespace welt {
namespace {

void set_error(welt_error* error, welt_status status, welt_string message, welt_string source, welt_string key) {
  if (error == nullptr) return;
  error->status = status;
  error->message = text_or_what_can_be_read(message);
  error->source = text_or_what_can_be_read(source);
  error->key = text_or_what_can_be_read(key);
}

welt_status get_error(const welt_error* error, welt_string* message, welt_string* source, welt_string* key) {
  static const welt_error none;
  const welt_error& from = error == nullptr ? none : *error;
  if (message != nullptr) *message = string_of(from.message);
  if (source != nullptr) *source = string_of(from.source);
  if (key != nullptr) *key = string_of(from.key);
  return from.status;
}

LogLevel level_of(std::uint32_t level) {
  if (level <= WELT_LOG_DEBUG) return LogLevel::debug;
  if (level == WELT_LOG_INFO) return LogLevel::info;
  return level == WELT_LOG_WARNING ? LogLevel::warning : LogLevel::error;
}

std::uint32_t log_is_enabled(std::uint32_t level) { return log_enabled(level_of(level)) ? 1 : 0; }

void write_log(std::uint32_t level, welt_string source, welt_string message) {
  if (!log_enabled(level_of(level))) return;
  const std::string whose = text_or_what_can_be_read(source), text = text_or_what_can_be_read(message);
  try {
    log_line(level_of(level), whose, text);
  } catch (...) {
    return;  // a line that cannot be written is no reason to end the plugin
  }
}

constexpr welt_error_service error_service = {sizeof(welt_error_service), 0, set_error, get_error};
constexpr welt_log_service log_service = {sizeof(welt_log_service), 0, log_is_enabled, write_log};

struct Services {
  std::mutex mutex;
  std::map<std::string, const void*, std::less<>> tables = {{WELT_ERROR_SERVICE, &error_service},
                                                            {WELT_LOG_SERVICE, &log_service}};
};

// Lives as long as the process: plugins may log until the very end.
Services& services() {
  static Services& all = *std::make_unique<Services>().release();
  return all;
}

const void* get_service(const welt_host*, welt_string id) {
  Services& all = services();
  const std::scoped_lock lock(all.mutex);
  const auto found = all.tables.find(view_of(id));
  return found == all.tables.end() ? nullptr : found->second;
}

}  // namespace

void register_service(std::string_view id, const void* table) {
  Services& all = services();
  const std::scoped_lock lock(all.mutex);
  all.tables.insert_or_assign(std::string(id), table);
}

const welt_host& host() {
  static const welt_host table = {sizeof(welt_host),       0,       WELT_ABI_MAJOR, WELT_ABI_MINOR, string_of("welt"),
                                  string_of(WELT_VERSION), nullptr, get_service};
  return table;
}

struct CallError::State {
  welt_error error;
};

CallError::CallError() : state_(std::make_unique<State>()) {}
CallError::~CallError() = default;
welt_error* CallError::raw() { return &state_->error; }

void CallError::check(welt_status status, std::string_view what) const {
  if (status == WELT_OK) return;
  const welt_error& error = state_->error;
  std::string text = fmt::format("{}: ", what);
  text += error.message.empty() ? fmt::format("status {}, without a word why", status) : error.message;
  if (!error.key.empty() && error.message.find(error.key) == std::string::npos) text += fmt::format(" [{}]", error.key);
  if (!error.source.empty()) text += fmt::format(" ({})", error.source);
  const bool known = status > WELT_OK && status <= WELT_DATA_LOSS;
  throw Error(text, known ? static_cast<ErrorCode>(status) : ErrorCode::unknown);
}

}  // namespace welt
