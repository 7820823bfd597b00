// Products of many rows with a weight as an operator with a gradient. See operators.h.
#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <memory>

#include "core/kernels/op_support.h"
#include "core/kernels/operators.h"
#include "core/kernels/parallel.h"

namespace welt::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t units_packed_at_a_time = 1 << 20;  // 4 MB: a part of a large weight, for all rows
constexpr std::int64_t units_of_a_share = 1 << 14, rows_of_a_share = 32;

// What observers see of a product: its two matrices.
constexpr const char* name_of_product = "welt::multiply";

std::unique_ptr<std::int32_t[]> scratch(std::int64_t count) {
  return std::make_unique_for_overwrite<std::int32_t[]>(static_cast<std::size_t>(count));
}

// weight [outputs, depth] with one dense dimension.
ProductWeight weight_of(const at::Tensor& weight, const float* bias) {
  return {.stored = number_of(weight),
          .outputs = weight.size(0),
          .depth = weight.size(1),
          .data = weight.const_data_ptr(),
          .output = weight.stride(0),
          .step = weight.stride(1),
          .bias = bias};
}

// x [rows, depth], dense, · weightᵀ + bias → [rows, outputs], as x is.
at::Tensor multiplied(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  RECORD_FUNCTION(name_of_product, c10::ArrayRef<const c10::IValue>({x, weight.t()}));
  const Kernels& use = table();
  const ProductWeight by = weight_of(weight, bias.defined() ? bias.const_data_ptr<float>() : nullptr);
  const std::int64_t rows = x.size(0), columns = use.product_panel(), panels = (by.outputs + columns - 1) / columns,
                     panel = (by.depth / 2 + 1) * columns,
                     at_a_time = std::clamp<std::int64_t>(units_packed_at_a_time / panel, 1, panels);
  const at::Tensor out = at::empty({rows, by.outputs}, x.options());
  const ProductRows with{x.const_data_ptr(), out.mutable_data_ptr()};
  const at::Tensor packed = at::empty({at_a_time * panel}, at::kInt);
  auto* to = packed.mutable_data_ptr<std::int32_t>();
  const auto multiply = [&](std::int64_t first_row, std::int64_t last_row, std::int64_t first, std::int64_t last,
                            const std::int32_t* from) {
    const auto own = scratch(use.product_scratch(by));
    use.product(by, with, from, first_row, last_row, first, last, own.get());
  };
  for (std::int64_t p = 0; p < panels; p += at_a_time) {
    const std::int64_t count = std::min(at_a_time, panels - p);
    in_shares(count, std::max<std::int64_t>(1, units_of_a_share / panel),
              [&](std::int64_t, std::int64_t first, std::int64_t last) {
                use.product_pack(by, p + first, p + last, to + first * panel);
              });
    if (rows >= at::get_num_threads() * rows_of_a_share)
      in_shares(rows, rows_of_a_share,
                [&](std::int64_t, std::int64_t first, std::int64_t last) { multiply(first, last, p, p + count, to); });
    else
      in_shares(count, std::max<std::int64_t>(1, units_of_a_share / (panel * std::max<std::int64_t>(1, rows / 8))),
                [&](std::int64_t, std::int64_t first, std::int64_t last) {
                  multiply(0, rows, p + first, p + last, to + first * panel);
                });
  }
  return out;
}

// leftᵀ [n, tokens] · right [tokens, k] → [n, k], float32. Each thread makes a part of the wider side.
at::Tensor multiplied_over_tokens(const at::Tensor& left, const at::Tensor& right) {
  RECORD_FUNCTION(name_of_product, c10::ArrayRef<const c10::IValue>({left.t(), right}));
  const Kernels& use = table();
  if (left.size(0) == 0) return at::zeros({left.size(1), right.size(1)}, at::kFloat);
  const at::Tensor out = at::empty({left.size(1), right.size(1)}, at::kFloat);
  const ProductGradient of{.tokens = left.size(0),
                           .left_width = left.size(1),
                           .right_width = right.size(1),
                           .left = left.const_data_ptr(),
                           .right = right.const_data_ptr(),
                           .out = out.mutable_data_ptr<float>()};
  const std::int64_t columns = use.product_panel(), panels = (of.right_width + columns - 1) / columns,
                     parts = (of.left_width + columns - 1) / columns;
  const auto make = [&](std::int64_t first_left, std::int64_t last_left, std::int64_t first, std::int64_t last) {
    const auto own = scratch(use.gradient_scratch());
    use.product_gradient(of, first_left, std::min(last_left, of.left_width), first, std::min(last, of.right_width),
                         own.get());
  };
  if (parts > panels)
    in_shares(parts, 1, [&](std::int64_t, std::int64_t first, std::int64_t last) {
      make(first * columns, last * columns, 0, of.right_width);
    });
  else
    in_shares(panels, 1, [&](std::int64_t, std::int64_t first, std::int64_t last) {
      make(0, of.left_width, first * columns, last * columns);
    });
  return out;
}

// [.., width] → [rows, width], dense, bfloat16.
at::Tensor as_rows(const at::Tensor& x) { return x.to(at::kBFloat16).contiguous().view({-1, x.size(-1)}); }
std::vector<std::int64_t> with_last(const at::Tensor& x, std::int64_t width) {
  std::vector<std::int64_t> sizes = x.sizes().vec();
  sizes.back() = width;
  return sizes;
}

at::Tensor forward_of(const at::Tensor& rows, const at::Tensor& weight, const at::Tensor& bias, bool turned) {
  return multiplied(rows, turned ? weight.t() : weight, bias.defined() ? bias.to(at::kFloat).contiguous() : bias);
}

struct Product : torch::autograd::Function<Product> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias, bool turned) {
    const at::Tensor rows = as_rows(x), added = bias.value_or(at::Tensor());
    context->save_for_backward({rows, weight});
    context->saved_data["turned"] = turned;
    context->saved_data["sizes"] = x.sizes().vec();
    context->saved_data["type"] = static_cast<std::int64_t>(x.scalar_type());
    context->saved_data["bias_type"] =
        added.defined() ? static_cast<std::int64_t>(added.scalar_type()) : std::int64_t{-1};
    return forward_of(rows, weight, added, turned).view(with_last(x, weight.size(turned ? 1 : 0)));
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &rows = saved[0], &weight = saved[1];
    const bool turned = context->saved_data.at("turned").toBool();
    const std::int64_t bias_type = context->saved_data.at("bias_type").toInt();
    const at::Tensor gradient = as_rows(gradients[0]);
    variable_list results(4);  // of x, weight, bias; the last stands for `turned`
    if (context->needs_input_grad(0))
      results[0] = multiplied(gradient, turned ? weight : weight.t(), {})
                       .view(context->saved_data.at("sizes").toIntVector())
                       .to(static_cast<at::ScalarType>(context->saved_data.at("type").toInt()));
    if (context->needs_input_grad(1))
      results[1] = (turned ? multiplied_over_tokens(rows, gradient) : multiplied_over_tokens(gradient, rows))
                       .to(weight.scalar_type());
    if (bias_type >= 0 && context->needs_input_grad(2))
      results[2] = gradient.sum(0, /*keepdim=*/false, at::kFloat).to(static_cast<at::ScalarType>(bias_type));
    return results;
  }
};

}  // namespace

bool many_rows_fit(const at::Tensor& weight) {
  return weight.dim() == 2 && weight.numel() > 0 && (weight.stride(0) == 1 || weight.stride(1) == 1) &&
         weight.size(0) % 2 == 0 && weight.size(1) % 2 == 0;
}

at::Tensor many_rows_product(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                             bool turned) {
  check_number(x, "x"), check_number(weight, "weight");
  const std::optional<at::Tensor> added = bias && bias->defined() ? bias : std::nullopt;
  const bool fits = many_rows_fit(weight) && x.dim() > 0 && x.size(-1) == weight.size(turned ? 0 : 1) &&
                    (!added || added->numel() == weight.size(turned ? 1 : 0));
  TORCH_CHECK(fits, "many_rows_product: x ", x.sizes(), " and weight ", weight.sizes(), " do not fit");
  if (at::GradMode::is_enabled()) return Product::apply(x, weight, added, turned);
  return forward_of(as_rows(x), weight, added.value_or(at::Tensor()), turned)
      .view(with_last(x, weight.size(turned ? 1 : 0)));
}

}  // namespace welt::kernels
