// The process's log: lines to standard error, levels, one switch. Libraries and plugins write here and nowhere else.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

namespace welt {

enum class LogLevel { debug = 1, info = 2, warning = 3, error = 4 };

void set_log_level(LogLevel level);          // default: info; WELT_LOG=debug|info|warning|error overrides at start
bool log_enabled(LogLevel level);
void log_line(LogLevel level, std::string_view source, std::string_view message);   // [any thread]

// While one lives it keeps the warnings and errors of the whole process, whatever the level. One at a time.
class KeptWarnings {
 public:
  KeptWarnings();
  ~KeptWarnings();
  KeptWarnings(const KeptWarnings&) = delete;
  KeptWarnings& operator=(const KeptWarnings&) = delete;
  std::vector<std::string> take();  // since the last call, "source: message" [any thread]
};

template <typename... A>
void log_info(std::string_view source, fmt::format_string<A...> format, A&&... arguments) {
  if (log_enabled(LogLevel::info)) log_line(LogLevel::info, source, fmt::format(format, std::forward<A>(arguments)...));
}
template <typename... A>
void log_warning(std::string_view source, fmt::format_string<A...> format, A&&... arguments) {
  if (log_enabled(LogLevel::warning))
    log_line(LogLevel::warning, source, fmt::format(format, std::forward<A>(arguments)...));
}
template <typename... A>
void log_debug(std::string_view source, fmt::format_string<A...> format, A&&... arguments) {
  if (log_enabled(LogLevel::debug))
    log_line(LogLevel::debug, source, fmt::format(format, std::forward<A>(arguments)...));
}

}  // namespace welt
