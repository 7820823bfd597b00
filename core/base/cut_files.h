// A mapped file that somebody makes shorter while it is in use (weights, a font, a dictionary, a plugin): the kernel
// sends SIGBUS at the next look at what is gone, wherever that is, and nobody can go on from there. Reading such files
// into memory instead would cost their size again, so they stay mapped, and the program says which file it was.
#pragma once

namespace welt {

// For a program's main(): from now on SIGBUS by a mapped file ends the process with one line on standard error that
// names the file, and status 1. Any other SIGBUS does what it did before.
void name_cut_files();

}  // namespace welt
