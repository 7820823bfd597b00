// A good one that remembers nothing between calls: it has no cache.
#include "toy.h"

namespace {

struct Toy : toy::Model {
  using Model::Model;
  toy::nn::CacheLayout cache_layout() const override { return {}; }
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Toy>)
