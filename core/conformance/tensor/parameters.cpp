// Conformance group "parameters": names that stay, tensors that are the parameters, weights that can be taken out and
// put back.
#include <ATen/ops/equal.h>
#include <welt/abi/mode.h>
#include <welt/abi/parameters.h>

#include <algorithm>
#include <set>

#include "core/conformance/tensor/groups.h"
#include "core/conformance/tensor/specimen.h"
#include "core/tensor/random.h"
#include "core/tensor/tensor_io.h"

namespace welt::conformance {
namespace {

const welt_parameters_v1& table_of(Specimen& s) {
  return s.component().component().require<welt_parameters_v1>(WELT_PARAMETERS_INTERFACE);
}

void described(Specimen& s) {
  const std::vector<NamedParameter>& all = s.component().parameters();
  const std::vector<at::Tensor> tensors = s.must("get()", [&] { return s.component().tensors(); });
  std::set<std::string> names;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const NamedParameter& one = all[i];
    const auto expect = [&](bool good, std::string seen, std::string expected) {
      s.trial().expect(good, {std::move(seen), std::move(expected), "parameters.h: welt_parameter_info"});
    };
    expect(names.insert(one.name).second, fmt::format("the name {} twice", one.name), "every name once");
    expect(one.kind == WELT_PARAMETER || one.kind == WELT_BUFFER, fmt::format("kind {} of {}", one.kind, one.name),
           "WELT_PARAMETER or WELT_BUFFER");
    expect(one.kind == WELT_PARAMETER || !one.trainable, "the trainable buffer " + one.name,
           "trainable parameters only");
    expect(tensors[i].sizes() == at::IntArrayRef(one.shape),
           fmt::format("{} of shape {}", one.name, shape_text(tensors[i].sizes())), shape_text(one.shape));
    expect(tensors[i].requires_grad() == one.trainable || !one.trainable,
           fmt::format("{}, trainable, without requires_grad", one.name), "requires_grad");
  }
  for (const NamedParameter& one : all) {
    s.trial().expect(one.tied_to.empty() || names.contains(one.tied_to),
                     {.seen = fmt::format("{} tied to {}", one.name, one.tied_to),
                      .expected = "another parameter's name",
                      .rule = "parameters.h: welt_parameter_info"});
  }
}

std::vector<std::string> names_of(Specimen& s) {
  const welt_parameters_v1& table = table_of(s);
  welt_component* self = s.component().component().raw();
  std::vector<std::string> names;
  for (std::uint64_t i = 0; i < table.count(self); ++i) {
    welt_parameter_info info{};
    info.struct_size = sizeof info;
    s.trial().must("describe()", [&](welt_error* error) { return table.describe(self, i, &info, error); });
    names.emplace_back(info.name.data, info.name.size);
  }
  return names;
}

void stable(Specimen& s) {
  const auto same = [&](const std::vector<std::string>& seen, const std::vector<std::string>& expected,
                        std::string_view when) {
    const auto [here, there] = std::ranges::mismatch(seen, expected);
    if (here == seen.end() && there == expected.end()) return;
    s.trial().fail(
        {.seen = fmt::format("{} parameters {}, {} as number {}", seen.size(), when,
                             here == seen.end() ? "none" : *here, here - seen.begin()),
         .expected = fmt::format("{} as before, {} there", expected.size(), there == expected.end() ? "none" : *there),
         .rule = "parameters.h: order and number never change"});
  };
  const std::vector<std::string> first = names_of(s);
  same(names_of(s), first, "when asked again");
  s.everything(s.input());
  same(names_of(s), first, "after a call");
  Specimen other(s.trial(), s.type(), s.role());
  same(names_of(other), first, "in a second component of the same configuration");
}

void identity(Specimen& s) {
  const std::vector<at::Tensor> first = s.component().tensors(), second = s.component().tensors();
  const std::vector<NamedParameter>& all = s.component().parameters();
  const auto expect_one = [&](bool one, std::string seen, std::string rule) {
    s.trial().expect(one, {.seen = std::move(seen), .expected = "the same tensor object", .rule = std::move(rule)});
  };
  for (std::size_t i = 0; i < first.size(); ++i) {
    expect_one(first[i].is_same(second[i]), "two tensors for two handles of " + all[i].name,
               "parameters.h: get() gives a handle of the tensor object");
    if (all[i].tied_to.empty()) continue;
    const auto other = std::ranges::find(all, all[i].tied_to, &NamedParameter::name) - all.begin();
    expect_one(first[i].is_same(first.at(static_cast<std::size_t>(other))),
               fmt::format("two tensors for {} and {}, to which it is tied", all[i].name, all[i].tied_to),
               "parameters.h: tied_to");
  }
}

void bind(Specimen& s) {
  const welt_parameters_v1& table = table_of(s);
  welt_component* self = s.component().component().raw();
  const at::Tensor input = s.input(), before = s.everything(input);
  const std::vector<at::Tensor> old = s.component().tensors();
  const std::uint64_t generation = table.generation(self);
  for (std::size_t i = 0; i < old.size(); ++i) {
    const at::Tensor fresh = old[i].detach().clone();
    s.must("bind()", [&] { s.component().bind(i, fresh); });
  }
  s.trial().expect(old.empty() || table.generation(self) != generation,
                   {.seen = "the same generation after bind()",
                    .expected = "another",
                    .rule = "parameters.h: generation counts binds"});
  s.expect_same(s.everything(input), before, "a call before and after binding copies", "parameters.h: bind()");
  const std::vector<at::Tensor> bound = s.component().tensors();
  bool changed = old.empty();
  for (std::size_t i = 0; i < bound.size(); ++i) {
    const NamedParameter& one = s.component().parameters()[i];
    if (one.kind != WELT_PARAMETER) continue;
    bound[i].add_(s.random(bound[i].sizes()));
    changed = true;
  }
  s.trial().expect(old.empty() || !changed || !at::equal(s.everything(input), before),
                   {.seen = "the same result after the bound tensors were changed",
                    .expected = "another",
                    .rule = "parameters.h: a bound tensor becomes the parameter"});
}

void bind_refuses(Specimen& s) {
  const std::vector<at::Tensor> tensors = s.component().tensors();
  if (tensors.empty()) s.trial().skip("it has no parameters");
  std::vector<std::int64_t> shape = tensors.front().sizes().vec();
  shape.push_back(2);
  const at::Tensor input = s.input(), before = s.everything(input), wrong = s.random(shape);
  s.refusal("bind()", "the tensor is of another shape", [&] { s.component().bind(0, wrong); });
  s.expect_same(s.everything(input), before, "a call before and after a refused bind()",
                "docs/abi-policy.md: a failed call leaves everything as it was");
}

void round_trip(Specimen& s) {
  Specimen first(s.trial(), s.type(), s.role(), WELT_INIT_RANDOM),
      second(s.trial(), s.type(), s.role(), WELT_INIT_NONE);
  const std::vector<at::Tensor> weights = first.component().tensors();
  for (std::size_t i = 0; i < weights.size(); ++i)
    second.must("bind()", [&] { second.component().bind(i, weights[i].detach().clone()); });
  const at::Tensor input = first.input();
  s.expect_same(second.everything(input), first.everything(input), "a component and another with its weights",
                "parameters.h: the parameters are the whole state");
}

// What training leaves anywhere else is not in a checkpoint: a run that was resumed would go another way.
void trained(Specimen& s) {
  if (!s.offers(WELT_MODE_INTERFACE)) s.trial().skip("it has no " WELT_MODE_INTERFACE ": both modes are the same");
  Specimen other(s.trial(), s.type(), s.role());
  const at::Tensor input = s.input();
  const auto call = [&](Specimen& one) {
    seed_default_generator(s.trial().seed(), RandomPurpose::micro_step);
    return one.everything(input);
  };
  for (Specimen* one : {&s, &other}) one->must("mode set()", [&] { one->component().set_training(true); });
  for (int i = 0; i < 3; ++i) call(s);
  const std::vector<at::Tensor> state = s.component().tensors();
  for (std::size_t i = 0; i < state.size(); ++i)
    other.must("bind()", [&] { other.component().bind(i, state[i].detach().clone()); });
  const at::Tensor expected = call(s);
  s.expect_same(call(other), expected,
                "a call in training of a new component that was given all parameters and buffers of a trained one, and "
                "of that one",
                "parameters.h: the parameters are the whole state");
}

void seeded(Specimen& s) {
  Specimen first(s.trial(), s.type(), s.role(), WELT_INIT_RANDOM),
      second(s.trial(), s.type(), s.role(), WELT_INIT_RANDOM);
  const std::vector<at::Tensor> one = first.component().tensors(), other = second.component().tensors();
  for (std::size_t i = 0; i < one.size(); ++i)
    s.expect_same(other[i], one[i], "random weights of " + s.component().parameters()[i].name + " from one seed",
                  "docs/abi-policy.md: random weights come from LibTorch's default generator");
}

}  // namespace

void add_parameter_tests(TestList& tests) {
  const std::string all = "components with " WELT_PARAMETERS_INTERFACE;
  tests.push_back(specimen_test<stable, tensor_roles>(
      "parameters.stable", "Number and order are the same when asked again, after a call, and in a second component.",
      all, {"numerics.runs"}));
  const std::vector<std::string> base = {"numerics.deterministic", "parameters.stable"};
  tests.push_back(specimen_test<described, tensor_roles>(
      "parameters.described", "Every parameter has a name of its own, a kind, and the shape it says.", all, base));
  tests.push_back(specimen_test<identity, tensor_roles>(
      "parameters.identity", "Two handles of a parameter, or of two tied ones, are the same tensor object.", all,
      {"parameters.described"}));
  tests.push_back(specimen_test<bind, tensor_roles>(
      "parameters.bind", "A bound tensor becomes the parameter, and the generation tells.", all, base));
  tests.push_back(specimen_test<bind_refuses, tensor_roles>(
      "parameters.bind_refuses", "A tensor of another shape is refused, and nothing changes.", all, base));
  tests.push_back(specimen_test<round_trip, tensor_roles>(
      "parameters.round_trip", "A second component with the first one's weights computes the same bits.", all, base));
  tests.push_back(specimen_test<trained, tensor_roles>(
      "parameters.trained", "A new component with the parameters and buffers of a trained one trains on as that one.",
      "components with " WELT_MODE_INTERFACE, base));
  tests.push_back(specimen_test<seeded, tensor_roles>("parameters.seeded",
                                                      "The same seed gives the same random weights.", all, base));
}

}  // namespace welt::conformance
