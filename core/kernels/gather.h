// Rows of a table by index. Any thread.
#pragma once

#include <ATen/core/Tensor.h>

namespace welt {

// As at::embedding; by a kernel (kernels::gather_rows) where it takes the table: its gradient sums in float32, each row
// of the table by one thread, which is also what makes it the same with any number of threads.
// table [R, D], index I64 [..] → [.., D]. Throws c10::IndexError for an index that is not one of R.
at::Tensor gather_rows(const at::Tensor& table, const at::Tensor& index);

}  // namespace welt
