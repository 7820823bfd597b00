// BatchLoader: one thread that makes batches ahead of the step, and a bounded queue between.
#include "core/data/dataset.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

namespace welt {

struct BatchLoader::State {
  State(std::shared_ptr<const Dataset> data, IteratorState start) : dataset(std::move(data)), next_state(start) {
    thread = std::thread([this] { run(); });
  }
  ~State() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    changed.notify_all();
    thread.join();
  }

  void run() {
    const auto limit = static_cast<std::size_t>(std::max<std::int64_t>(dataset->options().prefetch, 1));
    try {
      for (;;) {
        {
          std::unique_lock lock(mutex);
          changed.wait(lock, [&] { return stopping || ready.size() < limit; });
          if (stopping) return;
        }
        auto batch = std::make_shared<const Batch>(dataset->make_batch(next_state));
        {
          const std::lock_guard lock(mutex);
          ready.push_back({std::move(batch), next_state});
        }
        changed.notify_all();
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      error = std::current_exception();
    }
    changed.notify_all();
  }

  LoadedBatch next() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return !ready.empty() || error != nullptr; });
    if (ready.empty()) std::rethrow_exception(error);
    LoadedBatch out = std::move(ready.front());
    ready.pop_front();
    lock.unlock();
    changed.notify_all();
    return out;
  }

  std::shared_ptr<const Dataset> dataset;
  IteratorState next_state;  // of the thread
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<LoadedBatch> ready;
  std::exception_ptr error;
  bool stopping = false;
  std::thread thread;
};

BatchLoader::BatchLoader(std::shared_ptr<const Dataset> dataset, IteratorState state)
    : state_(std::make_unique<State>(std::move(dataset), state)) {}
BatchLoader::BatchLoader(BatchLoader&&) noexcept = default;
BatchLoader& BatchLoader::operator=(BatchLoader&&) noexcept = default;
BatchLoader::~BatchLoader() = default;

LoadedBatch BatchLoader::next() { return state_->next(); }

}  // namespace welt
