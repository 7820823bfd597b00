// Module: an ordered tree of named tensors, which models are composed of. The usual layers are in layers.h.
//
// Unlike torch::nn, a layer is made with TensorOptions: on the meta device it has shapes and no memory, so a model of
// any size can be described, and then bound to a mapped file. Names and layouts are those of the Hugging Face state
// dict. A module is neither copied nor moved: its parents point into it.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "welt/nn/construction.h"
#include "welt/nn/init.h"

namespace welt::nn {

// A tensor that is part of a module: a parameter or a buffer. One that is declared and never registered is found when
// the model is made. What is computed from the configuration alone is no part of a model's state: compute it in
// forward, on the device of its input, and keep it as an at::Tensor if it is dear.
class Tensor : public at::Tensor {
 public:
  Tensor() { Construction::made(nullptr, this); }
  Tensor(const Tensor&) = delete;
  ~Tensor() { Construction::gone(this); }
  Tensor& operator=(const Tensor& value) { return *this = at::Tensor(value); }
  Tensor& operator=(at::Tensor&& value) {
    at::Tensor::operator=(std::move(value));
    return *this;
  }
  Tensor& operator=(const at::Tensor& value) { return *this = at::Tensor(value); }
};

// What else there is to say of a parameter.
struct Traits {
  bool decay = true;      // weight decay applies: matrices, convolutions, tables; norms and biases have none
  bool trainable = true;  // false: saved and loaded, but never changed
  bool table = false;     // rows are looked up or added, not multiplied: sizes and FLOPs count it apart
};

// One tensor of a tree, under its full name.
struct Slot {
  std::string name;
  Tensor* tensor;
  Init init;
  Traits traits;
  bool buffer;            // saved, loaded and moved, never trained
  bool optional_in_file;  // some checkpoints lack it without harm
  std::string tied_to;    // another slot's name, whose tensor this is too; empty: none
};

class Module;
struct NamedPart {
  const char* name;
  Module& module;
};

class Module {
 public:
  Module() { Construction::made(this, nullptr); }
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  virtual ~Module() { Construction::gone(this); }

  // Every tensor below this module, in the order of registration, with dotted names. One that is registered twice, or
  // tied, has the first name's as tied_to. Throws Failure where two tensors have one name.
  std::vector<Slot> slots() const;
  // Fills every tensor from its initialiser and the default generator.
  void initialise();
  // This module and all parts, with their dotted names; this one's is empty.
  void for_each_module(const std::function<void(const Module& module, const std::string& name)>& visit) const;
  // What is registered here, without what is below.
  std::vector<std::string> own_names() const;

  // Training or evaluation, for this module and all parts. A module starts in evaluation.
  void set_training(bool training);
  bool training() const { return training_; }

 protected:
  // Registers `tensor` and makes it: a leaf of the given shape that wants a gradient, unless `traits` say otherwise.
  void parameter(std::string name, Tensor& tensor, at::IntArrayRef shape, const at::TensorOptions& options, Init init,
                 Traits traits = {});
  // The same for a table, whose rows are looked up or added and never multiplied: positions, token types, a class
  // token.
  void table(std::string name, Tensor& tensor, at::IntArrayRef shape, const at::TensorOptions& options, Init init);
  // The same for what a model keeps without learning it by gradients: running statistics, counters, index tables. Any
  // dtype; a floating one follows the model's, others stay. A forward may change a buffer in place, while training().
  void buffer(std::string name, Tensor& tensor, at::IntArrayRef shape, const at::TensorOptions& options, Init init);
  // This module does without `tensor` (a bias that a configuration takes away): it stays undefined.
  void absent(Tensor& tensor) { Construction::registers(*this, &tensor); }
  // Registers a part; an empty name adds nothing to the names of its tensors. A part that is registered under two names
  // is one part: the second names are tied to the first.
  void child(std::string name, Module& module, bool optional_in_file = false);
  void children(std::initializer_list<NamedPart> parts);
  // From now on `second` is `first`: one tensor under two names, as a head that is the token table. Both are registered
  // in parts of this module; throws Failure naming both if their shapes differ.
  void tie(Tensor& second, Tensor& first);
  // `probability` while training, else 0: for dropout().
  double active(double probability) const { return training_ ? probability : 0; }

 private:
  struct Own {
    std::string name;
    Tensor* tensor;
    Init init;
    Traits traits;
    bool buffer;
  };
  struct Child {
    std::string name;
    Module* module;
    bool optional_in_file;
  };
  struct Item {  // one of the two, so that the order of registration is kept
    std::size_t index;
    bool is_child;
  };
  using Ties = std::vector<std::pair<const Tensor*, const Tensor*>>;
  void add(Own own, at::IntArrayRef shape, const at::TensorOptions& options);
  void collect(const std::string& prefix, bool optional, std::vector<Slot>& out, Ties& ties) const;

  std::vector<Own> own_;
  std::vector<Child> children_;
  std::vector<Item> order_;
  Ties ties_;  // second, first
  bool training_ = false;
};

// A module that is a whole model. What a component is made of. [instance]
class Body : public Module {
 public:
  // Activation checkpointing of every n-th block; 0: of none (checkpoint.h).
  void set_checkpoint_every(std::int64_t blocks) { checkpoint_every_ = blocks; }
  std::int64_t checkpoint_every() const { return checkpoint_every_; }

 private:
  std::int64_t checkpoint_every_ = 0;
};

// Parts of one kind, one behind the other, named by their number: child("layers", blocks) makes "layers.0", "layers.1".
template <typename Block>
class BlockList : public Module {
 public:
  // Each block is made from `args`, and from its number behind them where its constructor takes one.
  template <typename... Args>
  explicit BlockList(std::int64_t count, const Args&... args) {
    for (std::int64_t number = 0; number < count; ++number) {
      if constexpr (std::is_constructible_v<Block, const Args&..., std::int64_t>)
        blocks_.push_back(std::make_unique<Block>(args..., number));
      else
        blocks_.push_back(std::make_unique<Block>(args...));
      child(std::to_string(number), *blocks_.back());
    }
  }
  std::size_t size() const { return blocks_.size(); }
  bool empty() const { return blocks_.empty(); }
  const Block& operator[](std::size_t number) const { return *blocks_[number]; }

 private:
  std::vector<std::unique_ptr<Block>> blocks_;
};

// x with a share of `probability` of its entries dropped and the rest rescaled; x itself at 0.
at::Tensor dropout(const at::Tensor& x, double probability);
// Stochastic depth (Huang et al. 2016, arXiv:1603.09382): the same for whole samples.   x [N, ..]
at::Tensor drop_path(const at::Tensor& x, double probability);

}  // namespace welt::nn
