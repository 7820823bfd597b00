// See child.h.
#include "core/conformance/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>

#include "core/base/error.h"

namespace welt::conformance {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t most_output = 16 << 10;
constexpr std::size_t area_size = 256 << 10;
constexpr long look_every = 100;  // milliseconds between looks at a child that says nothing

[[noreturn]] void fail_of_system(const char* what) {
  fail({.where = "running a check in a process of its own",
        .found = fmt::format("{} failed ({})", what, std::strerror(errno)),
        .expected = {},
        .mend = "Free memory, processes or file descriptors, or use --in-process"},
       ErrorCode::unavailable);
}

// A pipe whose reading end the parent keeps.
struct Pipe {
  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) fail_of_system("pipe");
  }
  ~Pipe() { close_both(); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_end(std::size_t end) {
    if (ends[end] >= 0) close(ends[end]);
    ends[end] = -1;
  }
  void close_both() { close_end(0), close_end(1); }

  // Takes what is there; false at the end of it.
  bool take(std::string& text) {
    std::array<char, 4096> buffer;
    const ssize_t got = read(ends[0], buffer.data(), buffer.size());
    if (got < 0) return errno == EINTR || errno == EAGAIN;
    if (got == 0) return false;
    const std::size_t room = most_output - std::min(most_output, text.size());
    text.append(buffer.data(), std::min(room, static_cast<std::size_t>(got)));
    return true;
  }

  std::array<int, 2> ends{-1, -1};
};

// In the child, before anything else.
void settle_in(Pipe& out, Pipe& err) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  dup2(out.ends[1], STDOUT_FILENO);
  dup2(err.ends[1], STDERR_FILENO);
  out.close_both();
  err.close_both();
}

bool has_ended(pid_t child) {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child;
}

// Reads both pipes until they end, the child has ended (something it started may keep them open), or the time is over.
void listen(pid_t child, Pipe& out, Pipe& err, ChildOutcome& outcome, Clock::time_point deadline) {
  bool out_open = true, err_open = true;
  while (out_open || err_open) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return;
    std::array<pollfd, 2> wanted{pollfd{out_open ? out.ends[0] : -1, POLLIN, 0},
                                 pollfd{err_open ? err.ends[0] : -1, POLLIN, 0}};
    const int got = poll(wanted.data(), wanted.size(), static_cast<int>(std::min<long>(left, look_every) + 1));
    if (got < 0 && errno != EINTR) return;
    if (got == 0 && has_ended(child)) return;
    if (wanted[0].revents != 0) out_open = out.take(outcome.out);
    if (wanted[1].revents != 0) err_open = err.take(outcome.err);
  }
}

// Waits for the child; false when the time is over first.
bool wait_until(pid_t child, int& status, Clock::time_point deadline) {
  for (useconds_t pause = 50;; pause = std::min<useconds_t>(pause * 2, 5000)) {
    const pid_t got = waitpid(child, &status, WNOHANG);
    if (got == child) return true;
    if (got < 0 && errno != EINTR) return false;
    if (Clock::now() >= deadline) return false;
    usleep(pause);
  }
}

}  // namespace

struct SharedNote::Area {
  std::uint32_t finished, place_size, result_size, reserved;
  char place[1008];
  char result[area_size - 1024];
};

SharedNote::SharedNote() {
  void* memory = mmap(nullptr, sizeof(Area), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) fail_of_system("mmap");
  area_ = static_cast<Area*>(memory);  // zero, as the kernel gives it
}
SharedNote::~SharedNote() { munmap(area_, sizeof(Area)); }

void SharedNote::at(std::string_view place) {
  const std::size_t size = std::min(place.size(), sizeof area_->place);
  std::memcpy(area_->place, place.data(), size);
  area_->place_size = static_cast<std::uint32_t>(size);
}

void SharedNote::finish(std::string_view result) {
  const std::size_t size = std::min(result.size(), sizeof area_->result);
  std::memcpy(area_->result, result.data(), size);
  area_->result_size = static_cast<std::uint32_t>(size);
  area_->finished = 1;
}

std::string SharedNote::place() const {
  return {area_->place, std::min<std::size_t>(area_->place_size, sizeof area_->place)};
}
bool SharedNote::finished() const { return area_->finished == 1; }
std::string SharedNote::result() const {
  return {area_->result, std::min<std::size_t>(area_->result_size, sizeof area_->result)};
}

ChildOutcome run_child(const std::function<void(SharedNote&)>& body, double seconds) {
  SharedNote note;
  Pipe out, err;
  std::fflush(nullptr);
  std::cout.flush();
  const auto start = Clock::now();
  const auto deadline = start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  const pid_t child = fork();
  if (child < 0) fail_of_system("fork");
  if (child == 0) {
    settle_in(out, err);
    body(note);
    std::fflush(nullptr);
    std::cout.flush();
    _exit(0);
  }
  setpgid(child, child);  // both sides do it, so that neither has to wait for the other
  out.close_end(1);
  err.close_end(1);
  ChildOutcome outcome;
  int status = 0;
  listen(child, out, err, outcome, deadline);
  if (!wait_until(child, status, deadline)) {
    outcome.timed_out = true;
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
  }
  kill(-child, SIGKILL);  // whatever it started
  outcome.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  if (WIFSIGNALED(status) && !outcome.timed_out) outcome.signal = WTERMSIG(status);
  if (WIFEXITED(status)) outcome.exit_status = WEXITSTATUS(status);
  outcome.finished = note.finished();
  outcome.result = note.result();
  outcome.place = note.place();
  return outcome;
}

std::string signal_name(int signal) {
  const char* abbreviation = sigabbrev_np(signal);
  const char* description = sigdescr_np(signal);
  if (abbreviation == nullptr) return fmt::format("signal {}", signal);
  std::string text = description == nullptr ? "" : description;
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return fmt::format("SIG{} ({})", abbreviation, text);
}

}  // namespace welt::conformance
