// See server.h. One message is one JSON text on a SOCK_SEQPACKET pair.
#include "core/conformance/server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "core/base/error.h"
#include "core/base/json.h"

namespace welt::conformance {
namespace {

using nlohmann::json;

constexpr std::size_t longest_message = 512 << 10;
constexpr double patience = 30;  // seconds that starting the program, or a loaded machine, may take besides

bool send_text(int socket, const std::string& text) {
  return send(socket, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

bool receive_text(int socket, std::string& text) {
  text.resize(longest_message);
  ssize_t got = 0;
  do got = recv(socket, text.data(), text.size(), 0);
  while (got < 0 && errno == EINTR);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return got > 0;
}

json to_json(const ChildOutcome& outcome) {
  return {{"timed_out", outcome.timed_out},
          {"signal", outcome.signal},
          {"exit_status", outcome.exit_status},
          {"finished", outcome.finished},
          {"result", outcome.result},
          {"place", outcome.place},
          {"out", outcome.out},
          {"err", outcome.err},
          {"seconds", outcome.seconds}};
}

ChildOutcome from_json(const json& value) {
  return {.timed_out = value.at("timed_out"),
          .signal = value.at("signal"),
          .exit_status = value.at("exit_status"),
          .finished = value.at("finished"),
          .result = value.at("result"),
          .place = value.at("place"),
          .out = value.at("out"),
          .err = value.at("err"),
          .seconds = value.at("seconds")};
}

json result_json(const Result& result) {
  return {{"status", status_name(result.status)},
          {"message", result.message},
          {"component", result.component},
          {"function", result.function},
          {"rule", result.rule}};
}

// A configuration that the server is to read: a file without a name, so that whatever it came from (a pipe can be read
// once) every server has it.
int shared_file(const std::string& text) {
  const int file = memfd_create("config.json", 0);
  if (file < 0 || write(file, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    fail({.where = "handing the configuration to the checks", .found = std::strerror(errno)});
  return file;
}

}  // namespace

void serve(const Suite& suite, const ServerOptions& options, int socket) {
  if (suite.prepare != nullptr) suite.prepare();
  Registry registry((std::vector<std::filesystem::path>()));
  json hello = {{"refusal", ""}, {"roles", json::array()}};
  if (options.open) {
    try {
      registry.open(options.subject.file);
      for (const ComponentType& type : registry.components()) {
        for (const std::string& role : type.roles) hello["roles"].push_back(role);
      }
    } catch (const std::exception& error) {
      hello["refusal"] = error.what();
    }
  }
  if (!send_text(socket, json_text(hello))) return;
  std::string name;
  while (receive_text(socket, name)) {
    const auto test = std::ranges::find(suite.tests, name, &Test::name);
    if (test == suite.tests.end()) return;
    const ChildOutcome outcome = run_child(
        [&](SharedNote& note) {
          close(socket);
          const Result result = run_test(*test, options.subject, options.open ? &registry : nullptr, &note);
          note.finish(json_text(result_json(result)));
        },
        options.timeout);
    if (!send_text(socket, json_text(to_json(outcome)))) return;
  }
}

Server::Server(const std::filesystem::path& program, const ServerOptions& options) : timeout_(options.timeout) {
  std::array<int, 2> pair{-1, -1};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0)
    fail({.where = "starting the checks", .found = std::string("socketpair: ") + std::strerror(errno)});
  const int room = static_cast<int>(longest_message);
  for (const int end : pair) setsockopt(end, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  std::vector<std::string> words = {program.string(), "plugin",
                                    "check-server",   options.subject.file,
                                    "--socket",       std::to_string(pair[1]),
                                    "--seed",         std::to_string(options.subject.seed),
                                    "--timeout",      fmt::format("{}", options.timeout)};
  if (options.open) words.emplace_back("--open");
  const int config = options.subject.config ? shared_file(json_text(*options.subject.config)) : -1;
  if (config >= 0) words.insert(words.end(), {"--config", fmt::format("/proc/self/fd/{}", config)});
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  process_ = fork();
  if (process_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int nowhere = open("/dev/null", O_RDWR);
    dup2(nowhere, STDIN_FILENO), dup2(nowhere, STDOUT_FILENO), dup2(nowhere, STDERR_FILENO);
    fcntl(pair[1], F_SETFD, 0);
    execv(program.c_str(), arguments.data());
    _exit(127);
  }
  close(pair[1]);
  if (config >= 0) close(config);
  socket_ = pair[0];
  std::string hello;
  if (process_ < 0 || !receive(hello, timeout_ + patience)) {
    const int status = stop();
    refusal_ = WIFSIGNALED(status) ? "opening the file ended the process with " + signal_name(WTERMSIG(status))
                                   : fmt::format("the process that opens the file ended with status {}",
                                                 WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    return;
  }
  const json facts = json::parse(hello);
  refusal_ = facts.at("refusal");
  for (const json& role : facts.at("roles")) roles_.push_back(role);
}

Server::~Server() { stop(); }

int Server::stop() {
  if (socket_ >= 0) close(socket_);
  socket_ = -1;
  int status = 0;
  if (process_ > 0) {
    // Given a moment to leave by itself, so that its own end is what is reported.
    for (int i = 0; i < 100 && waitpid(process_, &status, WNOHANG) == 0; ++i) usleep(1000);
    if (waitpid(process_, nullptr, WNOHANG) == 0) {
      kill(process_, SIGKILL);
      waitpid(process_, &status, 0);
    }
  }
  process_ = -1;
  return status;
}

bool Server::receive(std::string& message, double seconds) const {
  pollfd wanted{socket_, POLLIN, 0};
  int got = 0;
  do got = poll(&wanted, 1, static_cast<int>(seconds * 1000));
  while (got < 0 && errno == EINTR);
  return got > 0 && receive_text(socket_, message);
}

ChildOutcome Server::run(const std::string& test) {
  std::string answer;
  if (send_text(socket_, test) && receive(answer, timeout_ + patience)) return from_json(json::parse(answer));
  const int status = stop();
  ChildOutcome outcome;
  outcome.place = "the process that the tests are forked from";
  if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
  return outcome;
}

}  // namespace welt::conformance
