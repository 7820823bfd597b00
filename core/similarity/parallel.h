// A loop over several threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace welt::similarity {

// 0: as many as the machine has cores.
inline std::size_t thread_count(int asked) {
  return asked > 0 ? static_cast<std::size_t>(asked) : std::max(1u, std::thread::hardware_concurrency());
}

// body(begin, end, worker) for parts of [0, count) of `grain` or less; which thread takes which is not said. The first
// exception is thrown again when all have stopped.
template <typename Body>
void for_parts(std::size_t count, std::size_t grain, int threads, Body&& body) {
  const std::size_t parts = (count + grain - 1) / grain, workers = std::min(thread_count(threads), parts);
  std::atomic<std::size_t> next = 0;
  std::exception_ptr error;
  std::mutex mutex;
  const auto work = [&](std::size_t worker) {
    try {
      for (std::size_t part = next++; part < parts; part = next++)
        body(part * grain, std::min(count, (part + 1) * grain), worker);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!error) error = std::current_exception();
      next = parts;
    }
  };
  std::vector<std::thread> others;
  try {
    for (std::size_t worker = 1; worker < workers; ++worker) others.emplace_back(work, worker);
  } catch (const std::exception&) {
    // The machine gives no more threads, or no memory for them: those that are there do it all.
  }
  if (workers > 0) work(0);
  for (std::thread& other : others) other.join();
  if (error) std::rethrow_exception(error);
}

}  // namespace welt::similarity
