// The program's entry: prepares the process, then command_line.h. Who types `welt` starts start.cpp, which comes here
// for all verbs but `text`.
#include "apps/welt/command_line.h"
#include "apps/welt/process_setup.h"
#include "apps/welt/verb.h"
#include "core/base/cut_files.h"
#include "core/kernels/instructions.h"
#include "core/tensor/tensor_memory.h"

namespace welt {
namespace {

// The verbs, in the order of the help.
constexpr AddVerb verbs[] = {add_run,     add_validate,   add_evaluate,  add_generate, add_sample,
                             add_embed,   add_bench,      add_model,     add_segment,  add_render,
                             add_control, add_tokenize,   add_chat,      add_metrics,  add_process,
                             add_data,    add_checkpoint, add_component, add_schedule, add_optimizer,
                             add_runs,    add_hub,        add_plugin,    add_doctor,   add_text};

}  // namespace
}  // namespace welt

int main(int argc, char** argv) {
  welt::finish_openmp_setup(argv);
  welt::tune_allocator();
  welt::keep_tensor_memory();
  welt::bound_kernel_cache();
  welt::name_cut_files();
  // A WELT_KERNELS that is not known is said now.
  return welt::run_command_line(argc, argv, welt::verbs, [] { welt::kernels::chosen_instructions(); });
}
