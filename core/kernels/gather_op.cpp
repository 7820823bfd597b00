// Rows of a table by index, as an operator with a gradient. See operators.h.
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/kernels/op_support.h"
#include "core/kernels/operators.h"
#include "core/kernels/parallel.h"

namespace welt::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t numbers_of_a_share = 16'384;  // fewer are not worth a second thread

std::int64_t rows_of_a_share(std::int64_t width) {
  return std::max<std::int64_t>(1, numbers_of_a_share / std::max<std::int64_t>(1, width));
}

// Of a dense table; the index is checked.
at::Tensor gathered(const at::Tensor& table, const at::Tensor& index) {
  const std::int64_t rows = table.size(0), count = index.numel();
  const auto* row_of = index.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < count; ++i)
    TORCH_CHECK_INDEX(row_of[i] >= 0 && row_of[i] < rows, "gather_rows: index ", row_of[i], " at place ", i,
                      " is not one of ", rows, " rows");
  std::vector<std::int64_t> sizes = index.sizes().vec();
  sizes.push_back(table.size(1));
  const at::Tensor out = at::empty(sizes, table.options().requires_grad(false));
  const std::int64_t row_bytes = table.size(1) * static_cast<std::int64_t>(table.element_size());
  if (row_bytes == 0 || count == 0) return out;
  const auto* from = static_cast<const char*>(table.const_data_ptr());
  auto* to = static_cast<char*>(out.mutable_data_ptr());
  in_shares(count, rows_of_a_share(table.size(1)), [&](std::int64_t, std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i)
      std::memcpy(to + i * row_bytes, from + row_of[i] * row_bytes, static_cast<std::size_t>(row_bytes));
  });
  return out;
}

// Places of an index in order of the row they name: those of row r are places[starts[r]] … places[starts[r + 1] − 1].
struct PlacesByRow {
  PlacesByRow(const at::Tensor& index, std::int64_t rows)
      : starts(static_cast<std::size_t>(rows) + 1), places(static_cast<std::size_t>(index.numel())) {
    const auto* row_of = index.const_data_ptr<std::int64_t>();
    const auto count = static_cast<std::int64_t>(places.size());
    for (std::int64_t i = 0; i < count; ++i) ++starts[static_cast<std::size_t>(row_of[i]) + 1];
    for (std::size_t row = 1; row < starts.size(); ++row) starts[row] += starts[row - 1];
    std::vector<std::int64_t> next(starts.begin(), starts.end() - 1);
    for (std::int64_t i = 0; i < count; ++i)
      places[static_cast<std::size_t>(next[static_cast<std::size_t>(row_of[i])]++)] = i;
  }

  // A row costs one write and as many reads as it has places: the first row before which there is so much to do.
  std::int64_t row_behind(std::int64_t work) const {
    std::int64_t low = 0, high = static_cast<std::int64_t>(starts.size()) - 1;
    while (low < high) {
      const std::int64_t middle = (low + high) / 2;
      if (starts[static_cast<std::size_t>(middle)] + middle >= work)
        high = middle;
      else
        low = middle + 1;
    }
    return low;
  }

  std::vector<std::int64_t> starts, places;
};

void sum_doubles(std::int64_t width, std::int64_t count, const std::int64_t* places, const double* from, double* to) {
  std::fill_n(to, width, 0.0);
  for (std::int64_t i = 0; i < count; ++i)
    for (std::int64_t column = 0; column < width; ++column) to[column] += from[places[i] * width + column];
}

// What comes back to row r of the table: the sum of `gradient`'s rows at the places that named it, in their order. Each
// row is one thread's, so nothing is added by two, and the sum is the same with any number of threads.
at::Tensor summed(const at::Tensor& gradient, const at::Tensor& index, std::int64_t rows) {
  const std::int64_t width = gradient.size(-1);
  at::Tensor out = at::empty({rows, width}, gradient.options().requires_grad(false));
  if (out.numel() == 0) return out;
  const PlacesByRow by_row(index, rows);
  const auto row_bytes = width * static_cast<std::int64_t>(gradient.element_size());
  const void* from = gradient.const_data_ptr();
  auto* to = static_cast<char*>(out.mutable_data_ptr());
  const bool doubles = gradient.scalar_type() == at::kDouble;
  in_shares(rows + index.numel(), rows_of_a_share(width), [&](std::int64_t, std::int64_t first, std::int64_t last) {
    const std::int64_t end = by_row.row_behind(last);
    for (std::int64_t row = by_row.row_behind(first); row < end; ++row) {
      const std::int64_t start = by_row.starts[static_cast<std::size_t>(row)];
      const std::int64_t count = by_row.starts[static_cast<std::size_t>(row) + 1] - start;
      const std::int64_t* places = by_row.places.data() + start;
      if (doubles)
        sum_doubles(width, count, places, static_cast<const double*>(from),
                    reinterpret_cast<double*>(to) + row * width);
      else
        table().sum_rows(number_of(gradient), width, count, places, from, to + row * row_bytes);
    }
  });
  return out;
}

struct Gather : torch::autograd::Function<Gather> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& table, const at::Tensor& given_index) {
    const at::Tensor index = given_index.contiguous();
    context->save_for_backward({index});
    context->saved_data["rows"] = table.size(0);
    context->saved_data["type"] = static_cast<std::int64_t>(table.scalar_type());
    return gathered(table.contiguous(), index);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const at::Tensor index = context->get_saved_variables()[0];
    const auto type = static_cast<at::ScalarType>(context->saved_data.at("type").toInt());
    return {summed(gradients[0].to(type).contiguous(), index, context->saved_data.at("rows").toInt()), at::Tensor()};
  }
};

}  // namespace

at::Tensor gather_rows(const at::Tensor& table, const at::Tensor& index) {
  TORCH_CHECK(table.device().is_cpu() && (table.scalar_type() == at::kFloat || table.scalar_type() == at::kBFloat16 ||
                                          table.scalar_type() == at::kDouble),
              "gather_rows: table is ", table.toString(), "; expected float32, bfloat16 or float64 on the CPU");
  TORCH_CHECK(table.dim() == 2 && index.device().is_cpu() && index.scalar_type() == at::kLong,
              "gather_rows: expected a table [rows, width] and an int64 index on the CPU, got ", table.sizes(), " and ",
              index.toString(), " ", index.sizes());
  if (!at::GradMode::is_enabled() || !table.requires_grad()) return gathered(table.contiguous(), index.contiguous());
  return Gather::apply(table, index);
}

}  // namespace welt::kernels
