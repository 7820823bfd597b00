// See stop_signal.h.
#include "core/train/stop_signal.h"

#include <atomic>
#include <csignal>
#include <iterator>

namespace welt {
namespace {

// The handler may run on any thread; a lock-free atomic is all that it may touch.
std::atomic<int> received_signal = 0;
static_assert(std::atomic<int>::is_always_lock_free);

constexpr int signals[] = {SIGINT, SIGTERM, SIGHUP};

void on_signal(int signal) {
  received_signal = signal;
  std::signal(signal, SIG_DFL);
}

}  // namespace

StopSignal::StopSignal() {
  received_signal = 0;
  for (std::size_t i = 0; i < std::size(signals); ++i) {
    before_[i] = std::signal(signals[i], on_signal);
    // Who started the program with nohup wants it to outlive the terminal.
    if (before_[i] == SIG_IGN) std::signal(signals[i], SIG_IGN);
  }
}

StopSignal::~StopSignal() {
  for (std::size_t i = 0; i < std::size(signals); ++i) std::signal(signals[i], before_[i]);
}

int StopSignal::received() const { return received_signal; }

}  // namespace welt
