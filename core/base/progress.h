// One progress line on standard error, with rate and time left. Shown on a terminal only: in a file or a pipe it writes
// nothing. Log lines and the progress line do not disturb each other.
//
//   Progress progress("train", steps);
//   for (…) progress.update(step, fmt::format("loss {:.3f}", loss));     // the line goes away with the object
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace welt {

class Progress {
 public:
  // total 0: unknown, no percentage and no time left.
  Progress(std::string title, std::int64_t total);
  ~Progress();  // removes the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Redraws at most ten times a second (the last one always). The first call sets where the rate counts from, so that a
  // resumed run's rate is right. [one thread at a time]
  void update(std::int64_t done, std::string_view extra = {});

 private:
  using Clock = std::chrono::steady_clock;
  std::string title_;
  std::int64_t total_;
  bool shown_;
  std::int64_t first_ = -1;
  Clock::time_point start_, drawn_{};
};

// The text of the line: "train  320/1000  32%  3.1/s  3:41 left  loss 1.230", cut to `width` columns (code points).
// `rate`: items a second; 0: not known yet.
std::string progress_text(std::string_view title, std::int64_t done, std::int64_t total, double rate,
                          std::string_view extra, std::size_t width);

}  // namespace welt
