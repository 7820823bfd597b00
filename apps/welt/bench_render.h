// `welt bench render`: what drawing words costs on one thread, from the first word to whole batches.
#pragma once

#include <CLI/CLI.hpp>

namespace welt {

void add_render_bench(CLI::App& group);

}  // namespace welt
