// While a model is being made: a book of all modules and tensors that were, so that none can be forgotten.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

namespace welt::nn {

class Module;
class Tensor;

// Everything that is made on this thread is noted in the innermost that stands. A tensor that is held by an author's
// module and never registered is neither saved nor moved nor trained, and nothing would say so: check() does.
class Construction {
 public:
  Construction();
  ~Construction();
  Construction(const Construction&) = delete;
  Construction& operator=(const Construction&) = delete;

  // Throws Failure naming the first module or tensor that is still there and not a part of `root`, and whose it is.
  void check(const Module& root) const;

 private:
  friend class Module;
  friend class Tensor;
  // Called by constructors, destructors and registrations; nothing where none stands.
  static void made(const Module* module, const Tensor* tensor);
  static void gone(const void* thing);
  static void registers(const Module& owner, const Tensor* tensor);

  struct Entry {
    const Module* module;  // one of the two; neither: it is gone
    const Tensor* tensor;
    const Module* owner = nullptr;
    bool registered = false;  // tensors
  };
  std::vector<Entry> entries_;                           // in order of construction: an owner before its parts
  std::unordered_map<const void*, std::size_t> number_;  // of what is still there
  std::vector<std::size_t> ownerless_;
  Construction* outer_;
};

}  // namespace welt::nn
