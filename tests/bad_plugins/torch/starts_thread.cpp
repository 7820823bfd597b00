// Starts a thread in a call, and waits for it.
#include <thread>

#include "toy.h"

namespace {

struct Bad : toy::Model {
  using Model::Model;
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    std::thread([] {}).join();
    return Model::forward(embeds, plan);
  }
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
