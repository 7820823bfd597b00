// What vision transformers share: images as rows of patches, learned positions for any grid of them, and the block.
//
// Letters: N images, C channels, kh × kw pixels of a patch, h × w patches of an image (its grid), P tokens before them
// (class, registers), T = P + h·w tokens of an image, D width, H heads, d head width, K any width.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "welt/nn/attention.h"
#include "welt/nn/checkpoint.h"
#include "welt/nn/image_model.h"
#include "welt/nn/layers.h"
#include "welt/nn/transformer_parts.h"

namespace welt::nn {

inline std::int64_t area(const Extent& extent) { return extent.height * extent.width; }

// The grid of patches of an image; what is left over is cut off. Throws Failure naming image_size where there is none.
Extent grid_of(const Extent& image, const Extent& patch);

// The images of one call as rows of tokens: P tokens, then an image's own patches, line by line. Images of one size are
// dense rows. Images of several sizes are packed rows in the caller's order: what pads them is never looked at, so that
// each gives what it gives alone.
class PatchRows {
 public:
  // Something for each token of an image with that grid.   → [P + h·w, K]
  using Table = std::function<at::Tensor(const Extent& grid)>;

  // `dropped`: the share of each image's patches that is left out at random, all but one at most; rows are then packed.
  PatchRows(const ImageInput& input, const Extent& patch, std::int64_t before, std::optional<double> dropped = {});

  // Flattened as the weight of a convolution is.   → [all patches, C·kh·kw]
  at::Tensor patches() const;
  at::Tensor patches(const Conv2d& projection) const;  // the same, projected → [all patches, D]

  // `first` [P, D] (undefined: none), then the patches [all patches, D], and to all of them what `added`, where there
  // is one, gives.   → [N, T, D] or [tokens, D]
  at::Tensor tokens(const at::Tensor& patches, const at::Tensor& first, const Table& added) const;
  // The table's rows, one for each token.   → [N·T, K] or [tokens, K]
  at::Tensor spread(const Table& table) const;

  RowPlan plan(const at::Tensor& tokens, RowPlan::Trace trace) const;
  // What RowPlan::leave() gave, as one block; behind the tokens of a shorter row stand zeros.   → [N, T, D]
  at::Tensor padded(const at::Tensor& left) const;
  // The mean over each row's tokens.   what padded() gave [N, T, D] → [N, D]
  at::Tensor mean(const at::Tensor& padded) const;

 private:
  void pack(const std::vector<Extent>& images, std::optional<double> dropped);
  at::Tensor tables(const Table& table) const;  // of all grids, one behind the other
  at::Tensor uploaded(const std::vector<std::int64_t>& values) const;

  at::Tensor pixels_;
  Extent patch_, whole_;  // whole: the grid of the pixels, padding included
  std::int64_t before_;
  std::vector<Extent> grids_;  // those that occur
  // Of packed rows; else undefined.
  at::Tensor offsets_;        // I64 [N+1], on the CPU
  at::Tensor own_;            // I64 [all patches] where in the whole grids they are
  at::Tensor slots_;          // I64 [all patches] which tokens they are
  at::Tensor table_rows_;     // I64 [tokens] which row of all tables
  std::int64_t longest_ = 0;  // T of the longest row
};

// Tables by grid, kept between calls while they are those of `source` as it is, and no gradient is recorded. [instance]
class GridTables {
 public:
  // An undefined source: the grid alone decides.
  at::Tensor get(const Extent& grid, const at::Tensor& source, const PatchRows::Table& make) const;

 private:
  mutable std::map<Extent, at::Tensor> kept_;
  mutable at::Tensor of_;
  mutable std::int64_t version_ = 0;
};

// Learned positions for images of any size, as interpolate_pos_encoding of transformers has them, which WeLT always
// asks for: as they are for images of `image` pixels and for any square one with as many patches, else a square grid
// that is interpolated (bicubic, corners not aligned). The first P rows stay.
class GridPositions {
 public:
  GridPositions(const Extent& image, const Extent& patch, std::int64_t before)
      : image_(image), patch_(patch), before_(before) {}
  // table [rows, D] or [1, rows, D] → [P + h·w, D]
  at::Tensor operator()(const at::Tensor& table, const Extent& grid) const;

 private:
  at::Tensor interpolated(const at::Tensor& given, const Extent& grid) const;  // the same

  Extent image_, patch_;
  std::int64_t before_;
  GridTables kept_;
};

// What the blocks of one forward share. Dropouts are those in force: 0 in evaluation.
struct ViTShared {
  RowPlan plan;
  double hidden_dropout = 0, attention_dropout = 0;
  // Block whose tokens but the first of each row nobody looks at, once its attention is done: it goes on with those.
  std::optional<std::size_t> first_only = {};
};

// The last of `blocks`, if of a call only the first tokens are wanted.
std::optional<std::size_t> first_only_block(std::size_t blocks, const ImageInput& input, const RowPlan& plan);

// The block of ViT, CLIP, SigLIP and MobileViT: pre-norm attention and feed-forward part.
class ViTBlock : public Module {
 public:
  struct Names {
    const char *attention_norm, *feed_forward_norm;
    SelfAttention::Names attention;
    FeedForward::Names feed_forward;
  };
  struct Shape {
    std::int64_t width, heads, inner;
    std::string activation;
    double norm_eps;
    bool qkv_bias = true;
  };
  static const Names vit_names;  // those of ViT and of classes made after it
  struct Inits {
    Init attention, attention_out, in, out, feed_forward_bias = Init::zeros();
  };
  ViTBlock(const Shape& shape, const Names& names, const Inits& inits, const at::TensorOptions& options);
  Stream operator()(const Stream& in, const ViTShared& shared, std::size_t layer) const;

 private:
  LayerNorm attention_norm_, feed_forward_norm_;
  SelfAttention attention_;
  FeedForward feed_forward_;
};

// Attention of one query, the same for all rows, to each row's own tokens.   query [H, d], k and v [tokens, H, d] in
// plan order → [N, H·d] in the caller's order
at::Tensor pool_attention(const at::Tensor& query, const at::Tensor& k, const at::Tensor& v, const RowPlan& plan,
                          double scale);

// Stochastic depth: of each row all of x is 0 with `probability`, and else rescaled.   x [tokens, D] or [N, D], in plan
// order → the same; x itself at 0
at::Tensor drop_rows(const at::Tensor& x, const RowPlan& plan, double probability);

}  // namespace welt::nn
