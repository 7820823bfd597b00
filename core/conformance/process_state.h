// What a plugin must leave as it is in the process and the thread that call it, to compare before and after a call.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace welt::conformance {

// "locale" → "C". Every value is a text that a person can read; of functions only the address.
class ProcessState {
 public:
  static ProcessState now();

  // The first thing that is different, as "locale was C, is now de_DE"; empty: nothing is.
  std::string difference(const ProcessState& later) const;

 private:
  std::vector<std::pair<std::string, std::string>> facts_;
};

std::size_t threads_of_process();
// What open files are there: the names of /proc/self/fd with what they point to.
std::vector<std::string> open_files();
// Bytes that malloc has given out and not got back.
std::size_t bytes_in_use();

}  // namespace welt::conformance
