// What the choice of kernels asks about the processor. Any thread.
#pragma once

namespace welt::kernels {

bool made_by_intel();
bool has_amx();  // tiles of bfloat16

}  // namespace welt::kernels
