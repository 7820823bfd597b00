// The kernels of one instruction set as a table.
#include "core/kernels/instructions.h"

namespace welt::kernels::WELT_KERNELS {

std::int64_t attention_scratch(const AttentionRows&, std::int64_t, bool);
void attention_forward(const AttentionRows&, std::int64_t, std::int64_t, const HeadsOut&, float*);
void attention_backward(const AttentionRows&, std::int64_t, std::int64_t, const AttentionGradients&, float*);
std::int64_t cached_attention_scratch(const CachedRows&);
void cached_attention(const CachedRows&, std::int64_t, std::int64_t, const HeadsOut&, float*);
void few_rows_product(const FewRows&, std::int64_t, std::int64_t);
std::int64_t product_panel();
void product_pack(const ProductWeight&, std::int64_t, std::int64_t, std::int32_t*);
std::int64_t product_scratch(const ProductWeight&);
void product(const ProductWeight&, const ProductRows&, const std::int32_t*, std::int64_t, std::int64_t, std::int64_t,
             std::int64_t, std::int32_t*);
std::int64_t gradient_scratch();
void product_gradient(const ProductGradient&, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int32_t*);
void norm_forward(const NormRows&, const NormForward&, std::int64_t, std::int64_t, float*);
void norm_backward(const NormRows&, const NormBackward&, std::int64_t, std::int64_t, float*);
void gated_forward(Number, Shape, std::int64_t, const void*, const void*, void*);
void gated_backward(Number, Shape, std::int64_t, const void*, const void*, const void*, void*, void*);
void biased_forward(Number, Shape, std::int64_t, std::int64_t, const void*, const float*, void*);
void biased_backward(Number, Shape, std::int64_t, std::int64_t, const void*, const float*, const void*, void*, float*);
double cross_entropy_forward(Number, std::int64_t, std::int64_t, std::int64_t, const void*, const std::int64_t*,
                             float*);
void cross_entropy_backward(Number, std::int64_t, std::int64_t, std::int64_t, const void*, const std::int64_t*,
                            const float*, float, void*);
void sum_rows(Number, std::int64_t, std::int64_t, const std::int64_t*, const void*, void*);

extern const Kernels kernels;
const Kernels kernels{.attention_scratch = attention_scratch,
                      .attention_forward = attention_forward,
                      .attention_backward = attention_backward,
                      .cached_attention_scratch = cached_attention_scratch,
                      .cached_attention = cached_attention,
                      .few_rows_product = few_rows_product,
                      .product_panel = product_panel,
                      .product_pack = product_pack,
                      .product_scratch = product_scratch,
                      .product = product,
                      .gradient_scratch = gradient_scratch,
                      .product_gradient = product_gradient,
                      .norm_forward = norm_forward,
                      .norm_backward = norm_backward,
                      .gated_forward = gated_forward,
                      .gated_backward = gated_backward,
                      .biased_forward = biased_forward,
                      .biased_backward = biased_backward,
                      .cross_entropy_forward = cross_entropy_forward,
                      .cross_entropy_backward = cross_entropy_backward,
                      .sum_rows = sum_rows};

}  // namespace welt::kernels::WELT_KERNELS
