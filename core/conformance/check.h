// Checking a plugin file: which tests, in which order, and what came of them. `welt plugin check` and the tests of the
// built plugins call it.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/conformance/server.h"

namespace welt::conformance {

enum class Isolation {
  fork,        // tests are forks of two servers: one that has opened the file, one that has not
  exec,        // each test is forked from a server of its own
  in_process,  // no processes, no time limits, output not looked at: for a debugger
};

struct CheckOptions {
  ServerOptions server;          // its `open` does not matter here
  std::string include, exclude;  // regular expressions on names; empty: all, none
  Isolation isolation = Isolation::fork;
  std::filesystem::path program = "/proc/self/exe";   // the welt that serves
  std::function<void(const Result&)> on_result = {};  // told each as it comes
};

struct CheckReport {
  std::string file, plugin;  // path, and the id in its note ("" where it has none)
  std::uint64_t seed = 0;
  std::vector<Result> results;
  double seconds = 0;
  std::size_t count(Status status) const;
  // `strict`: without a warning either.
  bool good(bool strict = false) const {
    return count(Status::fail) == 0 && count(Status::crash) == 0 && (!strict || count(Status::warn) == 0);
  }
};

// Throws Error when no test is selected, or an expression is none.
CheckReport check_plugin(const Suite& suite, const CheckOptions& options);

}  // namespace welt::conformance
