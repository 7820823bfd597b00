// Conformance group "training": steps of an optimizer, as a run makes them. What decides them is what a run knows of:
// parameters, buffers, and the random numbers of the step.
#include <ATen/core/grad_mode.h>
#include <welt/abi/mode.h>
#include <welt/abi/parameters.h>

#include <filesystem>

#include "core/conformance/own_folder.h"
#include "core/conformance/tensor/groups.h"
#include "core/conformance/tensor/specimen.h"
#include "core/tensor/random.h"
#include "core/tensor/tensor_io.h"

namespace welt::conformance {
namespace {

constexpr std::uint64_t steps = 4;

// A component in training, in float32 as in a run.
class Training {
 public:
  Training(const Specimen& like, std::uint64_t draw)
      : s_(like.trial(), like.type(), like.role(), WELT_INIT_RANDOM, draw) {
    if (s_.offers(WELT_MODE_INTERFACE)) s_.must("mode set()", [&] { s_.component().set_training(true); });
  }

  // Steps `from` to `to`: random numbers and input are functions of the step.
  void go(std::uint64_t from, std::uint64_t to, const std::vector<at::Tensor>& inputs) {
    for (std::uint64_t step = from; step < to; ++step) {
      seed_default_generator(s_.trial().seed(), RandomPurpose::micro_step, step);
      {
        const at::AutoGradMode on(true);
        const at::Tensor loss = s_.everything(inputs[step]).square().mean();
        s_.must("backward()", [&] { loss.backward(); });
      }
      for (const at::Tensor& tensor : s_.component().tensors()) {
        if (!tensor.grad().defined()) continue;
        tensor.sub_(tensor.grad(), /*alpha=*/0.1);
        tensor.mutable_grad().reset();
      }
    }
  }

  // As a checkpoint holds it: each tensor once, under its name.
  void save(const std::filesystem::path& file) {
    std::vector<NamedTensor> named;
    for_each_own([&](const NamedParameter& one, std::size_t, const at::Tensor& tensor) {
      named.emplace_back(one.name, tensor.detach());
    });
    save_tensors(file, named);
  }
  void load(const std::filesystem::path& path) {
    const SafetensorsFile file = SafetensorsFile::open(path);
    for_each_own([&](const NamedParameter& one, std::size_t index, const at::Tensor& tensor) {
      at::Tensor saved = copied_tensor(file, *file.find(one.name), tensor.scalar_type());
      saved.requires_grad_(tensor.requires_grad());
      s_.must("bind()", [&] { s_.component().bind(index, saved); });
    });
  }

  // Fails unless the other has the same tensors, bit for bit.
  void expect_same(Training& other, std::string_view what, std::string_view rule) {
    const std::vector<at::Tensor> seen = s_.component().tensors(), expected = other.s_.component().tensors();
    s_.trial().enter("training");
    for (std::size_t i = 0; i < seen.size(); ++i)
      s_.expect_same(seen[i].detach(), expected[i].detach(),
                     fmt::format("{} after {}", s_.component().parameters()[i].name, what), rule);
  }

 private:
  template <typename Visit>
  void for_each_own(Visit visit) {
    const std::vector<NamedParameter>& all = s_.component().parameters();
    const std::vector<at::Tensor> tensors = s_.component().tensors();
    for (std::size_t i = 0; i < all.size(); ++i)
      if (all[i].same_as == i) visit(all[i], i, tensors[i]);
  }

  Specimen s_;
};

std::vector<at::Tensor> inputs_of(Specimen& made) {
  Specimen s(made.trial(), made.type(), made.role(), WELT_INIT_NONE);
  std::vector<at::Tensor> inputs;
  for (std::uint64_t step = 0; step < steps; ++step) inputs.push_back(s.input());
  return inputs;
}

void repeats(Specimen& s) {
  const std::vector<at::Tensor> inputs = inputs_of(s);
  Training first(s, 0), second(s, 0);
  first.go(0, steps, inputs);
  second.go(0, steps, inputs);
  second.expect_same(first, fmt::format("{} steps and after the same steps once more, from one seed", steps),
                     "docs/abi-policy.md: random numbers are those of LibTorch's default generator, and a plugin keeps "
                     "no state of its own");
}

void resumes(Specimen& s) {
  const std::vector<at::Tensor> inputs = inputs_of(s);
  Training whole(s, 0), broken_off(s, 0), resumed(s, /*draw=*/1);
  whole.go(0, steps, inputs);
  broken_off.go(0, steps / 2, inputs);
  const OwnFolder folder;
  broken_off.save(folder.path() / "model.safetensors");
  resumed.load(folder.path() / "model.safetensors");
  resumed.go(steps / 2, steps, inputs);
  resumed.expect_same(
      whole, fmt::format("{} steps that were saved and loaded in between and after {} unbroken ones", steps, steps),
      "parameters.h: the parameters and buffers are the whole state");
}

}  // namespace

void add_training_tests(TestList& tests) {
  const std::string all = "components with " WELT_PARAMETERS_INTERFACE;
  const std::vector<std::string> base = {"numerics.deterministic", "autograd.reaches",  "parameters.round_trip",
                                         "parameters.trained",     "parameters.seeded", "mode.state",
                                         "mode.training"};
  tests.push_back(specimen_test<repeats, tensor_roles>(
      "training.repeats", "Two trainings from one seed give the same weights, bit for bit.", all, base));
  std::vector<std::string> repeated = base;
  repeated.emplace_back("training.repeats");
  tests.push_back(specimen_test<resumes, tensor_roles>(
      "training.resumes", "A training that is saved and loaded in between goes on as an unbroken one.", all, repeated));
}

}  // namespace welt::conformance
