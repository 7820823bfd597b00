// See autocast.h. Alone in its file because the header below pulls in all of ATen.
#include "core/tensor/autocast.h"

#include <ATen/autocast_mode.h>

namespace welt {

AutocastRegion::AutocastRegion(bool on) : on_(on) {
  if (!on_) return;
  at::autocast::increment_nesting();
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  at::autocast::set_autocast_cache_enabled(true);
  at::autocast::set_autocast_enabled(at::kCPU, true);
}

AutocastRegion::~AutocastRegion() {
  if (!on_) return;
  at::autocast::set_autocast_enabled(at::kCPU, false);
  at::autocast::decrement_nesting();
  at::autocast::clear_cache();
}

AutocastRegion::Pause::Pause(AutocastRegion& region) : resume_(region.on_) {
  if (resume_) at::autocast::set_autocast_enabled(at::kCPU, false);
}

AutocastRegion::Pause::~Pause() {
  if (resume_) at::autocast::set_autocast_enabled(at::kCPU, true);
}

}  // namespace welt
