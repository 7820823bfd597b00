// What the models say where a text needs the unknown token and there is none.
#pragma once

#include <cstdint>
#include <string>
#include <welt/sdk/base.hpp>

namespace welt::tokenizers {

// `id`, or a Failure: -1.
inline std::int32_t needed_unknown(std::int32_t id, const std::string& name) {
  if (id >= 0) return id;
  throw sdk::invalid("tokenizer.json, model.unk_token: \"" + name + "\" is needed for text that the vocabulary does " +
                     "not have, but is not in model.vocab; expected one of its tokens");
}

}  // namespace welt::tokenizers
