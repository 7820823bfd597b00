// The verbs of the command line, one file each: add_<verb>() adds its subcommand with options, help and callback.
//
// Adding a verb: its file, one line here, one line in the table of main.cpp. A callback throws welt::Error for what a
// person can mend; main() prints it as one paragraph and leaves with status 1 (usage errors: 2). A verb that has
// printed its own verdict throws CLI::RuntimeError(status) to leave with it.
#pragma once

#include <CLI/CLI.hpp>

namespace welt {

void add_bench(CLI::App& app);
void add_chat(CLI::App& app);
void add_checkpoint(CLI::App& app);
void add_checkpoint_convert(CLI::App& checkpoint);  // of `welt checkpoint`, export too
void add_checkpoint_diff(CLI::App& checkpoint);     // of `welt checkpoint`
void add_checkpoint_init(CLI::App& checkpoint);     // of `welt checkpoint`
void add_component(CLI::App& app);
void add_component_compare(CLI::App& component);  // of `welt component`
void add_control(CLI::App& app);
void add_data(CLI::App& app);
void add_data_prepare(CLI::App& data);  // of `welt data`
void add_data_stats(CLI::App& data);    // of `welt data`
void add_data_verify(CLI::App& data);   // of `welt data`
void add_doctor(CLI::App& app);
void add_embed(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_generate(CLI::App& app);
void add_hub(CLI::App& app);
void add_metrics(CLI::App& app);
void add_model(CLI::App& app);
void add_model_info(CLI::App& model);  // of `welt model`
void add_optimizer(CLI::App& app);
void add_plugin(CLI::App& app);
void add_plugin_check(CLI::App& plugin);  // of `welt plugin`
void add_process(CLI::App& app);
void add_plugin_new(CLI::App& plugin);  // of `welt plugin`
void add_render(CLI::App& app);
void add_run(CLI::App& app);
void add_runs(CLI::App& app);
void add_sample(CLI::App& app);
void add_schedule(CLI::App& app);
void add_segment(CLI::App& app);
void add_text(CLI::App& app);
void add_text_index(CLI::App& text);  // of `welt text`, search too
void add_text_map(CLI::App& text);    // of `welt text`
void add_tokenize(CLI::App& app);
void add_validate(CLI::App& app);

}  // namespace welt
