// The log on spdlog: "12:03:44 warning data: …" on standard error, coloured on a terminal.
#include "core/base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <utility>

#include "core/base/error.h"
#include "core/base/terminal.h"

namespace welt {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// A logger that knows the level WELT_LOG asks for. An unknown word is said once and leaves the default.
class Log {
 public:
  Log() : logger_("welt", std::make_shared<spdlog::sinks::stderr_color_sink_mt>()) {
    logger_.set_pattern("%T %^%l%$ %v");
    logger_.flush_on(spdlog::level::debug);
    logger_.set_level(spdlog::level::info);
    const char* wanted = std::getenv("WELT_LOG");
    if (wanted == nullptr || *wanted == '\0') return;
    const std::string_view word = wanted;
    if (word == "debug")
      logger_.set_level(spdlog::level::debug);
    else if (word == "info")
      logger_.set_level(spdlog::level::info);
    else if (word == "warning")
      logger_.set_level(spdlog::level::warn);
    else if (word == "error")
      logger_.set_level(spdlog::level::err);
    else
      logger_.warn(describe(
          {"log: WELT_LOG", fmt::format("unknown level \"{}\"", word), "debug, info, warning or error", "Using info"}));
  }
  spdlog::logger& logger() { return logger_; }

 private:
  spdlog::logger logger_;
};

spdlog::logger& logger() {
  static Log log;
  return log.logger();
}

std::mutex kept_mutex;
std::vector<std::string> kept_warnings;  // behind kept_mutex
std::atomic<bool> keeps_warnings = false;

bool is_kept(LogLevel level) { return keeps_warnings && level >= LogLevel::warning; }

}  // namespace

KeptWarnings::KeptWarnings() { keeps_warnings = true; }

KeptWarnings::~KeptWarnings() {
  keeps_warnings = false;
  take();
}

std::vector<std::string> KeptWarnings::take() {
  const std::lock_guard lock(kept_mutex);
  return std::exchange(kept_warnings, {});
}

void set_log_level(LogLevel level) { logger().set_level(to_spdlog(level)); }

bool log_enabled(LogLevel level) { return is_kept(level) || logger().should_log(to_spdlog(level)); }

void log_line(LogLevel level, std::string_view source, std::string_view message) {
  if (!log_enabled(level)) return;
  const std::string text = source.empty() ? std::string(message) : fmt::format("{}: {}", source, message);
  if (is_kept(level)) {
    const std::lock_guard lock(kept_mutex);
    kept_warnings.push_back(text);
  }
  if (!logger().should_log(to_spdlog(level))) return;
  TerminalState& terminal = terminal_state();
  const std::lock_guard lock(terminal.mutex);
  erase_progress_line(terminal);
  logger().log(to_spdlog(level), spdlog::string_view_t(text.data(), text.size()));
}

}  // namespace welt
