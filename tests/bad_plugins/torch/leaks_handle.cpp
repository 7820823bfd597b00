// Keeps a handle of every input for ever.
#include "toy.h"

namespace {

welt_latent_transformer_v1 good, bad;

welt_status forward(welt_component* component, const welt_rows* rows, const welt_attention* attention,
                    const welt_tensor* positions, welt_kv_cache* cache, welt_tensor** hidden, welt_error* error) {
  if (rows->embeds->value.size(0) > 0) std::make_unique<welt_tensor>(*rows->embeds).release();
  return good.forward(component, rows, attention, positions, cache, hidden, error);
}

class Bad : public toy::Component<toy::Model> {
 public:
  using toy::Component<toy::Model>::TorchComponent;
  const void* get_interface(std::string_view id) const {
    const void* table = toy::Component<toy::Model>::get_interface(id);
    if (id != WELT_LATENT_TRANSFORMER_INTERFACE) return table;
    good = *static_cast<const welt_latent_transformer_v1*>(table);
    bad = good;
    bad.forward = forward;
    return &bad;
  }
};

}  // namespace

WELT_PLUGIN(toy::info(), Bad)
