// Nothing is wrong with it: a window of two slots, in every second layer.
#include "toy.h"

namespace {

struct Bad : toy::Model {
  using Model::Model;
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    const at::Tensor hidden = Model::forward(embeds, plan),
                     heads = hidden.unflatten(1, {toy::heads, hidden.size(1) / toy::heads});
    return hidden.add(toy::nn::row_attention(heads, heads, heads, plan, {.window = {.left = 1}, .layer = 1}));
  }
  toy::nn::CacheLayout cache_layout() const override {
    toy::nn::CacheLayout layout = Model::cache_layout();
    layout.layers = 2;
    return layout;
  }
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
