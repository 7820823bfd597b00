#include "core/tensor/tensor_memory.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>
#include <random>
#include <thread>
#include <vector>

namespace welt {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif
#define WELT_SKIP_SANITIZED() \
  if (sanitized) GTEST_SKIP() << "sanitizers look at malloc's blocks, so that all tensors come from there"

at::Tensor bytes(std::int64_t count) { return at::empty({count}, at::kByte); }

// Filled with one number.
struct Marked {
  explicit Marked(std::int64_t count, std::uint8_t mark) : tensor(at::full({count}, mark, at::kByte)), mark(mark) {}
  bool whole() const {
    const auto* data = tensor.const_data_ptr<std::uint8_t>();
    for (std::int64_t i = 0; i < tensor.numel(); ++i)
      if (data[i] != mark) return false;
    return true;
  }
  at::Tensor tensor;
  std::uint8_t mark;
};

TEST(TensorMemory, ABlockThatCameBackIsTakenAgain) {
  WELT_SKIP_SANITIZED();
  keep_tensor_memory();
  const void* first = bytes(1 << 20).data_ptr();
  std::vector<at::Tensor> small;  // what stands between blocks of malloc's heap
  for (int i = 0; i < 100; ++i) small.push_back(bytes(100));
  EXPECT_EQ(bytes(1 << 20).data_ptr(), first);
  EXPECT_EQ(bytes((1 << 20) - 5000).data_ptr(), first);
}

TEST(TensorMemory, TensorsOfOneSizeBeginAtDifferentPlacesOfAPage) {
  WELT_SKIP_SANITIZED();
  keep_tensor_memory();
  const at::Tensor a = bytes(1 << 20), b = bytes(1 << 20);
  const auto place = [](const at::Tensor& x) { return reinterpret_cast<std::uintptr_t>(x.data_ptr()) % 4096; };
  EXPECT_NE(place(a), place(b));
  EXPECT_EQ(place(a) % 64, 0);
  EXPECT_EQ(place(b) % 64, 0);
}

TEST(TensorMemory, TensorsOfAllSizesKeepTheirNumbersOnSeveralThreads) {
  keep_tensor_memory();
  std::vector<std::thread> threads;
  std::vector<int> damaged(4);
  for (unsigned t = 0; t < 4; ++t)
    threads.emplace_back([t, &damaged] {
      std::mt19937 random(t);
      std::vector<Marked> held;
      for (int i = 0; i < 400; ++i) {
        if (held.size() < 12) {
          held.emplace_back(static_cast<std::int64_t>(random() % 300'000), static_cast<std::uint8_t>(random()));
        } else {
          const auto one = held.begin() + static_cast<std::ptrdiff_t>(random() % held.size());
          damaged[t] += one->whole() ? 0 : 1;
          held.erase(one);
        }
      }
      for (const Marked& one : held) damaged[t] += one.whole() ? 0 : 1;
    });
  for (std::thread& one : threads) one.join();
  EXPECT_EQ(damaged, std::vector<int>(4));
}

TEST(TensorMemory, WhatWasThereBeforeComesBackToWhereItIsFrom) {
  at::Tensor before = bytes(1 << 20);
  keep_tensor_memory();
  const at::Tensor after = bytes(1 << 20);
  before = after.clone();  // frees a block of malloc's
  EXPECT_EQ(before.numel(), 1 << 20);
}

TEST(TensorMemory, TensorsComeFromMallocWhereAddressesAreLimited) {
  WELT_SKIP_SANITIZED();
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_AS, &limit), 0);
  const rlimit kept = limit;
  limit.rlim_cur = 4ull << 30;
  ASSERT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
  keep_tensor_memory();
  EXPECT_EQ(setrlimit(RLIMIT_AS, &kept), 0);
  EXPECT_EQ(tensor_memory_state(), "tensors from malloc, too");
  EXPECT_TRUE(Marked(1 << 20, 7).whole());
}

TEST(TensorMemory, TensorsComeFromMallocWhereThatIsAskedFor) {
  ::setenv("WELT_TENSOR_MEMORY", "malloc", 1);
  keep_tensor_memory();
  EXPECT_EQ(tensor_memory_state(), "tensors from malloc, too");
}

}  // namespace
}  // namespace welt
