// See own_words.h.
#include "core/tensor/own_words.h"

#include <welt/abi/words.h>

#include <vector>

#include "core/tensor/tensor_component_state.h"
#include "core/tensor/tensor_service.h"

namespace welt {
namespace {

const welt_words_v1* table_of(const TensorComponent& component) {
  const auto* table = static_cast<const welt_words_v1*>(component.component().interface(WELT_WORDS_INTERFACE));
  return table != nullptr && WELT_HAS(table, encode) ? table : nullptr;
}

}  // namespace

bool reads_words(const TensorComponent& component) {
  const welt_words_v1* table = table_of(component);
  return table != nullptr && table->encode != nullptr;
}

at::Tensor word_vectors(TensorComponent& component, std::span<const std::string> words) {
  const std::string what = fmt::format("plugin {}: the vectors of words", component.type().id);
  std::vector<welt_string> texts;
  texts.reserve(words.size());
  for (const std::string& word : words) texts.push_back({word.data(), word.size()});
  CallError error;
  welt_tensor* out = nullptr;
  const welt_status status =
      table_of(component)->encode(component.component().raw(), texts.data(), texts.size(), &out, error.raw());
  const at::Tensor result = take_tensor(out);  // owned before anything throws
  error.check(status, what);
  const std::vector<std::int64_t> expected{static_cast<std::int64_t>(words.size()), component.width()};
  require_shape(result, expected, what);
  return result;
}

}  // namespace welt
