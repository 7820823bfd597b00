// Group `output`: nothing is printed, during any test.
#include "core/conformance/groups.h"
#include "core/conformance/trial.h"

namespace welt::conformance {
namespace {

// What was printed is judged by whoever ran the tests (check.cpp).
void silent(Trial&) {}

}  // namespace

void add_output_test(TestList& tests) {
  tests.push_back({.name = "output.silent",
                   .description = "Nothing was printed during any of the tests.",
                   .applies = "every file",
                   .place = Place::file,
                   .body = silent,
                   .judges_output = true});
}

TestList torch_free_tests() {
  TestList tests;
  for (const auto add : {add_file_tests, add_handshake_tests, add_config_tests, add_segmenter_tests, add_renderer_tests,
                         add_lifecycle_tests, add_error_tests, add_thread_tests, add_output_test})
    add(tests);
  return tests;
}

}  // namespace welt::conformance
