// See autocast.h. Alone in its file because the header below pulls in all of ATen.
#include "core/tensor/autocast.h"

#include <ATen/autocast_mode.h>

namespace welt {

AutocastRegion::AutocastRegion(bool on, at::DeviceType device) : on_(on), device_(device) {
  if (!on_) return;
  at::autocast::increment_nesting();
  at::autocast::set_autocast_dtype(device_, at::kBFloat16);
  at::autocast::set_autocast_cache_enabled(true);
  at::autocast::set_autocast_enabled(device_, true);
}

AutocastRegion::~AutocastRegion() {
  if (!on_) return;
  at::autocast::set_autocast_enabled(device_, false);
  at::autocast::decrement_nesting();
  at::autocast::clear_cache();
}

AutocastRegion::Pause::Pause(AutocastRegion& region) : resume_(region.on_), device_(region.device_) {
  if (resume_) at::autocast::set_autocast_enabled(device_, false);
}

AutocastRegion::Pause::~Pause() {
  if (resume_) at::autocast::set_autocast_enabled(device_, true);
}

}  // namespace welt
