// Says where an error happened, for callees that cannot know it: a registry does not know the recipe's line.
#pragma once

#include <string_view>

#include "core/base/error.h"

namespace welt {

// Runs `body`; an Error that leaves it gets "<where>: " put in front.
template <typename Body>
decltype(auto) with_context(std::string_view where, Body&& body) {
  try {
    return body();
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", where, error.what()), error.code());
  }
}

}  // namespace welt
