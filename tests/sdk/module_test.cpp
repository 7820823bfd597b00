// The tree of named tensors: what a slot tells, ties and names, and the book that finds what was never registered.
#include "welt/nn/module.h"

#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>

#include "tests/sdk/refusal.h"
#include "welt/nn/layers.h"

namespace welt::nn {
namespace {

const at::TensorOptions real = at::kFloat, outline = at::TensorOptions(at::kFloat).device(at::kMeta);

using test::refusal;

std::map<std::string, Slot> slots_of(const Module& module) {
  std::map<std::string, Slot> out;
  for (const Slot& slot : module.slots()) out.emplace(slot.name, slot);
  return out;
}

struct Part : Module {
  Part() : rows(5, 3, real, 0.02), product(3, 2, true, real, 0.02) {
    table("token", token, {1, 1, 3}, real, Init::normal(0.02));
    parameter("scale", scale, {3}, real, Init::ones(), {.decay = false});
    parameter("fixed", fixed, {3}, real, Init::uniform(2, 3), {.trainable = false});
    buffer("index", index, {4}, real.dtype(at::kLong), Init::constant(7));
    children({{"rows", rows}, {"product", product}});
  }
  Tensor token, scale, fixed, index;
  Embedding rows;
  Linear product;
};

struct Whole : Module {
  Whole() { child("part", part); }
  Part part;
};

TEST(Module, SlotsTellTablesFromWhatIsMultiplied) {
  const auto slots = slots_of(Whole());
  ASSERT_EQ(slots.size(), 7u);
  for (const char* name : {"part.token", "part.rows.weight"}) {
    EXPECT_TRUE(slots.at(name).traits.table) << name;
    EXPECT_TRUE(slots.at(name).traits.decay) << name;
  }
  for (const char* name : {"part.scale", "part.product.weight", "part.product.bias"})
    EXPECT_FALSE(slots.at(name).traits.table) << name;
}

TEST(Module, BuffersAndFixedParametersWantNoGradient) {
  Whole whole;
  whole.initialise();
  const auto slots = slots_of(whole);
  EXPECT_TRUE(slots.at("part.index").buffer && !slots.at("part.index").traits.trainable);
  EXPECT_FALSE(slots.at("part.fixed").buffer || slots.at("part.fixed").traits.trainable);
  EXPECT_FALSE(whole.part.index.requires_grad() || whole.part.fixed.requires_grad());
  EXPECT_TRUE(whole.part.scale.requires_grad());
  EXPECT_EQ(whole.part.index.sum().item<std::int64_t>(), 28);
  EXPECT_TRUE((whole.part.fixed >= 2).all().item<bool>());
}

TEST(Module, TrainingReachesEveryPart) {
  Whole whole;
  EXPECT_FALSE(whole.part.product.training());
  whole.set_training(true);
  EXPECT_TRUE(whole.training() && whole.part.product.training());
}

struct Tied : Module {
  explicit Tied(std::int64_t width) : rows(5, 3, real, 0.02), head(width, 5, false, real, 0.02) {
    child("head", head);
    child("rows", rows);
    tie(head.weight, rows.weight);
  }
  Embedding rows;
  Linear head;
};

TEST(Module, TiedTensorsAreOneUnderTwoNames) {
  Tied tied(3);
  const auto slots = slots_of(tied);
  EXPECT_EQ(slots.at("head.weight").tied_to, "rows.weight");
  EXPECT_TRUE(slots.at("head.weight").traits.table);
  EXPECT_EQ(slots.at("rows.weight").tied_to, "");
  EXPECT_TRUE(tied.head.weight.is_same(tied.rows.weight));
  EXPECT_EQ(refusal([] { Tied(4); }), "head.weight [5, 4] is tied to rows.weight [5, 3]; expected one shape for both");
}

// The first of three was left with nothing in it, and a ring of ties never ended.
TEST(Module, ATensorThatHasATieIsNotTiedAgain) {
  struct Chain : Module {
    explicit Chain(bool ring) : a(2, 3, real, 0.02), b(2, 3, real, 0.02), c(2, 3, real, 0.02) {
      children({{"a", a}, {"b", b}, {"c", c}});
      tie(b.weight, a.weight);
      if (ring)
        tie(b.weight, c.weight);
      else
        tie(a.weight, c.weight);
    }
    Embedding a, b, c;
  };
  const std::string expected = "; expected each tensor to be tied once, to the one that stays";
  EXPECT_EQ(refusal([] { Chain(false); }), "a.weight has another tensor tied to it already" + expected);
  EXPECT_EQ(refusal([] { Chain(true); }), "b.weight is tied already" + expected);
}

TEST(Module, APartUnderTwoNamesIsTiedToItsFirst) {
  struct Shared : Module {
    Shared() : norm(3, 1e-5, real) { children({{"first", norm}, {"second", norm}}); }
    LayerNorm norm;
  };
  const auto slots = slots_of(Shared());
  EXPECT_EQ(slots.at("second.weight").tied_to, "first.weight");
}

TEST(Module, OneNameForTwoTensorsIsRefused) {
  struct Twice : Module {
    Twice() : one(3, 1e-5, real), other(3, 1e-5, real) { children({{"norm", one}, {"norm", other}}); }
    LayerNorm one, other;
  };
  EXPECT_EQ(refusal([] { Twice().slots(); }), "two tensors have the name norm.weight; expected one name for each");
}

struct Mlp : Module {
  Mlp() : up(3, 6, false, outline, 0.02), down(6, 3, false, outline, 0.02) { children({{"up", up}, {"down", down}}); }
  Linear up, down;
};
struct Block : Module {
  explicit Block(bool forgetful) : norm(3, 1e-5, outline) {
    child("norm", norm);
    if (!forgetful) child("mlp", mlp);
  }
  LayerNorm norm;
  Mlp mlp;
};
struct Model : Module {
  explicit Model(int forgetful = -1) : norm(3, 1e-5, outline) {
    for (int i = 0; i < 3; ++i) {
      blocks.push_back(std::make_unique<Block>(i == forgetful));
      child("layers." + std::to_string(i), *blocks.back());
    }
    child("norm", norm);
  }
  std::vector<std::unique_ptr<Block>> blocks;
  LayerNorm norm;
};

template <typename M, typename... Args>
std::string check(Args... args) {
  return refusal([&] {
    const Construction construction;
    const auto model = std::make_unique<M>(args...);
    construction.check(*model);
  });
}

TEST(Construction, APartThatIsNotRegisteredIsNamed) {
  EXPECT_EQ(check<Model>(), "");
  EXPECT_EQ(check<Model>(2),
            "layers.2, welt::nn::(anonymous namespace)::Block, has a welt::nn::(anonymous namespace)::Mlp (up, down) "
            "that is not registered with child()");
}

TEST(Construction, ATensorThatIsNotRegisteredIsNamed) {
  struct Gate : Module {
    Gate() { parameter("scale", scale, {3}, outline, Init::ones()); }
    Tensor scale, shift;
  };
  struct Holder : Module {
    Holder() { child("gate", gate); }
    Gate gate;
  };
  EXPECT_NE(check<Holder>().find("Gate, has an nn::Tensor beside those that it registers (scale); register it with "
                                 "parameter(), table() or buffer(), or call absent()"),
            std::string::npos);
  EXPECT_EQ(check<Holder>().find("gate, "), 0u);
}

TEST(Construction, WhatIsGoneOrAbsentOrMadeOutsideIsNoMatter) {
  struct Changing : Module {
    Changing() : bare(3, 3, /*with_bias=*/false, outline, 0.02) {
      std::optional<Linear> passing;
      passing.emplace(3, 3, true, outline, 0.02);
      child("bare", bare);
    }
    Linear bare;
  };
  const Linear before(3, 3, true, outline, 0.02);
  EXPECT_EQ(check<Changing>(), "");
}

}  // namespace
}  // namespace welt::nn
