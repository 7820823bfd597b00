// Row attention as an operator with a gradient. See operators.h.
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#include "core/kernels/op_support.h"
#include "core/kernels/operators.h"
#include "core/kernels/parallel.h"

namespace welt::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using OptionalTensor = std::optional<at::Tensor>;

// Everything about a call but queries, keys and values. Tensors keep the memory that `rows` points into.
struct Call : torch::CustomClassHolder {
  AttentionRows rows{};
  at::Tensor offsets, cos, sin, valid, document, prefix;
  std::int64_t longest = 0;
  std::vector<std::int64_t> shares;  // tasks: bounds of what each thread does, of about equal cost
};

// [tokens, heads, width] with a dense last dimension.
at::Tensor dense_heads(const at::Tensor& x) { return x.stride(2) == 1 ? x : x.contiguous(); }
HeadsIn in(const at::Tensor& x) { return {x.const_data_ptr(), x.stride(0), x.stride(1)}; }
HeadsOut out(const at::Tensor& x) { return {x.mutable_data_ptr(), x.stride(0), x.stride(1)}; }

template <typename T>
const T* per_token(const OptionalTensor& given, at::ScalarType type, std::int64_t tokens, const char* name,
                   at::Tensor& kept) {
  if (!given || !given->defined()) return nullptr;
  TORCH_CHECK(given->scalar_type() == type && given->numel() == tokens, "row_attention: ", name, " does not fit");
  kept = given->contiguous();
  return kept.const_data_ptr<T>();
}

void share_out(Call& call) {
  const AttentionRows& rows = call.rows;
  const auto cost = [&](std::int64_t row) {
    const std::int64_t length = rows.offsets[row + 1] - rows.offsets[row];
    return static_cast<double>(length) * static_cast<double>(length + 64);  // products; reading and turning
  };
  double total = 0;
  for (std::int64_t row = 0; row < rows.rows; ++row) total += cost(row);
  total *= static_cast<double>(rows.kv_heads);
  const std::int64_t threads = total * static_cast<double>(rows.width) < 20'000 ? 1 : at::get_num_threads();
  call.shares.push_back(0);
  double done = 0;
  for (std::int64_t row = 0; row < rows.rows; ++row) {
    for (std::int64_t head = 0; head < rows.kv_heads; ++head) {
      const auto begun = static_cast<double>(call.shares.size());
      if (done >= total * begun / static_cast<double>(threads) && begun < static_cast<double>(threads))
        call.shares.push_back(row * rows.kv_heads + head);
      done += cost(row);
    }
  }
  call.shares.push_back(rows.rows * rows.kv_heads);
}

// f(first task, last task, scratch) on each thread.
template <typename F>
void run(const Call& call, bool backward, const F& f) {
  const std::int64_t floats = table().attention_scratch(call.rows, call.longest, backward);
  const auto shares = static_cast<std::int64_t>(call.shares.size()) - 1;
  const at::Tensor scratch = at::empty({shares, floats}, at::kFloat);
  float* base = scratch.mutable_data_ptr<float>();
  in_shares(shares, 1, [&](std::int64_t, std::int64_t begin, std::int64_t end) {
    for (std::int64_t share = begin; share < end; ++share) {
      const auto i = static_cast<std::size_t>(share);
      f(call.shares[i], call.shares[i + 1], base + share * floats);
    }
  });
}

// Of dense heads.
at::Tensor attended(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, const Call& call) {
  AttentionRows rows = call.rows;
  rows.query = in(query), rows.key = in(key), rows.value = in(value);
  const at::Tensor result = at::empty({query.size(0), query.size(1), value.size(2)}, query.options());
  run(call, false, [&](std::int64_t first, std::int64_t last, float* scratch) {
    table().attention_forward(rows, first, last, out(result), scratch);
  });
  return result;
}

struct RowAttention : torch::autograd::Function<RowAttention> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            const c10::intrusive_ptr<Call>& call) {
    const at::Tensor query = dense_heads(q), key = dense_heads(k), value = dense_heads(v);
    const at::Tensor result = attended(query, key, value, *call);
    context->save_for_backward({query, key, value});
    context->saved_data["call"] = c10::IValue::make_capsule(call);
    return result;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto capsule = context->saved_data["call"].toCapsule();
    const Call& call = static_cast<const Call&>(*capsule);
    const variable_list saved = context->get_saved_variables();
    AttentionRows rows = call.rows;
    rows.query = in(saved[0]), rows.key = in(saved[1]), rows.value = in(saved[2]);
    const at::Tensor gradient = dense_heads(gradients[0].to(saved[0].scalar_type()));
    const auto fresh = [](const at::Tensor& x) { return at::empty(x.sizes(), x.options()); };
    const at::Tensor dq = fresh(saved[0]), dk = fresh(saved[1]), dv = fresh(saved[2]);
    const AttentionGradients all{in(gradient), out(dq), out(dk), out(dv)};
    run(call, true, [&](std::int64_t first, std::int64_t last, float* scratch) {
      table().attention_backward(rows, first, last, all, scratch);
    });
    return {dq, dk, dv, at::Tensor()};
  }
};

}  // namespace

at::Tensor row_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& offsets,
                         const OptionalTensor& cos, const OptionalTensor& sin, const OptionalTensor& valid,
                         const OptionalTensor& document, const OptionalTensor& prefix, double scale, bool causal,
                         std::int64_t left, std::int64_t right, double dropout, std::int64_t seed) {
  check_number(q, "q");
  const std::int64_t tokens = q.size(0);
  const bool fits = q.dim() == 3 && k.dim() == 3 && v.dim() == 3 && k.size(0) == tokens && v.size(0) == tokens &&
                    k.size(1) == v.size(1) && k.size(1) > 0 && q.size(1) % k.size(1) == 0 && q.size(2) == k.size(2) &&
                    k.scalar_type() == q.scalar_type() && v.scalar_type() == q.scalar_type();
  TORCH_CHECK(fits, "row_attention: q ", q.sizes(), ", k ", k.sizes(), " and v ", v.sizes(), " do not fit");
  auto call = c10::make_intrusive<Call>();
  AttentionRows& rows = call->rows;
  TORCH_CHECK(
      offsets.dim() == 1 && offsets.size(0) > 0 && offsets.scalar_type() == at::kLong && offsets.device().is_cpu(),
      "row_attention: offsets must be I64 [N+1] on the CPU");
  call->offsets = offsets.contiguous();
  rows.offsets = call->offsets.const_data_ptr<std::int64_t>();
  rows.rows = offsets.size(0) - 1;
  TORCH_CHECK(rows.offsets[0] == 0 && rows.offsets[rows.rows] == tokens &&
                  std::is_sorted(rows.offsets, rows.offsets + rows.rows + 1),
              "row_attention: offsets must ascend from 0 to ", tokens);
  for (std::int64_t row = 0; row < rows.rows; ++row)
    call->longest = std::max(call->longest, rows.offsets[row + 1] - rows.offsets[row]);
  rows.number = number_of(q);
  rows.heads = q.size(1), rows.kv_heads = k.size(1), rows.width = q.size(2), rows.value_width = v.size(2);
  rows.scale = static_cast<float>(scale);
  rows.causal = causal, rows.left = left, rows.right = right;
  rows.dropout = static_cast<float>(dropout), rows.seed = static_cast<std::uint64_t>(seed);
  rows.valid = per_token<bool>(valid, at::kBool, tokens, "valid", call->valid);
  rows.document = per_token<std::int64_t>(document, at::kLong, tokens, "document", call->document);
  rows.prefix = per_token<std::int64_t>(prefix, at::kLong, tokens, "prefix", call->prefix);
  if (cos && cos->defined()) {
    TORCH_CHECK(sin && cos->dim() == 2 && cos->sizes() == sin->sizes() && cos->size(0) == tokens &&
                    2 * cos->size(1) <= rows.width,
                "row_attention: the rotary table does not fit");
    call->cos = cos->to(at::kFloat).contiguous(), call->sin = sin->to(at::kFloat).contiguous();
    rows.cos = call->cos.const_data_ptr<float>(), rows.sin = call->sin.const_data_ptr<float>();
    rows.half = cos->size(1);
  }
  if (tokens == 0) return at::empty({0, rows.heads, rows.value_width}, q.options());
  share_out(*call);
  if (!at::GradMode::is_enabled()) return attended(dense_heads(q), dense_heads(k), dense_heads(v), *call);
  return RowAttention::apply(q, k, v, call);
}

}  // namespace welt::kernels
