// Activation checkpointing as an autograd function of a block's input and parameters.
#include "welt/nn/checkpoint.h"

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>

#include "host_kernels.h"

namespace welt::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The thread's autocast for a kind of device, to be put in force again later.
class Autocast {
 public:
  explicit Autocast(at::DeviceType device)
      : device_(device),
        enabled_(at::autocast::is_autocast_enabled(device)),
        type_(at::autocast::get_autocast_dtype(device)),
        cache_(at::autocast::is_autocast_cache_enabled()) {}
  void put() const {
    at::autocast::set_autocast_enabled(device_, enabled_);
    at::autocast::set_autocast_dtype(device_, type_);
    at::autocast::set_autocast_cache_enabled(cache_);
  }

 private:
  at::DeviceType device_;
  bool enabled_;
  at::ScalarType type_;
  bool cache_;
};

at::Tensor generator_state(const at::Device& device) {
  at::Generator generator = at::globalContext().defaultGenerator(device);
  const std::scoped_lock lock(generator.mutex());
  return generator.get_state();
}
void set_generator_state(const at::Device& device, const at::Tensor& state) {
  at::Generator generator = at::globalContext().defaultGenerator(device);
  const std::scoped_lock lock(generator.mutex());
  generator.set_state(state);
}

// What the second run must find as the first one found it: random numbers and autocast. Shapes alone (the meta device)
// have neither.
struct Surroundings {
  explicit Surroundings(const at::Device& where) : device(where) {
    if (device.is_meta()) return;
    random = generator_state(device);
    autocast.emplace(device.type());
  }
  void put() const {
    if (device.is_meta()) return;
    set_generator_state(device, random);
    autocast->put();
  }
  at::Device device;
  at::Tensor random;
  std::optional<Autocast> autocast;
};

// Puts back what was there before, however the scope is left.
class Restored {
 public:
  explicit Restored(const at::Device& device) : before_(device) {}
  Restored(const Restored&) = delete;
  ~Restored() { before_.put(); }

 private:
  Surroundings before_;
};

// While it lives, autocast keeps no narrowed weights: made here they have no graph, and later calls would take them.
class NothingKept {
 public:
  NothingKept() { at::autocast::set_autocast_cache_enabled(false); }
  NothingKept(const NothingKept&) = delete;
  ~NothingKept() { at::autocast::set_autocast_cache_enabled(before_); }

 private:
  bool before_ = at::autocast::is_autocast_cache_enabled();
};

// While it lives, the module computes with other tensors: `trainable`, in the order of its slots that want gradients,
// and copies of the rest, so that what a block writes into its buffers is written once.
class StandIns {
 public:
  StandIns(const Module& module, const variable_list& trainable) : slots_(module.slots()) {
    std::size_t next = 0;
    for (const Slot& slot : slots_) {
      real_.push_back(*slot.tensor);
      *slot.tensor = slot.tensor->requires_grad() ? trainable.at(next++) : slot.tensor->clone();
    }
  }
  StandIns(const StandIns&) = delete;
  ~StandIns() {
    for (std::size_t i = 0; i < slots_.size(); ++i) *slots_[i].tensor = real_[i];
  }

 private:
  std::vector<Slot> slots_;
  std::vector<at::Tensor> real_;
};

struct Call : torch::CustomClassHolder {
  Call(const Module& owner, BlockFunction function, const Stream& in)
      : module(owner), run(std::move(function)), streams(in.branch.defined() ? 2 : 1), surroundings(in.x.device()) {}
  Stream operator()(const at::TensorList& tensors) const {
    return run({tensors[0], streams == 2 ? tensors[1] : at::Tensor()});
  }
  const Module& module;
  BlockFunction run;
  std::ptrdiff_t streams;  // x, or x and branch
  Surroundings surroundings;
};

// Tensors: those of the stream, then the trainable parameters. Gives x, and branch where the block has one.
struct Checkpoint : torch::autograd::Function<Checkpoint> {
  static variable_list forward(AutogradContext* context, const c10::intrusive_ptr<Call>& call,
                               const at::TensorList& tensors) {
    context->saved_data["call"] = c10::IValue::make_capsule(call);
    context->save_for_backward(tensors.vec());
    context->set_materialize_grads(false);
    const NothingKept guard;
    const host_kernels::AsInTraining same;
    const Stream out = (*call)(tensors);
    return out.branch.defined() ? variable_list{out.x, out.branch} : variable_list{out.x};
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto capsule = context->saved_data["call"].toCapsule();
    const Call& call = static_cast<const Call&>(*capsule);
    const variable_list saved = context->get_saved_variables();
    variable_list tensors;
    for (const at::Tensor& tensor : saved) {
      tensors.push_back(tensor.detach().requires_grad_(tensor.requires_grad()));
    }

    variable_list outputs, wanted, weights;
    {
      const Restored after(call.surroundings.device);
      const StandIns stand_ins(call.module, {tensors.begin() + call.streams, tensors.end()});
      const at::AutoGradMode on(true);
      call.surroundings.put();
      const Stream out = call(tensors);
      const std::array values{out.x, out.branch};
      for (std::size_t i = 0; i < gradients.size(); ++i) {
        if (!gradients[i].defined() || !values[i].requires_grad()) continue;
        outputs.push_back(values[i]), weights.push_back(gradients[i]);
      }
    }
    for (const at::Tensor& tensor : tensors) {
      if (tensor.requires_grad()) wanted.push_back(tensor);
    }
    variable_list result(1 + tensors.size());  // the first stands for `call`
    if (outputs.empty() || wanted.empty()) return result;
    const variable_list found = torch::autograd::grad(outputs, wanted, weights, /*retain_graph=*/std::nullopt,
                                                      /*create_graph=*/false, /*allow_unused=*/true);
    std::size_t next = 0;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      if (tensors[i].requires_grad()) result[i + 1] = found[next++];
    }
    return result;
  }
};

}  // namespace

Stream checkpoint(const Module& module, const BlockFunction& run, const Stream& in) {
  variable_list tensors{in.x};
  if (in.branch.defined()) tensors.push_back(in.branch);
  for (const Slot& slot : module.slots()) {
    if (slot.tensor->requires_grad()) tensors.push_back(*slot.tensor);
  }
  const auto wants = [](const at::Tensor& tensor) { return tensor.requires_grad(); };
  if (!at::GradMode::is_enabled() || std::ranges::none_of(tensors, wants)) return run(in);
  const variable_list out = Checkpoint::apply(c10::make_intrusive<Call>(module, run, in), at::TensorList(tensors));
  return {out[0], out.size() > 1 ? out[1] : at::Tensor()};
}

}  // namespace welt::nn
