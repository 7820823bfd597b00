// See suite.h.
#include "core/model/conformance/suite.h"

#include <ATen/Parallel.h>

#include "core/base/log.h"
#include "core/model/conformance/groups.h"
#include "core/model/tensor_service.h"

namespace welt::conformance {
namespace {

// One thread for operators, so that nothing is started that a fork would lose.
void prepare() {
  at::set_num_threads(1);
  register_tensor_service();
}

Suite make_suite() {
  Suite suite{.tests = {}, .prepare = prepare};
  add_numerics_tests(suite.tests);
  add_attention_tests(suite.tests);
  add_image_tests(suite.tests);
  add_autograd_tests(suite.tests);
  add_parameter_tests(suite.tests);
  add_cache_tests(suite.tests);
  add_mode_tests(suite.tests);
  add_call_tests(suite.tests);
  return suite;
}

}  // namespace

const Suite& conformance_suite() {
  static const Suite suite = make_suite();
  return suite;
}

}  // namespace welt::conformance
