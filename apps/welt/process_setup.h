// What the process must look like before any work: allocator, OpenMP's waiting, its name. Called first in main().
#pragma once

#include <string>

namespace welt {

// glibc's malloc keeps what it got (no mmap, no trim): returning big blocks to the kernel and faulting them in again
// costs up to a factor of two. A user's GLIBC_TUNABLES=glibc.malloc… wins.
void tune_allocator();
// "tuned by welt", "GLIBC_TUNABLES of the environment", "not glibc's" …: for `welt doctor`.
std::string allocator_state();
bool allocator_is_tuned();

// oneDNN keeps a compiled kernel for every shape of matrix product it meets, by default 1,024 of them, about a megabyte
// each; packed rows bring new shapes with every step, so old ones are of no use. Keeps 256 unless the user has set
// ONEDNN_PRIMITIVE_CACHE_CAPACITY. Before the first product.
void bound_kernel_cache();

// libgomp reads its environment before main(). Unless the user has set OMP_WAIT_POLICY or GOMP_SPINCOUNT, it is made to
// see GOMP_SPINCOUNT=1000: endless spinning costs a factor of 3 to 13 beside another busy thread, passive waiting up to
// 28 % on a quiet machine. A hook that runs before every library's start-up code does it (process_setup.cpp); this
// call, first in main(), puts the environment in order, and where the hook could not work starts the program anew,
// once.
void finish_openmp_setup(char** argv);
// "GOMP_SPINCOUNT=1000 (set by welt)", or what the user has set.
std::string openmp_waiting();

}  // namespace welt
