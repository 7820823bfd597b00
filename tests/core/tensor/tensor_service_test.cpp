// core/model/tensor_service: the table as a plugin without LibTorch uses it.
#include "core/tensor/tensor_service.h"

#include <ATen/ops/arange.h>
#include <gtest/gtest.h>

#include <array>

#include "core/plugin/registry.h"

namespace welt {
namespace {

const welt_tensor_service& table() {
  register_tensor_service();
  register_tensor_service();  // a second time changes nothing
  constexpr std::string_view id = WELT_TENSOR_SERVICE;
  return *static_cast<const welt_tensor_service*>(host().get_service(&host(), {id.data(), id.size()}));
}

std::string message_of(const CallError& error, welt_status status) {
  try {
    error.check(status, "call");
  } catch (const std::exception& failure) {
    return failure.what();
  }
  return {};
}

TEST(TensorService, MakesTensorsAndTellsAboutThem) {
  const std::array<std::int64_t, 2> shape{2, 3};
  const std::array<float, 6> values{1, 2, 3, 4, 5, 6};
  CallError error;
  welt_tensor* tensor = nullptr;
  error.check(table().make(WELT_DTYPE_FLOAT32, shape.data(), 2, values.data(), &tensor, error.raw()), "make");
  std::array<std::int64_t, 2> sizes{};
  EXPECT_EQ(table().shape(tensor, nullptr, 0), 2U);
  EXPECT_EQ(table().shape(tensor, sizes.data(), 1), 2U);
  EXPECT_EQ(sizes[0], 2);
  EXPECT_EQ(sizes[1], 0) << "beyond its capacity";
  EXPECT_EQ(table().dtype(tensor), WELT_DTYPE_FLOAT32);
  void* data = nullptr;
  error.check(table().data(tensor, &data, error.raw()), "data");
  EXPECT_EQ(static_cast<float*>(data)[5], 6);

  welt_tensor* second = nullptr;
  error.check(table().clone_handle(tensor, &second, error.raw()), "clone");
  table().release(tensor);
  table().release(nullptr);
  const at::Tensor value = take_tensor(second);
  EXPECT_EQ(value.const_data_ptr(), data) << "a second handle of the same tensor";
}

TEST(TensorService, RefusesWhatCannotBe) {
  const std::int64_t negative = -1;
  CallError error;
  welt_tensor* tensor = nullptr;
  EXPECT_NE(message_of(error, table().make(77, nullptr, 0, nullptr, &tensor, error.raw())).find("dtype 77"),
            std::string::npos);
  EXPECT_NE(message_of(error, table().make(WELT_DTYPE_INT8, &negative, 1, nullptr, &tensor, error.raw())).find("-1"),
            std::string::npos);
  const std::array<std::int64_t, 2> huge{std::int64_t{1} << 40, std::int64_t{1} << 40};
  EXPECT_NE(table().make(WELT_DTYPE_FLOAT64, huge.data(), 2, nullptr, &tensor, error.raw()), WELT_OK);
  EXPECT_EQ(tensor, nullptr) << "outputs are untouched on failure";

  welt_tensor* turned = give_tensor(at::arange(6).reshape({2, 3}).t());
  void* data = nullptr;
  EXPECT_NE(message_of(error, table().data(turned, &data, error.raw())).find("not contiguous"), std::string::npos);
  table().release(turned);
}

TEST(TensorService, DlpackSharesMemoryBothWays) {
  const at::Tensor source = at::arange(6, at::kFloat).reshape({2, 3});
  welt_tensor* handle = give_tensor(source);
  CallError error;
  void* managed = nullptr;
  error.check(table().to_dlpack(handle, &managed, error.raw()), "to_dlpack");
  table().release(handle);
  welt_tensor* back = nullptr;
  error.check(table().from_dlpack(managed, &back, error.raw()), "from_dlpack");
  const at::Tensor result = take_tensor(back);
  EXPECT_TRUE(result.equal(source));
  EXPECT_EQ(result.const_data_ptr(), source.const_data_ptr());
}

TEST(TensorService, TypesAreTheAbisBothWays) {
  for (std::uint32_t dtype = WELT_DTYPE_FLOAT32; dtype <= WELT_DTYPE_BOOL; ++dtype)
    EXPECT_EQ(abi_dtype(scalar_type(dtype).value()), dtype);
  EXPECT_EQ(scalar_type(0), std::nullopt);
  EXPECT_EQ(abi_dtype(at::kComplexFloat), 0U);
}

}  // namespace
}  // namespace welt
