// What the Failure of a call says; empty: nothing was thrown.
#pragma once

#include <string>

#include "welt/sdk/base.hpp"

namespace welt::test {

template <typename Call>
std::string refusal(Call&& call) {
  try {
    call();
  } catch (const sdk::Failure& failure) {
    return failure.what();
  }
  return "";
}

}  // namespace welt::test
