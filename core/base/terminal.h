// What the log and the progress line share: standard error is one place, and a log line must not land inside a progress
// line. Used by log.cpp and progress.cpp only.
#pragma once

#include <mutex>

namespace welt {

struct TerminalState {
  std::mutex mutex;             // held while standard error is written
  bool progress_drawn = false;  // the cursor stands at the end of a progress line
};

TerminalState& terminal_state();

// Erases a drawn progress line. The caller holds the mutex.
void erase_progress_line(TerminalState& state);

}  // namespace welt
