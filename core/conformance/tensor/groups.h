// The conformance tests that need LibTorch, a group a file: what each adds to a list, in the order in which they run.
#pragma once

#include "core/conformance/test.h"

namespace welt::conformance {

void add_whole_tests(TestList& tests);  // of the group "parameters": the first of all
void add_numerics_tests(TestList& tests);
void add_autograd_tests(TestList& tests);
void add_device_tests(TestList& tests);
void add_attention_tests(TestList& tests);
void add_image_tests(TestList& tests);
void add_parameter_tests(TestList& tests);
void add_cache_tests(TestList& tests);
void add_mode_tests(TestList& tests);
void add_training_tests(TestList& tests);
void add_checkpointing_test(TestList& tests);  // of the group "mode"
void add_precision_tests(TestList& tests);
void add_call_tests(TestList& tests);

}  // namespace welt::conformance
