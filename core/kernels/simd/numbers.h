// From the kinds of numbers that a call names to code for them.
#pragma once

#include "core/kernels/kernel_table.h"
#include "vec.h"

namespace {

// f(number of the first kind, number of the second, …): their types are meant, not their values.
template <typename F>
inline void with_numbers(F&& f) {
  f();
}
template <typename F, typename... Rest>
inline void with_numbers(F&& f, welt::kernels::Number first, Rest... rest) {
  if (first == welt::kernels::Number::float32)
    with_numbers([&](auto... others) { f(float(), others...); }, rest...);
  else
    with_numbers([&](auto... others) { f(bfloat16(), others...); }, rest...);
}

}  // namespace
