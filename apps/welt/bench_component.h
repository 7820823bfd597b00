// welt bench component: see bench_component.cpp. Added by bench.cpp.
#pragma once

#include <CLI/CLI.hpp>

namespace welt {

void add_component_bench(CLI::App& group);

}  // namespace welt
