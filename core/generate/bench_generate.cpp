// See bench_generate.h.
#include "core/generate/bench_generate.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "core/base/progress.h"
#include "core/base/resources.h"
#include "core/base/stopwatch.h"
#include "core/generate/generator.h"
#include "core/model/text_front_end.h"

namespace welt {
namespace {

struct Repeat {
  GenerateStatistics spent;
  double seconds = 0;
};

template <typename F>
double median(const std::vector<Repeat>& repeats, F figure) {
  std::vector<double> values;
  for (const Repeat& repeat : repeats) values.push_back(figure(repeat));
  std::ranges::nth_element(values, values.begin() + std::ssize(values) / 2);
  return values[values.size() / 2];
}

double per(double seconds, std::int64_t count) { return count > 0 ? 1e3 * seconds / static_cast<double>(count) : 0.0; }

}  // namespace

nlohmann::json bench_generate(WeltModel& model, const std::vector<std::string>& prompts, std::int64_t words,
                              std::int64_t repeats) {
  Progress progress("bench", repeats + 1);
  const auto text = std::make_shared<const TextFrontEnd>(model);
  std::vector<Repeat> done;
  std::vector<std::string> texts;  // the same in every repeat
  for (std::int64_t i = 0; i <= repeats; ++i) {
    Generator generator(model, text);  // anew: no word is known yet
    Repeat repeat;
    const auto start = Clock::now();
    const std::vector<Generated> results = generator.generate(prompts, {.words = words}, {}, &repeat.spent);
    repeat.seconds = seconds_since(start);
    if (i == 0)
      for (const Generated& result : results) texts.push_back(result.text);
    if (i > 0) done.push_back(repeat);
    progress.update(i + 1);
  }
  const auto ms = [&](auto figure) { return median(done, figure); };
  // Words that each text got: texts need not have theirs at the same time.
  const auto rounds = [&](const Repeat& r) {
    return std::max(1.0, static_cast<double>(r.spent.words) / static_cast<double>(prompts.size()));
  };
  return {{"batch", prompts.size()},
          {"texts", texts},
          {"words", words},
          {"repeats", repeats},
          {"threads", at::get_num_threads()},
          {"words_per_second",
           median(done, [](const Repeat& r) { return static_cast<double>(r.spent.words) / r.seconds; })},
          {"bytes_per_second",
           median(done, [](const Repeat& r) { return static_cast<double>(r.spent.bytes) / r.seconds; })},
          {"byte_steps_per_word",
           median(done, [&](const Repeat& r) { return static_cast<double>(r.spent.byte_steps) / rounds(r); })},
          {"milliseconds",
           {{"word_step", ms([&](const Repeat& r) { return 1e3 * r.seconds / rounds(r); })},
            {"byte_step", ms([](const Repeat& r) { return per(r.spent.decode, r.spent.byte_steps); })},
            {"latent_step", ms([](const Repeat& r) { return per(r.spent.latent, r.spent.word_steps); })},
            {"read_word", ms([](const Repeat& r) { return per(r.spent.encode, r.spent.word_steps); })},
            {"prefill", ms([](const Repeat& r) { return 1e3 * r.spent.prefill; })}}},
          {"seconds", median(done, [](const Repeat& r) { return r.seconds; })},
          {"peak_memory_bytes", peak_memory()}};
}

}  // namespace welt
