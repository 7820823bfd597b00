// See thread_refusal.h. A filter in the kernel hands every clone() to a signal handler, which counts it and answers
// that there are no more threads to be had. pthread_create() blocks all signals around its clone(), and a blocked
// SIGSYS ends the process: from then on no signal is blocked. A filter holds for the thread that sets it, and ends with
// it.
#include "core/conformance/thread_refusal.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <thread>

namespace welt::conformance {
namespace {

std::atomic<std::size_t> refused = 0;

void answer(int, siginfo_t*, void* context) {
  ++refused;
  auto* const state = static_cast<ucontext_t*>(context);
#if defined(__x86_64__)
  state->uc_mcontext.gregs[REG_RAX] = -EAGAIN;
#elif defined(__aarch64__)
  state->uc_mcontext.regs[0] = static_cast<std::uint64_t>(-EAGAIN);
#endif
}

void refuse_threads() {
  const auto number = static_cast<std::uint32_t>(offsetof(seccomp_data, nr));
  std::array<sock_filter, 7> rules = {sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, number),
                                      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 3, 0),
                                      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 2, 0),
                                      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigprocmask, 2, 0),
                                      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                                      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
                                      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO)};  // 0, and nothing done
  const sock_fprog program = {static_cast<unsigned short>(rules.size()), rules.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

}  // namespace

std::size_t threads_refused(const std::function<void()>& warm_up, const std::function<void()>& call) {
  struct sigaction action {
  }, before{};
  action.sa_sigaction = answer;
  action.sa_flags = SA_SIGINFO;
  const bool handled = sigaction(SIGSYS, &action, &before) == 0;
  refused = 0;
  std::exception_ptr thrown;
  std::thread([&] {
    try {
      warm_up();
      if (handled) refuse_threads();
      call();
    } catch (...) {
      thrown = std::current_exception();
    }
  }).join();
  if (handled) sigaction(SIGSYS, &before, nullptr);
  if (thrown && refused == 0) std::rethrow_exception(thrown);  // else what is thrown only says that there was no thread
  return refused;
}

}  // namespace welt::conformance
