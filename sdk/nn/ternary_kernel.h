// Products of packed ternary weights and 8-bit activations, in whole numbers. Knows nothing of LibTorch.
// The layout of weights is that of welt/common/ternary.h. Since a code is the weight plus one,
//   Σ q·weight = Σ q·code − Σ q
// and a product with 0, 1 or 2 is what a multiply-add of bytes does without overflow.
#pragma once

#include <welt/common/ternary.h>
#include <cstddef>
#include <cstdint>

namespace welt::ternary {

// One row of activations: y = x / √(mean x² + eps) · gain, peak = max(|y|, 1e-5), q = round(127 y / peak), zeros
// behind. x, gain [in] → q [blocks_of(in) · 128], their sum, and peak: NaN where a value of y is not finite.
template <typename T>
struct Quantised {
  T peak;
  std::int32_t sum;
};
template <typename T>
Quantised<T> quantise_row(const T* x, const T* gain, std::int64_t in, T eps, std::int8_t* q);

// Σ q·weight of some outputs and rows. q [rows, blocks · 128], sums [rows], packed [outputs, blocks · 32] → out [rows,
// outputs], `apart` numbers from row to row.
struct Product {
  const std::uint8_t* packed;
  std::int64_t outputs, blocks;
  const std::int8_t* q;
  const std::int32_t* sums;
  std::int64_t rows;
  std::int32_t* out;
  std::int64_t apart;
};

// The forms of it, all with the same numbers, and whether this machine can run them.
using Form = void (*)(const Product&);
void plain(const Product& product);
void avx2(const Product& product);
void vnni(const Product& product);  // AVX-512 VNNI on 256-bit registers
struct NamedForm {
  const char* name;
  Form run;
  bool here;
};
constexpr std::size_t form_count = 3;
const NamedForm* forms();    // [form_count], the fastest first
const NamedForm& fastest();  // of those that are here

}  // namespace welt::ternary
