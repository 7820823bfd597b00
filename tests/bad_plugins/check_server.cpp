// What `welt plugin check-server` is for the whole check, with the torch-free tests alone: starts in milliseconds. The
// tests of the conformance tests name it as CheckOptions::program.
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>

#include "core/base/file.h"
#include "core/base/log.h"
#include "core/conformance/groups.h"
#include "core/conformance/server.h"

int main(int count, char** words) {
  using namespace welt::conformance;
  const std::span<char*> arguments(words, static_cast<std::size_t>(count));
  ServerOptions options;
  int socket = -1;
  if (arguments.size() < 4) return EXIT_FAILURE;
  options.subject.file = arguments[3];  // behind "plugin check-server"
  for (std::size_t i = 4; i < arguments.size(); ++i) {
    const std::string word = arguments[i];
    if (word == "--open") {
      options.open = true;
      continue;
    }
    if (++i == arguments.size()) return EXIT_FAILURE;
    const char* const value = arguments[i];
    if (word == "--socket") socket = std::atoi(value);
    if (word == "--seed") options.subject.seed = std::strtoull(value, nullptr, 10);
    if (word == "--timeout") options.timeout = std::atof(value);
    if (word == "--config") options.subject.config = nlohmann::json::parse(welt::read_file(value));
  }
  welt::set_log_level(welt::LogLevel::error);
  serve({.tests = torch_free_tests()}, options, socket);
  return EXIT_SUCCESS;
}
