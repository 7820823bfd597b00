// The process that conformance tests are forked from, and its client.
//
// It is the program itself, started anew (hidden verb `welt plugin check-server`): one thread, LibTorch loaded, no
// tensor operator run, and, where asked for, the plugin opened. Each test is a fork of it, so a test costs
// milliseconds, not LibTorch's start. The process that asks never opens the plugin.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/conformance/child.h"
#include "core/conformance/test.h"
#include "core/conformance/trial.h"

namespace welt::conformance {

// The tests, and what a process that runs them does first (one thread for operators, a quiet log).
struct Suite {
  TestList tests;
  void (*prepare)() = nullptr;
};

struct ServerOptions {
  Subject subject;
  double timeout = 10;  // seconds a test
  bool open = false;    // the plugin is opened before the first test
};

// The server's side: answers on the socket until the other side closes it.
void serve(const Suite& suite, const ServerOptions& options, int socket);

// The client's side. Throws Error when the server cannot be started.
class Server {
 public:
  Server(const std::filesystem::path& program, const ServerOptions& options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Why the plugin could not be opened; empty: it is open, or was not to be.
  const std::string& refusal() const { return refusal_; }
  const std::vector<std::string>& roles() const { return roles_; }  // of all its components
  bool alive() const { return socket_ >= 0; }

  // Runs one test in a child of the server. A server that ends over it is a crash of the test.
  ChildOutcome run(const std::string& test);

 private:
  bool receive(std::string& message, double seconds) const;
  int stop();  // its wait status

  pid_t process_ = -1;
  int socket_ = -1;
  double timeout_;
  std::string refusal_;
  std::vector<std::string> roles_;
};

}  // namespace welt::conformance
