// Runs the built program as a user would, and keeps what it said.
#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/core/base/temp_folder.h"

namespace welt::test {

struct Outcome {
  int status;  // exit status; −1: ended by a signal
  std::string out, err;
};

// Whether a variable such as WELT_REQUIRE_WORDLLAMA is set: a test that lacks what setup fetches then fails instead of
// being skipped.
inline bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

inline std::string shell_quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

inline bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// JSON Lines, a value each.
template <typename Json = nlohmann::json>
std::vector<Json> json_lines(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(Json::parse(line));
  return lines;
}

// {"--set", key, …} of keys with their values.
inline std::vector<std::string> settings(const std::vector<std::string>& keys) {
  std::vector<std::string> arguments;
  for (const std::string& key : keys) arguments.insert(arguments.end(), {"--set", key});
  return arguments;
}

inline std::string slurp(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// A command of the shell.
inline Outcome run_command(const std::string& command) {
  const TempFolder folder;
  const std::string whole =
      "{ " + command + "\n} >" + shell_quoted(folder / "out") + " 2>" + shell_quoted(folder / "err");
  const int status = std::system(whole.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, slurp(folder / "out"), slurp(folder / "err")};
}

// `welt <arguments…>`; `environment` is put before the command, e.g. "HF_HOME=/nowhere" or "cd /tmp &&".
inline Outcome run_welt(const std::vector<std::string>& arguments, const std::string& environment = "",
                        const std::filesystem::path& program = WELT_BINARY) {
  std::string command = environment + " " + shell_quoted(program);
  for (const std::string& argument : arguments) command += " " + shell_quoted(argument);
  return run_command(command);
}

}  // namespace welt::test
