// Drives a harness without libFuzzer: replays the corpus, cuts its inputs short at every byte, then mutates them with a
// seeded generator until its runs or its time are used up. The same seed makes the same inputs.
//
//   welt_fuzz_recipe [--runs N] [--seconds S] [--seed N] [--longest BYTES] [--dictionary FILE] FILE|FOLDER…
//
// Every seed in a FOLDER must be taken by the parser it is for, unless its name begins with refused- (and must not) or
// regression- (and may or may not).
//
// An input that crashes the harness, breaks a property or takes longer than a minute is written to crash-<harness> in
// the working directory; given as the only FILE with --runs 0 it is run once more.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/base/file.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/mutate.h"

extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace welt::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr unsigned longest_run = 60;  // seconds

struct Options {
  std::uint64_t runs = 20000, seconds = 1, seed = 1, longest = 1 << 16;
  std::string dictionary;
  std::vector<fs::path> inputs;
};

// What is being run, for the handlers below.
struct {
  const char* data = nullptr;
  std::size_t size = 0;
  char file[256] = {};
} current;

void keep_input() {
  if (current.data == nullptr) return;
  const int file = ::open(current.file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return;
  std::size_t written = 0;
  while (written < current.size) {
    const ssize_t count = ::write(file, current.data + written, current.size - written);
    if (count <= 0) break;
    written += static_cast<std::size_t>(count);
  }
  ::close(file);
  static constexpr char said[] = "fuzz: the input is kept in ";
  if (::write(STDERR_FILENO, said, sizeof said - 1) < 0 ||
      ::write(STDERR_FILENO, current.file, std::strlen(current.file)) < 0 || ::write(STDERR_FILENO, "\n", 1) < 0) {
    return;
  }
}

void on_signal(int signal) {
  if (signal == SIGALRM) {
    static constexpr char said[] = "fuzz: broken: an input takes no longer than a minute\n";
    if (::write(STDERR_FILENO, said, sizeof said - 1) < 0) ::_exit(1);
  }
  keep_input();
  ::signal(signal, SIG_DFL);
  ::raise(signal == SIGALRM ? SIGABRT : signal);
  ::_exit(1);
}

void watch(const char* program) {
  std::snprintf(current.file, sizeof current.file, "crash-%s", fs::path(program).filename().c_str());
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(keep_input);
  } else {
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) ::signal(signal, on_signal);
  }
  ::signal(SIGABRT, on_signal);
  ::signal(SIGALRM, on_signal);
}

void run_one(const std::string& input) {
  // Exactly as large as the input: a sanitizer sees what is read beside it.
  const auto block = std::make_unique<char[]>(input.size());
  std::memcpy(block.get(), input.data(), input.size());
  current.data = block.get();
  current.size = input.size();
  ::alarm(longest_run);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(block.get()), input.size());
  ::alarm(0);
  current.data = nullptr;
}

struct Seed {
  fs::path file;
  enum { taken, refused, either } expected;
  std::string input;
};

std::vector<Seed> read_corpus(const std::vector<fs::path>& places) {
  std::vector<Seed> corpus;
  for (const fs::path& place : places) {
    if (!fs::is_directory(place)) {
      corpus.push_back({place, Seed::either, read_file(place)});
      continue;
    }
    for (const auto& entry : fs::directory_iterator(place)) {
      const std::string name = entry.path().filename();
      corpus.push_back({entry.path(),
                        name.starts_with("regression-") ? Seed::either
                        : name.starts_with("refused-")  ? Seed::refused
                                                        : Seed::taken,
                        read_file(entry.path())});
    }
  }
  std::ranges::sort(corpus, {}, &Seed::file);  // a folder has no order of its own
  return corpus;
}

[[noreturn]] void misused(const std::string& what) {
  std::fprintf(stderr, "fuzz: %s; the first lines of tests/fuzz/driver.cpp say what is understood\n", what.c_str());
  std::exit(2);
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (!name.starts_with("--")) {
      options.inputs.emplace_back(name);
      continue;
    }
    if (i + 1 == argc) misused(name + " has no value");
    const std::string value = argv[++i];
    if (name == "--dictionary") {
      options.dictionary = value;
      continue;
    }
    std::uint64_t* number = name == "--runs"      ? &options.runs
                            : name == "--seconds" ? &options.seconds
                            : name == "--seed"    ? &options.seed
                            : name == "--longest" ? &options.longest
                                                  : nullptr;
    if (number == nullptr) misused("there is no option " + name);
    if (std::from_chars(value.data(), value.data() + value.size(), *number).ptr != value.data() + value.size())
      misused(name + " " + value + " is no number");
  }
  if (options.inputs.empty()) misused("no input is named");
  return options;
}

// The seeds as they are. False: one of them is not what its name says.
bool replay(const std::vector<Seed>& seeds) {
  bool good = true;
  for (const Seed& seed : seeds) {
    was_refused();
    run_one(seed.input);
    if (seed.expected == Seed::either || was_refused() == (seed.expected == Seed::refused)) continue;
    good = false;
    std::fprintf(stderr, "fuzz: the seed %s is %s by what it is for\n", seed.file.c_str(),
                 seed.expected == Seed::taken ? "refused" : "taken");
  }
  return good;
}

int drive(const Options& options) {
  using Clock = std::chrono::steady_clock;
  const std::vector<Seed> seeds = read_corpus(options.inputs);
  if (seeds.empty()) misused("the corpus is empty");
  if (!replay(seeds)) return 1;
  std::vector<std::string> corpus;
  for (const Seed& seed : seeds) corpus.push_back(seed.input);
  const auto begin = Clock::now();
  const auto time_left = [&] { return Clock::now() - begin < std::chrono::seconds(options.seconds); };
  std::uint64_t runs = 0;
  std::size_t largest = 0;
  for (const std::string& input : corpus) largest = std::max(largest, input.size());
  // Cut short everywhere: within a quarter of the runs, evenly over the lengths.
  const std::size_t step = 1 + largest * corpus.size() / (options.runs / 4 + 1);
  for (const std::string& input : corpus) {
    for (std::size_t size = 0; size < input.size() && runs < options.runs && time_left(); size += step, ++runs)
      run_one(input.substr(0, size));
  }
  Mutator mutator(
      corpus, options.dictionary.empty() ? std::vector<std::string>() : read_dictionary(read_file(options.dictionary)),
      static_cast<unsigned>(options.seed));
  const std::size_t longest = std::max<std::size_t>(options.longest, largest);
  for (; runs < options.runs && time_left(); ++runs) run_one(mutator.next(longest));
  std::printf("%zu inputs of the corpus and %llu made from them, seed %llu, in %.1f s\n", corpus.size(),
              static_cast<unsigned long long>(runs), static_cast<unsigned long long>(options.seed),
              std::chrono::duration<double>(Clock::now() - begin).count());
  return 0;
}

}  // namespace
}  // namespace welt::fuzz

int main(int argc, char** argv) {
  const welt::fuzz::Options options = welt::fuzz::parse(argc, argv);
  welt::fuzz::watch(argv[0]);
  LLVMFuzzerInitialize(&argc, &argv);
  return welt::fuzz::drive(options);
}
