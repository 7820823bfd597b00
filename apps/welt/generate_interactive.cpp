// See generate_interactive.h.
#include "apps/welt/generate_interactive.h"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>

#include "core/base/error.h"
#include "core/base/printable.h"
#include "core/data/line_reader.h"

namespace welt {
namespace {

using nlohmann::ordered_json;

volatile std::sig_atomic_t interrupted = 0;

// Its handler for the lifetime; reading goes on where it was.
class Interrupts {
 public:
  Interrupts() {
    struct sigaction action {};
    action.sa_handler = [](int) { interrupted = 1; };
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGINT, &action, &before_);
  }
  ~Interrupts() { ::sigaction(SIGINT, &before_, nullptr); }
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

 private:
  struct sigaction before_ {};
};

class Conversation {
 public:
  Conversation(Generator& generator, GenerateOptions options, const ChatPrompts& chat)
      : generator_(generator), options_(std::move(options)), chat_(chat), messages_(chat.start()) {
    options_.interrupt = &interrupted;
    if (chat.on) stop_at_message_end(options_);
  }

  void answer(const std::string& line) {
    if (chat_.on && line == "/new") {
      messages_ = chat_.start();
      return;
    }
    const ordered_json before = messages_;
    if (chat_.on) messages_.push_back(user_message(line));
    try {
      interrupted = 0;
      const Generated written = generator_
                                    .generate({chat_.on ? chat_.text(messages_) : line}, options_,
                                              [&](std::size_t, auto word) {
                                                fmt::print("{}", printable(chat_.on ? said_in(word) : word));
                                                std::fflush(stdout);
                                              })
                                    .front();
      fmt::print("\n");
      if (chat_.on) messages_.push_back(assistant_message(written.text));
    } catch (const Error& error) {
      messages_ = before;
      std::fflush(stdout);
      fmt::print(stderr, "welt: {}{}\n", error.what(), chat_.on ? " (/new begins another conversation.)" : "");
    }
  }

 private:
  Generator& generator_;
  GenerateOptions options_;
  const ChatPrompts& chat_;
  ordered_json messages_;
};

}  // namespace

void generate_interactively(Generator& generator, GenerateOptions options, const ChatPrompts& chat) {
  const Interrupts interrupts;
  Conversation conversation(generator, std::move(options), chat);
  const bool terminal = isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
  const auto invite = [&] {
    if (terminal) fmt::print("> ");
    std::fflush(stdout);
  };
  invite();
  LineReader lines(TextStream::standard_input());
  std::string_view line;
  for (std::uint64_t offset = 0; lines.next(line, offset) && std::ferror(stdout) == 0; invite())
    if (!line.empty()) conversation.answer(std::string(line));
  if (terminal) fmt::print("\n");
}

}  // namespace welt
