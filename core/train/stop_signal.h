// SIGINT, SIGTERM and SIGHUP (a lost terminal) ask for an orderly end: the step is finished, a checkpoint written, and
// the program leaves.
#pragma once

namespace welt {

// Installs handlers for its lifetime and restores those before; one that is ignored (nohup) stays so. A second signal
// of the same kind acts as by default (ends the process at once). One at a time. [main thread]
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  int received() const;  // SIGINT, SIGTERM, SIGHUP, or 0

 private:
  using Handler = void (*)(int);
  Handler before_[3] = {};
};

}  // namespace welt
