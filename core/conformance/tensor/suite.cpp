// See suite.h.
#include "core/conformance/tensor/suite.h"

#include <ATen/Parallel.h>

#include "core/base/log.h"
#include "core/conformance/groups.h"
#include "core/conformance/tensor/groups.h"
#include "core/tensor/tensor_service.h"

namespace welt::conformance {
namespace {

// One thread for operators, so that nothing is started that a fork would lose; and a quiet log, for a plugin may log.
void prepare() {
  set_log_level(LogLevel::error);
  at::set_num_threads(1);
  register_tensor_service();
}

Suite make_suite() {
  Suite suite{.tests = {}, .prepare = prepare};
  for (const auto add :
       {add_file_tests,         add_handshake_tests, add_config_tests,   add_segmenter_tests, add_renderer_tests,
        add_whole_tests,        add_numerics_tests,  add_autograd_tests, add_device_tests,    add_attention_tests,
        add_image_tests,        add_parameter_tests, add_cache_tests,    add_mode_tests,      add_training_tests,
        add_checkpointing_test, add_precision_tests, add_call_tests,     add_lifecycle_tests, add_error_tests,
        add_thread_tests,       add_output_test})
    add(suite.tests);
  return suite;
}

}  // namespace

const Suite& conformance_suite() {
  static const Suite suite = make_suite();
  return suite;
}

}  // namespace welt::conformance
