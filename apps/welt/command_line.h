// The command line as a whole: collects verbs, runs the one that is asked for, prints errors as one paragraph. Called
// by main() of the program (main.cpp) and of its start (start.cpp), which have different verbs.
#pragma once

#include <CLI/CLI.hpp>

#include <span>

namespace welt {

using AddVerb = void (*)(CLI::App&);

// `verbs` in the order of the help; `before`, if any, is called first and may throw as a verb may. Exit status: 0 done,
// 1 an error a person can mend, 2 a command line that is not understood.
int run_command_line(int argc, char** argv, std::span<const AddVerb> verbs, void (*before)() = nullptr);

}  // namespace welt
