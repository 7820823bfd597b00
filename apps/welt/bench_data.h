// welt bench data: see bench_data.cpp. Added by bench.cpp.
#pragma once

#include <CLI/CLI.hpp>

namespace welt {

void add_data_bench(CLI::App& group);

}  // namespace welt
