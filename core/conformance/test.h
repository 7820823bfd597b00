// What a conformance test is: a stable name, a sentence, what it applies to, and a body that tries one rule.
//
// The tests are values in lists; scheduling and processes are check.h's. A body gets a Trial (trial.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace welt::conformance {

class Trial;

enum class Status { pass, warn, fail, skip, crash };
std::string_view status_name(Status status);

// Where a test runs.
enum class Place {
  file,       // reads the file, which is not opened
  entry,      // a process that has not opened the file: the test opens it
  component,  // a process that has opened the file and listed its components
};

struct Test {
  std::string name;         // "cache.reorder": group.what, never changed
  std::string description;  // one sentence
  std::string applies;      // "every file", "welt.kv_cache/1"
  Place place = Place::component;
  // Tests that must have passed; where one was tried and did not, this one is skipped: its failure would be the same.
  std::vector<std::string> needs = {};
  // Roles of which the plugin must have one; empty: any plugin. An interface that is no role is looked for by the body.
  std::vector<std::string> roles = {};
  void (*body)(Trial&) = nullptr;
  bool judges_output = false;  // judged by what all tests before it printed: the last of the list
};
using TestList = std::vector<Test>;

struct Result {
  std::string name;
  Status status = Status::pass;
  std::string message;  // why, where it is not pass; the next three are parts of it, where there are such
  std::string component, function, rule;
  double seconds = 0;
  std::string out, err;  // what was printed meanwhile
};

}  // namespace welt::conformance
