// `welt bench text-embedding`: what `welt text` takes for the work that the package wordllama is measured by.
#pragma once

#include <CLI/CLI.hpp>

namespace welt {

void add_text_embedding_bench(CLI::App& group);

}  // namespace welt
