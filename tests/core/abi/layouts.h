// Every struct of the ABI with every member, as this compiler lays it out. layout_test.cpp finds out when one is
// missing.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace welt::test {

struct Member {
  std::string name;
  std::size_t offset, size;
  std::string type;  // "int (*)(welt_component const*, unsigned long, …)": arguments and result of a function too
};

struct Layout {
  std::string name;
  std::size_t size;
  std::vector<Member> members;
};

const std::vector<Layout>& layouts();

}  // namespace welt::test
