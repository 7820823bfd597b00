// The conformance tests that need no LibTorch, a function a group. `welt plugin check` adds those of
// core/conformance/tensor.
//
// A plugin with one fault should fail one test. So tests need others (Test::needs), and the groups come in this order:
// file, handshake, config, one group an interface, lifecycle, errors, threads, output. Names never change: people write
// them into their builds.
#pragma once

#include "core/conformance/test.h"

namespace welt::conformance {

// What every test of Place::component needs: the file was opened and its components were listed as the host does it.
inline constexpr const char* gate = "handshake.components";
// What every test that makes a component needs besides.
inline constexpr const char* made = "config.defaults";

void add_file_tests(TestList& tests);
void add_handshake_tests(TestList& tests);
void add_config_tests(TestList& tests);
void add_segmenter_tests(TestList& tests);
void add_renderer_tests(TestList& tests);
void add_lifecycle_tests(TestList& tests);
void add_error_tests(TestList& tests);
void add_thread_tests(TestList& tests);
void add_output_test(TestList& tests);  // the last of all

// All of the above in their order: the whole check of a torch-free plugin.
TestList torch_free_tests();

}  // namespace welt::conformance
