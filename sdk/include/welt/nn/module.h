// Module: an ordered tree of named tensors, and the layers that models are composed of.
//
// Unlike torch::nn, a layer is made with TensorOptions: on the meta device it has shapes and no memory, so a model of
// any size can be described, and then bound to a mapped file. Names and layouts are those of the Hugging Face state
// dict. A module is neither copied nor moved: its parents point into it.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <cstdint>
#include <string>
#include <vector>

namespace welt::nn {

// How WELT_INIT_RANDOM fills a parameter.
struct Init {
  enum class Kind { normal, zeros, ones } kind = Kind::zeros;
  double deviation = 0;
  static Init normal(double deviation) { return {Kind::normal, deviation}; }
  static Init zeros() { return {}; }
  static Init ones() { return {Kind::ones, 0}; }
};

// One parameter of a tree, under its full name.
struct Slot {
  std::string name;
  at::Tensor* tensor;
  Init init;
  bool decay;             // weight decay applies (matrices and tables)
  bool table;             // rows are looked up or added, not multiplied
  bool optional_in_file;  // some checkpoints lack it without harm
};

class Module {
 public:
  Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  virtual ~Module() = default;

  // Every parameter below this module, in the order of registration, with dotted names.
  std::vector<Slot> slots() const;
  // Fills every parameter from its initialiser and the default generator.
  void initialise();

 protected:
  // Registers `tensor` and makes it: a leaf of the given shape that wants a gradient.
  void parameter(std::string name, at::Tensor& tensor, at::IntArrayRef shape, const at::TensorOptions& options,
                 Init init, bool decay);
  // The same for a table, whose rows are looked up or added and never multiplied: positions, token types, a class
  // token. Sizes and FLOPs count it apart. Weight decay applies.
  void table(std::string name, at::Tensor& tensor, at::IntArrayRef shape, const at::TensorOptions& options, Init init);
  // Registers a part; an empty name adds nothing to the names of its parameters.
  void child(std::string name, Module& module, bool optional_in_file = false);

 private:
  struct Own {
    std::string name;
    at::Tensor* tensor;
    Init init;
    bool decay, table;
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
  void collect(const std::string& prefix, bool optional, std::vector<Slot>& out) const;

  std::vector<Own> own_;
  std::vector<Child> children_;
  std::vector<Item> order_;
};

// A module that is a whole model: it knows whether it is being trained. What a component is made of. [instance]
class Body : public Module {
 public:
  void set_training(bool training) { training_ = training; }
  bool training() const { return training_; }
  // Activation checkpointing of every n-th block; 0: of none (checkpoint.h).
  void set_checkpoint_every(std::int64_t blocks) { checkpoint_every_ = blocks; }
  std::int64_t checkpoint_every() const { return checkpoint_every_; }

 protected:
  // `probability` while training, else 0.
  double active(double probability) const { return training_ ? probability : 0; }

 private:
  bool training_ = false;
  std::int64_t checkpoint_every_ = 0;
};

// x with a share of `probability` of its entries dropped and the rest rescaled; x itself at 0.
at::Tensor dropout(const at::Tensor& x, double probability);

// y = x Wᵀ + b.   weight [out, in], bias [out] or undefined
class Linear : public Module {
 public:
  Linear(std::int64_t in, std::int64_t out, bool with_bias, const at::TensorOptions& options, double deviation);
  at::Tensor operator()(const at::Tensor& x) const;
  at::Tensor weight, bias;
};

// transformers' Conv1D, which GPT-2 keeps its matrices in: y = x W + b.   weight [in, out], bias [out]
class Conv1D : public Module {
 public:
  Conv1D(std::int64_t in, std::int64_t out, const at::TensorOptions& options, double deviation);
  at::Tensor operator()(const at::Tensor& x) const;  // [tokens, in] → [tokens, out]
  at::Tensor weight, bias;
};

// Rows of a table.   weight [rows, width]
class Embedding : public Module {
 public:
  Embedding(std::int64_t rows, std::int64_t width, const at::TensorOptions& options, double deviation);
  at::Tensor operator()(const at::Tensor& index) const;
  at::Tensor weight;
};

// What residual_norm() needs of a norm.
struct NormSpec {
  enum class Kind { layer, rms } kind;
  const at::Tensor& weight;  // [D]
  const at::Tensor& bias;    // [D]; undefined for rms
  double eps;
};

class LayerNorm : public Module {
 public:
  LayerNorm(std::int64_t width, double eps, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x) const;
  NormSpec spec() const { return {NormSpec::Kind::layer, weight, bias, eps_}; }
  at::Tensor weight, bias;

 private:
  double eps_;
};

// transformers' LlamaRMSNorm: reduced precision is computed in float32, and the weight multiplies after the cast back.
class RMSNorm : public Module {
 public:
  RMSNorm(std::int64_t width, double eps, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x) const;
  NormSpec spec() const { return {NormSpec::Kind::rms, weight, none_, eps_}; }
  at::Tensor weight;

 private:
  at::Tensor none_;
  double eps_;
};

// Height and width of an image, a kernel, a stride or a grid of patches.
struct Extent {
  std::int64_t height, width;
  auto operator<=>(const Extent&) const = default;
};

// Cross-correlation of images.   weight [out, in / groups, kh, kw], bias [out] or undefined
class Conv2d : public Module {
 public:
  struct Shape {
    Extent kernel, stride = {1, 1}, padding = {0, 0};
    std::int64_t groups = 1;
    bool bias = true;
  };
  Conv2d(std::int64_t in, std::int64_t out, const Shape& shape, const at::TensorOptions& options, double deviation);
  // x [N, in, Hpx, Wpx] → [N, out, h, w]. Where the kernel tiles the image (kernel = stride, nothing left over), this
  // is one matrix product over flattened patches, and the result's memory is [N, h, w, out]: tokens without a copy.
  at::Tensor operator()(const at::Tensor& x) const;
  at::Tensor weight, bias;

 private:
  Shape shape_;
};

}  // namespace welt::nn
