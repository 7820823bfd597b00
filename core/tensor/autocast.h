// Mixed precision: matrix products in bfloat16, weights and everything sensitive in float32.
#pragma once

#include <ATen/core/Tensor.h>

namespace welt {

// While one exists and is on, LibTorch's autocast is active in this thread. The cache of cast weights lives as long as
// the region; a Pause switches casting off for a backward pass without losing the cache. [one thread, not nested]
class AutocastRegion {
 public:
  AutocastRegion(bool on, at::DeviceType device);
  ~AutocastRegion();
  AutocastRegion(const AutocastRegion&) = delete;
  AutocastRegion& operator=(const AutocastRegion&) = delete;

  class Pause {
   public:
    explicit Pause(AutocastRegion& region);
    ~Pause();
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    bool resume_;
    at::DeviceType device_;
  };

 private:
  bool on_;
  at::DeviceType device_;
};

}  // namespace welt
