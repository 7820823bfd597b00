// The first tests of a component with tensors: what it says its parameters are is all that it computes with, and each
// is a tensor of its own. Whoever keeps something beside them loses it in the first checkpoint, so nothing else is
// worth trying before.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <welt/abi/parameters.h>

#include <algorithm>
#include <map>
#include <utility>

#include "core/conformance/groups.h"
#include "core/conformance/tensor/graph_leaves.h"
#include "core/conformance/tensor/groups.h"
#include "core/conformance/tensor/specimen.h"
#include "core/tensor/tensor_io.h"

namespace welt::conformance {
namespace {

// A call whose failure, or whose results that change by themselves, are for the tests behind this one to tell.
bool answers(Specimen& s, const at::Tensor& input) {
  try {
    const at::Tensor first = s.everything(input);
    return at::equal(s.everything(input), first);
  } catch (const Failed&) {
    return false;
  }
}
const char* const no_answer =
    "it does not answer a call, or not the same twice: numerics.runs and those behind it tell";

// [first, last) byte of what a tensor looks at.
std::pair<std::uintptr_t, std::uintptr_t> bytes_of(const at::Tensor& tensor) {
  const auto first = reinterpret_cast<std::uintptr_t>(tensor.const_data_ptr());
  return {first, first + tensor.nbytes()};
}

void apart(Specimen& given) {
  Specimen s(given.trial(), given.type(), given.role(), WELT_INIT_RANDOM);
  const at::Tensor input = s.input();
  if (!answers(s, input)) s.trial().skip(no_answer);
  const std::vector<NamedParameter>& all = s.component().parameters();
  const std::vector<at::Tensor> tensors = s.must("get()", [&] { return s.component().tensors(); });
  std::map<std::uintptr_t, std::size_t> ends;  // last byte + 1 → number
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (tensors[i].numel() == 0 || all[i].same_as != i || !tensors[i].is_contiguous()) continue;
    const auto [first, last] = bytes_of(tensors[i]);
    const auto behind = ends.upper_bound(first);  // the first that ends behind this one's beginning
    const bool shared = behind != ends.end() && bytes_of(tensors[behind->second]).first < last;
    s.trial().expect(!shared, {.seen = fmt::format("{} and {} in the same memory",
                                                   shared ? all[behind->second].name : "", all[i].name),
                               .expected = "a tensor for each, or tied_to: a checkpoint would part them",
                               .rule = "parameters.h: tied_to"});
    ends.emplace(last, i);
  }
}

void complete(Specimen& given) {
  Specimen one(given.trial(), given.type(), given.role(), WELT_INIT_RANDOM),
      other(given.trial(), given.type(), given.role(), WELT_INIT_RANDOM, /*draw=*/1);
  const at::Tensor input = one.input();
  if (!answers(one, input) || !answers(other, input)) one.trial().skip(no_answer);
  if (!std::ranges::equal(one.component().parameters(), other.component().parameters(), {}, &NamedParameter::name,
                          &NamedParameter::name))
    one.trial().skip("its parameters are others in another component: parameters.stable tells");
  const std::vector<at::Tensor> weights = one.component().tensors();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (other.component().parameters()[i].same_as != i) continue;
    other.must("bind()", [&] { other.component().bind(i, weights[i].detach().clone()); });
  }
  other.expect_same(
      other.everything(input), one.everything(input),
      "a component and another with all its parameters and buffers: something that is neither decides, too",
      "parameters.h: the parameters and buffers are the whole state");
  const at::AutoGradMode on(true);
  const at::Tensor result = one.everything(input);
  for (const at::Tensor& leaf : graph_leaves(result)) {
    const bool known = std::ranges::any_of(weights, [&](const at::Tensor& tensor) { return tensor.is_same(leaf); });
    one.trial().expect(known, {.seen = fmt::format("a tensor {} that takes a gradient and is no parameter of it",
                                                   shape_text(leaf.sizes())),
                               .expected = "parameters only: nobody trains and saves it",
                               .rule = "parameters.h: the tensors of a component"});
  }
}

}  // namespace

void add_whole_tests(TestList& tests) {
  const std::string all = "components with " WELT_PARAMETERS_INTERFACE;
  tests.push_back(specimen_test<apart, tensor_roles>(
      "parameters.apart", "No two parameters share memory but those that say that they are tied.", all, {gate, made}));
  tests.push_back(specimen_test<complete, tensor_roles>(
      "parameters.complete", "Nothing but parameters and buffers decides what a component computes.", all,
      {gate, made, "parameters.apart"}));
}

}  // namespace welt::conformance
