// The token ids of texts by a tokenizer.json that is no file yet. Torch-free.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace welt::similarity {

// [any thread]
class TextIds {
 public:
  // `json`: the text of a tokenizer.json; `name`: what it is called in messages. Throws Error (data_loss).
  TextIds(const std::string& json, const std::string& name);
  TextIds(TextIds&&) noexcept;
  ~TextIds();

  // Ids without special tokens. Throws Error (data_loss) for text that is not UTF-8.
  std::vector<std::int32_t> operator()(std::string_view text) const;

 private:
  struct State;
  std::unique_ptr<const State> state_;
};

}  // namespace welt::similarity
