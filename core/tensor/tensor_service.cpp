// See tensor_service.h.
#include "core/tensor/tensor_service.h"

#include <ATen/DLConvertor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <memory>
#include <string_view>
#include <utility>
#include <welt/sdk/tensor_box.hpp>

#include "core/base/error.h"
#include "core/plugin/registry.h"

namespace welt {
namespace {

constexpr std::array<std::pair<std::uint32_t, at::ScalarType>, 10> dtypes{{
    {WELT_DTYPE_FLOAT32, at::kFloat},
    {WELT_DTYPE_FLOAT64, at::kDouble},
    {WELT_DTYPE_BFLOAT16, at::kBFloat16},
    {WELT_DTYPE_FLOAT16, at::kHalf},
    {WELT_DTYPE_INT64, at::kLong},
    {WELT_DTYPE_INT32, at::kInt},
    {WELT_DTYPE_INT16, at::kShort},
    {WELT_DTYPE_INT8, at::kChar},
    {WELT_DTYPE_UINT8, at::kByte},
    {WELT_DTYPE_BOOL, at::kBool},
}};

constexpr welt_string text(std::string_view value) { return {value.data(), value.size()}; }

// Reports through welt.error/1, the one table that knows what a welt_error is.
welt_status report(welt_error* error, welt_status status, std::string_view message) {
  const auto* service = static_cast<const welt_error_service*>(host().get_service(&host(), text(WELT_ERROR_SERVICE)));
  if (error != nullptr && service != nullptr) service->set(error, status, text(message), text(WELT_TENSOR_SERVICE), {});
  return status;
}

// Runs `body`, turning whatever it throws into a status: nothing crosses the C border as an exception.
template <typename Body>
welt_status fenced(welt_error* error, Body&& body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return report(error, WELT_RESOURCE_EXHAUSTED, "out of memory");
  } catch (const c10::Error& failure) {
    return report(error, WELT_INVALID_ARGUMENT, failure.what_without_backtrace());
  } catch (const std::exception& failure) {
    return report(error, WELT_INTERNAL, failure.what());
  } catch (...) {
    return report(error, WELT_INTERNAL, "an exception of an unknown type");
  }
}

welt_status make(std::uint32_t dtype, const std::int64_t* shape, std::uint64_t dims, const void* data,
                 welt_tensor** out, welt_error* error) {
  return fenced(error, [&] {
    const auto type = scalar_type(dtype);
    if (!type) return report(error, WELT_INVALID_ARGUMENT, fmt::format("dtype {} is not a WELT_DTYPE_…", dtype));
    if (dims > 64) return report(error, WELT_INVALID_ARGUMENT, fmt::format("{} dimensions; at most 64", dims));
    const at::IntArrayRef sizes(shape, dims);
    for (const std::int64_t size : sizes)
      if (size < 0) return report(error, WELT_INVALID_ARGUMENT, fmt::format("a dimension of {}", size));
    at::Tensor tensor = at::zeros(sizes, at::TensorOptions().dtype(*type));
    if (data != nullptr && tensor.numel() > 0) std::memcpy(tensor.mutable_data_ptr(), data, tensor.nbytes());
    *out = give_tensor(tensor);
    return static_cast<welt_status>(WELT_OK);
  });
}

welt_status clone_handle(const welt_tensor* tensor, welt_tensor** out, welt_error* error) {
  return fenced(error, [&] {
    *out = give_tensor(tensor->value);
    return static_cast<welt_status>(WELT_OK);
  });
}

void release(welt_tensor* tensor) { delete tensor; }

std::uint64_t shape(const welt_tensor* tensor, std::int64_t* sizes, std::uint64_t capacity) {
  const at::IntArrayRef all = tensor->value.sizes();
  if (sizes != nullptr) std::copy_n(all.begin(), std::min<std::uint64_t>(capacity, all.size()), sizes);
  return all.size();
}

std::uint32_t dtype(const welt_tensor* tensor) { return abi_dtype(tensor->value.scalar_type()); }

welt_status data(const welt_tensor* tensor, void** out, welt_error* error) {
  return fenced(error, [&] {
    const at::Tensor& value = tensor->value;
    if (!value.device().is_cpu())
      return report(error, WELT_FAILED_PRECONDITION, "the tensor is on " + value.device().str() + ", not on the CPU");
    if (!value.is_contiguous()) return report(error, WELT_FAILED_PRECONDITION, "the tensor is not contiguous");
    *out = value.data_ptr();
    return static_cast<welt_status>(WELT_OK);
  });
}

welt_status to_dlpack(const welt_tensor* tensor, void** managed, welt_error* error) {
  return fenced(error, [&] {
    *managed = at::toDLPack(tensor->value.detach());
    return static_cast<welt_status>(WELT_OK);
  });
}

welt_status from_dlpack(void* managed, welt_tensor** out, welt_error* error) {
  return fenced(error, [&] {
    // The box first: once LibTorch has taken the DLManagedTensor, nothing may fail any more.
    auto box = std::make_unique<welt_tensor>();
    box->value = at::fromDLPack(static_cast<DLManagedTensor*>(managed));
    *out = box.release();
    return static_cast<welt_status>(WELT_OK);
  });
}

constexpr welt_tensor_service table{
    sizeof(welt_tensor_service), 0, make, clone_handle, release, shape, dtype, data, to_dlpack, from_dlpack};

}  // namespace

std::uint32_t abi_dtype(at::ScalarType type) {
  for (const auto& [constant, scalar] : dtypes)
    if (scalar == type) return constant;
  return 0;
}

std::optional<at::ScalarType> scalar_type(std::uint32_t dtype) {
  for (const auto& [constant, scalar] : dtypes)
    if (constant == dtype) return scalar;
  return std::nullopt;
}

welt_tensor* give_tensor(const at::Tensor& tensor) { return std::make_unique<welt_tensor>(tensor).release(); }

at::Tensor take_tensor(welt_tensor* handle) {
  const std::unique_ptr<welt_tensor> owned(handle);
  return owned ? std::move(owned->value) : at::Tensor();
}

const welt_tensor_service& tensor_service() { return table; }

void register_tensor_service() {
  static const bool done = (register_service(WELT_TENSOR_SERVICE, &table), true);
  (void)done;
}

}  // namespace welt
