// See stop_signal.h.
#include "core/train/stop_signal.h"

#include <atomic>
#include <csignal>

namespace welt {
namespace {

// The handler may run on any thread; a lock-free atomic is all that it may touch.
std::atomic<int> received_signal = 0;
static_assert(std::atomic<int>::is_always_lock_free);

void on_signal(int signal) {
  received_signal = signal;
  std::signal(signal, SIG_DFL);
}

}  // namespace

StopSignal::StopSignal() {
  received_signal = 0;
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

StopSignal::~StopSignal() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

int StopSignal::received() const { return received_signal; }

}  // namespace welt
