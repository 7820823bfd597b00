// Runs the built program as a user would, and keeps what it said.
#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/core/base/temp_folder.h"

namespace welt::test {

struct Outcome {
  int status;  // exit status; −1: ended by a signal
  std::string out, err;
};

inline std::string shell_quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

inline std::string slurp(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// `welt <arguments…>`; `environment` is put before the command, e.g. "HF_HOME=/nowhere".
inline Outcome run_welt(const std::vector<std::string>& arguments, const std::string& environment = "") {
  const TempFolder folder;
  std::string command = environment + " " + shell_quoted(WELT_BINARY);
  for (const std::string& argument : arguments) command += " " + shell_quoted(argument);
  command += " >" + shell_quoted(folder / "out") + " 2>" + shell_quoted(folder / "err");
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, slurp(folder / "out"), slurp(folder / "err")};
}

}  // namespace welt::test
