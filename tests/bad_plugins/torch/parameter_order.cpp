// Every second component has its parameters in another order.
#include <atomic>

#include "toy.h"

namespace {

std::atomic<int> made{0};

struct Bad : toy::Model {
  Bad(const toy::sdk::Config& config, const at::TensorOptions& options) : Model(config, options, made++ % 2 == 1) {}
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
