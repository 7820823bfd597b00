// The tree of named tensors: what a slot tells about its parameter.
#include "welt/nn/module.h"

#include <gtest/gtest.h>

#include <map>

namespace welt::nn {
namespace {

class Part : public Module {
 public:
  Part() : rows(5, 3, at::kFloat, 0.02), product(3, 2, true, at::kFloat, 0.02) {
    table("token", token, {1, 1, 3}, at::kFloat, Init::normal(0.02));
    parameter("scale", scale, {3}, at::kFloat, Init::ones(), false);
    child("rows", rows);
    child("product", product);
  }
  at::Tensor token, scale;
  Embedding rows;
  Linear product;
};

class Whole : public Module {
 public:
  Whole() { child("part", part); }
  Part part;
};

TEST(Module, SlotsTellTablesFromWhatIsMultiplied) {
  const Whole whole;
  std::map<std::string, Slot> slots;
  for (const Slot& slot : whole.slots()) slots.emplace(slot.name, slot);
  ASSERT_EQ(slots.size(), 5u);
  for (const char* name : {"part.token", "part.rows.weight"}) {
    EXPECT_TRUE(slots.at(name).table) << name;
    EXPECT_TRUE(slots.at(name).decay) << name;
  }
  for (const char* name : {"part.scale", "part.product.weight", "part.product.bias"})
    EXPECT_FALSE(slots.at(name).table) << name;
}

}  // namespace
}  // namespace welt::nn
