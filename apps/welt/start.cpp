// What `welt` starts: the verb `text`, which needs no LibTorch and is there in milliseconds, here; for every other one
// the program welt-main beside it, which takes its place in the process. Loading LibTorch costs half a second.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "apps/welt/command_line.h"
#include "apps/welt/verb.h"
#include "core/base/cut_files.h"

namespace {

constexpr welt::AddVerb verbs[] = {welt::add_text};

int start_main(char** argv) {
  std::error_code error;
  const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path program = own.parent_path() / "welt-main";
  if (!error) execv(program.c_str(), argv);
  const int reason = errno;
  if (reason == ENOENT) execv(WELT_BUILT_MAIN, argv);  // a copy of this program alone, out of the build folder
  std::fprintf(stderr,
               "welt: %s cannot be started: %s; expected the program that is built and installed beside welt.\n",
               error ? "welt-main (/proc does not say where it is)" : program.c_str(),
               error ? error.message().c_str() : std::strerror(reason));
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || std::string_view(argv[1]) != "text") return start_main(argv);
  welt::name_cut_files();
  return welt::run_command_line(argc, argv, verbs);
}
