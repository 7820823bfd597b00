// Which instructions MKL, linked into LibTorch, takes for its float32 and float64 products.
//
// MKL asks mkl_serv_intel_cpu_true() whether the processor is Intel's, and takes a path without AVX-512 on any other.
// On such a processor with AVX-512, or AVX2 and FMA, products run up to twice as fast on the path of Intel's: LibTorch
// calls the function through its dynamic symbol table, so the program's own definition, in mkl_path.cpp, is found
// first. A LibTorch without MKL never asks. There is no supported switch: MKL_DEBUG_CPU_TYPE went with MKL 2020.1.
#pragma once

namespace welt {

enum class MklPath {
  own,       // what MKL takes by itself: the processor is Intel's, or has none of these instructions
  as_intel,  // the path of Intel's processors on another one
  vendor,    // switched off by WELT_MKL_PATH=vendor
};

// Decided once, at the first look. [any thread]
MklPath mkl_path();
const char* mkl_path_text(MklPath path);

}  // namespace welt
