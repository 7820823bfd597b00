// A good one that takes no prefix blocks and no dense masks, and says so.
#include "toy.h"

namespace {

struct Glue : toy::Glue<toy::Model> {
  static toy::sdk::Descriptor descriptor() {
    toy::sdk::Descriptor said = toy::Glue<toy::Model>::descriptor();
    said.flags |= WELT_COMPONENT_STRICTLY_CAUSAL;
    return said;
  }
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::sdk::TorchComponent<Glue>)
