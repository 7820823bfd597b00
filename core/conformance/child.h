// Running something that may crash, hang or print: in a forked child, with a time limit and its output kept.
//
// The caller must have one thread and have run no tensor operator: a fork keeps neither OpenMP's threads nor the locks
// that other threads held. [host]
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace welt::conformance {

// What a child and its parent both see: where the child is, and what it found. The child's memory may be in ruins, so
// the parent believes only sizes that fit.
class SharedNote {
 public:
  SharedNote();
  ~SharedNote();
  SharedNote(const SharedNote&) = delete;
  SharedNote& operator=(const SharedNote&) = delete;

  void at(std::string_view place);       // "forward()"; cut off where it is too long
  void finish(std::string_view result);  // the last thing a child says
  std::string place() const;
  bool finished() const;
  std::string result() const;

 private:
  struct Area;
  Area* area_;
};

struct ChildOutcome {
  bool timed_out = false;
  int signal = 0;         // that ended it; 0: none
  int exit_status = 0;    // where none did
  bool finished = false;  // it said its result
  std::string result, place;
  std::string out, err;  // what it printed, the first few kB
  double seconds = 0;
};

// Runs `body` in a child. The child's process group is ended with it; core files are not written. Throws Error when the
// system refuses a process or a pipe.
ChildOutcome run_child(const std::function<void(SharedNote&)>& body, double seconds);

// "SIGSEGV (segmentation fault)"
std::string signal_name(int signal);

}  // namespace welt::conformance
