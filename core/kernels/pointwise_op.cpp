// Activations with what stands beside them, and the loss, as operators with a gradient. See operators.h.
#include <torch/csrc/autograd/custom_function.h>

#include <map>

#include "core/kernels/op_support.h"
#include "core/kernels/operators.h"
#include "core/kernels/parallel.h"

namespace welt::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t numbers_of_a_share = 8'192;  // fewer are not worth a second thread

const std::map<std::string_view, Shape>& shapes() {
  static const std::map<std::string_view, Shape> all{{"silu", Shape::silu},
                                                     {"swish", Shape::silu},
                                                     {"gelu", Shape::gelu},
                                                     {"gelu_new", Shape::gelu_tanh},
                                                     {"gelu_pytorch_tanh", Shape::gelu_tanh},
                                                     {"relu", Shape::relu},
                                                     {"quick_gelu", Shape::quick_gelu}};
  return all;
}

Shape shape_of(std::string_view act) {
  const auto found = shapes().find(act);
  TORCH_CHECK(found != shapes().end(), "there is no kernel for the activation ", act);
  return found->second;
}

char* past(void* memory, std::int64_t elements, const at::Tensor& of) {
  return static_cast<char*>(memory) + elements * static_cast<std::int64_t>(of.element_size());
}
const char* past(const void* memory, std::int64_t elements, const at::Tensor& of) {
  return static_cast<const char*>(memory) + elements * static_cast<std::int64_t>(of.element_size());
}

// Of dense tensors.
at::Tensor gated(const at::Tensor& gate, const at::Tensor& up, Shape shape) {
  const at::Tensor out = at::empty(gate.sizes(), gate.options());
  in_shares(gate.numel(), numbers_of_a_share, [&](std::int64_t, std::int64_t first, std::int64_t last) {
    table().gated_forward(number_of(gate), shape, last - first, past(gate.const_data_ptr(), first, gate),
                          past(up.const_data_ptr(), first, up), past(out.mutable_data_ptr(), first, out));
  });
  return out;
}

struct Gated : torch::autograd::Function<Gated> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& given_gate, const at::Tensor& given_up,
                            std::int64_t shape) {
    const at::Tensor gate = given_gate.contiguous(), up = given_up.contiguous();
    const at::Tensor out = gated(gate, up, static_cast<Shape>(shape));
    context->save_for_backward({gate, up});
    context->saved_data["shape"] = shape;
    return out;
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &gate = saved[0], &up = saved[1];
    const auto shape = static_cast<Shape>(context->saved_data.at("shape").toInt());
    const at::Tensor gradient = gradients[0].to(gate.scalar_type()).contiguous();
    const at::Tensor of_gate = at::empty(gate.sizes(), gate.options()), of_up = at::empty(up.sizes(), up.options());
    in_shares(gate.numel(), numbers_of_a_share, [&](std::int64_t, std::int64_t first, std::int64_t last) {
      table().gated_backward(number_of(gate), shape, last - first, past(gate.const_data_ptr(), first, gate),
                             past(up.const_data_ptr(), first, up), past(gradient.const_data_ptr(), first, gradient),
                             past(of_gate.mutable_data_ptr(), first, of_gate),
                             past(of_up.mutable_data_ptr(), first, of_up));
    });
    return {of_gate, of_up, at::Tensor()};
  }
};

// Of dense tensors; the bias in float32.
at::Tensor biased(const at::Tensor& x, const at::Tensor& bias, Shape shape) {
  const at::Tensor out = at::empty(x.sizes(), x.options());
  const std::int64_t width = bias.numel();
  in_shares(x.numel() / width, std::max<std::int64_t>(1, numbers_of_a_share / width),
            [&](std::int64_t, std::int64_t first, std::int64_t last) {
              table().biased_forward(number_of(x), shape, last - first, width,
                                     past(x.const_data_ptr(), first * width, x), bias.const_data_ptr<float>(),
                                     past(out.mutable_data_ptr(), first * width, out));
            });
  return out;
}

struct Biased : torch::autograd::Function<Biased> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& given, const at::Tensor& given_bias,
                            std::int64_t shape) {
    const at::Tensor x = given.contiguous(), bias = given_bias.to(at::kFloat).contiguous();
    const at::Tensor out = biased(x, bias, static_cast<Shape>(shape));
    context->save_for_backward({x, bias});
    context->saved_data["shape"] = shape;
    context->saved_data["bias_type"] = static_cast<std::int64_t>(given_bias.scalar_type());
    return out;
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &bias = saved[1];
    const auto shape = static_cast<Shape>(context->saved_data.at("shape").toInt());
    const std::int64_t width = bias.numel();
    const at::Tensor gradient = gradients[0].to(x.scalar_type()).contiguous();
    const at::Tensor of_x = at::empty(x.sizes(), x.options());
    const at::Tensor partial = at::zeros({at::get_num_threads(), width}, at::kFloat);
    in_shares(x.numel() / width, std::max<std::int64_t>(1, numbers_of_a_share / width),
              [&](std::int64_t share, std::int64_t first, std::int64_t last) {
                table().biased_backward(number_of(x), shape, last - first, width,
                                        past(x.const_data_ptr(), first * width, x), bias.const_data_ptr<float>(),
                                        past(gradient.const_data_ptr(), first * width, gradient),
                                        past(of_x.mutable_data_ptr(), first * width, of_x),
                                        partial.mutable_data_ptr<float>() + share * width);
              });
    const auto type = static_cast<at::ScalarType>(context->saved_data.at("bias_type").toInt());
    return {of_x, partial.sum(0).to(type), at::Tensor()};
  }
};

struct CrossEntropy : torch::autograd::Function<CrossEntropy> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& given, const at::Tensor& given_targets) {
    const at::Tensor logits = given.contiguous(), targets = given_targets.contiguous();
    const std::int64_t rows = logits.size(0), classes = logits.size(1);
    const auto* target = targets.const_data_ptr<std::int64_t>();
    for (std::int64_t row = 0; row < rows; ++row)
      TORCH_CHECK_INDEX(target[row] >= 0 && target[row] < classes, "target ", target[row], " of row ", row,
                        " is not one of ", classes, " classes");
    const at::Tensor log_sums = at::empty({rows}, at::kFloat);
    const at::Tensor partial = at::zeros({at::get_num_threads()}, at::kDouble);
    in_shares(rows, std::max<std::int64_t>(1, numbers_of_a_share / classes),
              [&](std::int64_t share, std::int64_t first, std::int64_t last) {
                partial.mutable_data_ptr<double>()[share] =
                    table().cross_entropy_forward(number_of(logits), first, last, classes, logits.const_data_ptr(),
                                                  target, log_sums.mutable_data_ptr<float>());
              });
    context->save_for_backward({logits, targets, log_sums});
    return partial.sum().to(at::kFloat);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &logits = saved[0], &targets = saved[1], &log_sums = saved[2];
    const std::int64_t rows = logits.size(0), classes = logits.size(1);
    const auto scale = gradients[0].item<float>();
    const at::Tensor gradient = at::empty(logits.sizes(), logits.options());
    in_shares(rows, std::max<std::int64_t>(1, numbers_of_a_share / classes),
              [&](std::int64_t, std::int64_t first, std::int64_t last) {
                table().cross_entropy_backward(number_of(logits), first, last, classes, logits.const_data_ptr(),
                                               targets.const_data_ptr<std::int64_t>(), log_sums.const_data_ptr<float>(),
                                               scale, gradient.mutable_data_ptr());
              });
    return {gradient, at::Tensor()};
  }
};

}  // namespace

std::vector<std::string> activations() {
  std::vector<std::string> names;
  for (const auto& [name, shape] : shapes()) names.emplace_back(name);
  return names;
}

at::Tensor gated_product(const at::Tensor& gate, const at::Tensor& up, std::string_view act) {
  check_number(gate, "gate");
  TORCH_CHECK(gate.sizes() == up.sizes() && gate.scalar_type() == up.scalar_type(), "gated_product: gate ",
              gate.sizes(), " and up ", up.sizes(), " do not fit");
  const Shape shape = shape_of(act);
  if (!at::GradMode::is_enabled()) return gated(gate.contiguous(), up.contiguous(), shape);
  return Gated::apply(gate, up, static_cast<std::int64_t>(shape));
}

at::Tensor biased_activation(const at::Tensor& x, const at::Tensor& bias, std::string_view act) {
  check_number(x, "x"), check_number(bias, "bias");
  TORCH_CHECK(bias.dim() == 1 && bias.size(0) > 0 && x.dim() > 0 && x.size(-1) == bias.size(0), "biased_activation: x ",
              x.sizes(), " and bias ", bias.sizes(), " do not fit");
  const Shape shape = shape_of(act);
  if (!at::GradMode::is_enabled()) return biased(x.contiguous(), bias.to(at::kFloat).contiguous(), shape);
  return Biased::apply(x, bias, static_cast<std::int64_t>(shape));
}

at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& targets) {
  check_number(logits, "logits");
  TORCH_CHECK(logits.dim() == 2 && logits.size(1) > 0 && targets.dim() == 1 && targets.size(0) == logits.size(0) &&
                  targets.scalar_type() == at::kLong,
              "cross_entropy: logits ", logits.sizes(), " and targets ", targets.sizes(), " do not fit");
  return CrossEntropy::apply(logits, targets);
}

}  // namespace welt::kernels
