// See progress.h.
#include "core/base/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/base/terminal.h"

namespace welt {
namespace {

// The line is decoration: what a write error would say is of no use to anybody.
void write_terminal(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::size_t terminal_width() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::string duration_text(double seconds) {
  if (seconds >= 100.0 * 3600) return fmt::format("{:.0f} h", seconds / 3600);
  const auto whole = static_cast<std::int64_t>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string rate_text(double rate) {
  if (rate >= 100) return fmt::format("{:.0f}/s", rate);
  return rate >= 1 ? fmt::format("{:.1f}/s", rate) : fmt::format("{:.2f}/s", rate);
}

}  // namespace

TerminalState& terminal_state() {
  static TerminalState state;
  return state;
}

void erase_progress_line(TerminalState& state) {
  if (!state.progress_drawn) return;
  write_terminal("\r\x1b[K");
  state.progress_drawn = false;
}

std::string progress_text(std::string_view title, std::int64_t done, std::int64_t total, double rate,
                          std::string_view extra, std::size_t width) {
  std::string text = total > 0 ? fmt::format("{}  {}/{}  {}%", title, done, total, done * 100 / total)
                               : fmt::format("{}  {}", title, done);
  if (rate > 0) {
    text += "  " + rate_text(rate);
    if (total > done) text += "  " + duration_text(static_cast<double>(total - done) / rate) + " left";
  }
  if (!extra.empty()) text += fmt::format("  {}", extra);
  std::size_t columns = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts_code_point = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U;
    if (starts_code_point && columns++ == width) {
      text.resize(i);
      break;
    }
    if (static_cast<unsigned char>(text[i]) < 0x20) text[i] = ' ';
  }
  return text;
}

Progress::Progress(std::string title, std::int64_t total)
    : title_(std::move(title)), total_(total), shown_(::isatty(STDERR_FILENO) == 1), start_(Clock::now()) {}

Progress::~Progress() {
  if (!shown_) return;
  TerminalState& terminal = terminal_state();
  const std::lock_guard lock(terminal.mutex);
  erase_progress_line(terminal);
}

void Progress::update(std::int64_t done, std::string_view extra) {
  if (!shown_) return;
  const Clock::time_point now = Clock::now();
  if (first_ < 0) {
    first_ = done;
    start_ = now;
  }
  if (done < total_ && now - drawn_ < std::chrono::milliseconds(100)) return;
  drawn_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = seconds > 0.2 ? static_cast<double>(done - first_) / seconds : 0;
  // One column stays free: a full line makes some terminals wrap.
  const std::string text = progress_text(title_, done, total_, rate, extra, terminal_width() - 1);
  TerminalState& terminal = terminal_state();
  const std::lock_guard lock(terminal.mutex);
  write_terminal("\r" + text + "\x1b[K");
  terminal.progress_drawn = true;
}

}  // namespace welt
