// See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/sin.h>

#include <string>

namespace my_plugin_model {
namespace {

// sin and cos of 0 … count − 1 at geometric frequencies.   → F64 [count, width], width even
at::Tensor sinusoids(std::int64_t count, std::int64_t width) {
  const at::Tensor share = at::arange(width / 2, at::kDouble) / static_cast<double>(width / 2);  // [width / 2]
  const at::Tensor angle = at::outer(at::arange(count, at::kDouble), at::pow(10000.0, -share));  // [count, width / 2]
  return at::cat({at::sin(angle), at::cos(angle)}, 1);
}

// Half of the width for the row of a patch, half for its column.   → [h · w, D]
at::Tensor positions(std::int64_t rows, std::int64_t columns, std::int64_t width, const at::TensorOptions& options) {
  const std::int64_t half = width / 2;
  const at::Tensor row = sinusoids(rows, half).unsqueeze(1).expand({rows, columns, half});
  const at::Tensor column = sinusoids(columns, half).unsqueeze(0).expand({rows, columns, half});
  return at::cat({row, column}, 2).view({rows * columns, width}).to(options);
}

// Which patches are the image's own.   sizes I64 [N, 2] in pixels → BOOL [N, h · w]
at::Tensor own_patches(const at::Tensor& sizes, std::int64_t rows, std::int64_t columns, std::int64_t patch) {
  const at::Tensor height = sizes.select(1, 0).unsqueeze(1), width = sizes.select(1, 1).unsqueeze(1);  // [N, 1]
  const at::Tensor row = at::arange(rows, at::kLong) * patch < height;                                 // [N, h]
  const at::Tensor column = at::arange(columns, at::kLong) * patch < width;                            // [N, w]
  return (row.unsqueeze(2) & column.unsqueeze(1)).flatten(1);
}

}  // namespace

Settings::Settings(const sdk::Source& source) : Fields(source) {
  if (width % 4 != 0) {  // sine and cosine of row and column
    throw sdk::invalid("hidden_size is " + std::to_string(width) + "; expected a multiple of 4", "hidden_size");
  }
}

Block::Block(const Settings& s, const at::TensorOptions& options)
    : norm_(s.width, s.norm_eps, options),
      activation_("gelu"),
      wide_(s.width, s.inner, /*with_bias=*/true, options, s.initializer_range),
      narrow_(s.inner, s.width, /*with_bias=*/true, options, s.initializer_range) {
  children({{"norm", norm_}, {"wide", wide_}, {"narrow", narrow_}});  // the names that a checkpoint has
}

at::Tensor Block::operator()(const at::Tensor& x) const {
  return x + narrow_(activation_(wide_(norm_(x))));  // D → I → D
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : settings_(config),
      projection_(settings_.channels, settings_.width,
                  {.kernel = {settings_.patch, settings_.patch}, .stride = {settings_.patch, settings_.patch}}, options,
                  settings_.initializer_range),
      blocks_(settings_.layers, settings_, options),
      norm_(settings_.width, settings_.norm_eps, options) {
  children({{"projection", projection_}, {"layers", blocks_}, {"norm", norm_}});
}

nn::ImageOutput Model::forward(const nn::ImageInput& input) const {
  const at::Tensor grid = projection_(input.pixels);  // [N, D, h, w]
  const std::int64_t rows = grid.size(2), columns = grid.size(3);
  const at::Tensor place = positions(rows, columns, settings_.width, grid.options());  // [T, D]
  at::Tensor x = grid.flatten(2).transpose(1, 2) + place;                              // [N, T, D]
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    if (input.trace) input.trace("hidden_states." + std::to_string(i), x);
    x = blocks_[i](x);
  }
  x = norm_(x);  // [N, T, D]
  if (input.trace) input.trace("hidden_states." + std::to_string(blocks_.size()), x);
  if (!input.sizes.defined()) return {.hidden = x, .pooled = x.mean(1)};

  const at::Tensor own =
      own_patches(input.sizes, rows, columns, settings_.patch).unsqueeze(2).to(x.device());  // BOOL [N, T, 1]
  x = x.masked_fill(own.logical_not(), 0);                                                   // [N, T, D]
  return {.hidden = x, .pooled = x.sum(1) / own.sum(1)};
}

nn::ImageFacts Model::facts() const {
  return {.base_prefix = "my_plugin",
          .width = settings_.width,
          .channels = settings_.channels,
          .patch = {settings_.patch, settings_.patch},
          .ragged = true,  // images of different sizes in one call
          .initializer_range = settings_.initializer_range,
          .mean = {0.5, 0.5, 0.5, 0.5},
          .deviation = {0.5, 0.5, 0.5, 0.5}};
}

}  // namespace my_plugin_model
