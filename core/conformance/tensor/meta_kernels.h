// The meta device for operators whose shapes LibTorch knows in Python only.
#pragma once

#include <memory>

namespace welt::conformance {

// While it lives, every operator that has a kernel for the CPU and none for the meta device gets one: shapes are those
// that the CPU gives for zeros. Left out are operators that ask for values: those that give numbers (item), and those
// whose shapes depend on them (nonzero).
class MetaKernels {
 public:
  MetaKernels();
  ~MetaKernels();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace welt::conformance
