// Where the numbers of large tensors lie.
#pragma once

#include <string>

namespace welt {

// From now on LibTorch takes tensors of 64 KB or more from one range of addresses, as large as the machine's memory, in
// which blocks that come back are one block again and pages are kept. In malloc's heap small things that live on stand
// between the blocks of a step; packed rows bring other sizes with every step, and the heap grows for hours: a training
// of 500 steps stood at 3.4 GB that needs 1.1. Where the range cannot be had (a limit on addresses), is full, or
// WELT_TENSOR_MEMORY=malloc asks for it, tensors come from malloc as before. First thing in main().
void keep_tensor_memory();
// For `welt doctor`.
std::string tensor_memory_state();

}  // namespace welt
