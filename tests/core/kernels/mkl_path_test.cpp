// The program's answer to MKL stands before LibTorch's own.
#include "core/kernels/mkl_path.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

namespace welt {
namespace {

TEST(MklPath, TheProgramsDefinitionIsTheOneThatLibTorchFinds) {
  void* found = dlsym(RTLD_DEFAULT, "mkl_serv_intel_cpu_true");
  ASSERT_NE(found, nullptr);
  Dl_info where{};
  ASSERT_NE(dladdr(found, &where), 0);
  EXPECT_EQ(std::string(where.dli_fname).find("libtorch"), std::string::npos) << where.dli_fname;
  EXPECT_STRNE(mkl_path_text(mkl_path()), "");
}

TEST(MklPath, ProductsAreThoseOfFloat64) {
  const at::Tensor a = at::randn({65, 129}), b = at::randn({129, 33});
  const at::Tensor exact = at::matmul(a.to(at::kDouble), b.to(at::kDouble));
  EXPECT_LT((at::matmul(a, b).to(at::kDouble) - exact).abs().max().item<double>(), 1e-4);
}

}  // namespace
}  // namespace welt
