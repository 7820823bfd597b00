// Group `threads`: many threads at once, and the state of thread and process that calls must leave alone.
#include <algorithm>
#include <thread>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/conformance/exercise.h"
#include "core/conformance/groups.h"
#include "core/conformance/process_state.h"
#include "core/conformance/renderer_probe.h"
#include "core/conformance/segmenter_probe.h"
#include "core/conformance/statics.h"
#include "core/conformance/texts.h"
#include "core/plugin/note_reader.h"

namespace welt::conformance {
namespace {

constexpr std::size_t thread_count = 4;

// Runs body(thread) on some threads at once and waits for all.
void on_threads(const std::function<void(std::size_t)>& body) {
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < thread_count; ++i) threads.emplace_back(body, i);
  for (std::thread& thread : threads) thread.join();
}

void segmenter(Trial& trial) {
  for_each_component(trial, WELT_SEGMENTER_INTERFACE, [&](const ComponentType& type) {
    const SegmenterProbe probe(trial, type);
    const std::vector<std::string> texts = all_texts(trial.seed());
    std::vector<Ends> expected;
    for (const std::string& text : texts) expected.push_back(probe.segment(text));
    std::vector<std::string> problems(thread_count);
    trial.enter("segment() from several threads at once");
    on_threads([&](std::size_t thread) {
      Ends ends;
      for (std::size_t k = 0; k < texts.size() && problems[thread].empty(); ++k) {
        const std::size_t i = (k + thread * texts.size() / thread_count) % texts.size();
        if (!probe.plain(texts[i], ends)) problems[thread] = "a failure for " + shown(texts[i]);
        if (problems[thread].empty() && ends != expected[i])
          problems[thread] = first_difference(ends, expected[i], texts[i]);
      }
    });
    for (const std::string& problem : problems) {
      trial.expect(problem.empty(),
                   {problem, "the words that one thread alone gets", "segmenter.h: segment() is [concurrent-eval]"});
    }
  });
}

void renderer(Trial& trial) {
  for_each_component(trial, WELT_RENDERER_INTERFACE, [&](const ComponentType& type) {
    const RendererProbe probe(trial, type);
    const std::vector<std::string> words = words_to_draw(trial.seed());
    std::vector<GreyImage> expected;
    {
      const RendererProbe::State state(probe);
      for (const std::string& word : words) expected.push_back(probe.draw(state, word));
    }
    std::vector<std::string> problems(thread_count);
    trial.enter("render() from several threads at once");
    on_threads([&](std::size_t thread) {
      for (std::size_t k = 0; k < words.size() && problems[thread].empty(); k += 2) {
        const std::size_t i = (k + thread * words.size() / thread_count) % words.size();
        const GreyImage image = probe.plain(words[i]);
        if (!same_image(image, expected[i]))
          problems[thread] = fmt::format("{}: {}", shown(words[i]), first_difference(image, expected[i]));
      }
    });
    for (const std::string& problem : problems) {
      trial.expect(problem.empty(), {problem, "the pixels that one thread alone gets",
                                     "renderer.h: the same word gives the same pixels in every state and thread"});
    }
  });
}

void work(Trial& trial, const ComponentType& type) {
  Made component(trial, type);
  exercise(trial, component);
  component.destroy();
}

void state(Trial& trial) {
  for_each_component(trial, [&](const ComponentType& type) {
    const ProcessState before = ProcessState::now();
    work(trial, type);
    const std::string changed = before.difference(ProcessState::now());
    trial.expect(changed.empty(), {changed, "a process left as it was",
                                   "docs/abi-policy.md: a plugin changes no thread-wide or process-wide state"});
  });
}

void count(Trial& trial) {
  const std::size_t before = threads_of_process();
  for_each_component(trial, [&](const ComponentType& type) {
    work(trial, type);
    const std::size_t after = threads_of_process();
    trial.expect(after <= before, {fmt::format("{} threads instead of {}", after, before), "no thread of its own",
                                   "docs/abi-policy.md: a plugin starts no thread"});
  });
}

void files(Trial& trial) {
  for_each_component(trial, [&](const ComponentType& type) {
    work(trial, type);  // what is loaded once may stay open
    const std::size_t before = open_files().size();
    work(trial, type);
    const std::size_t after = open_files().size();
    trial.expect(after <= before, {fmt::format("{} open files more", after - before), "none left open",
                                   "plugin.h: destroy ends the component"});
  });
}

// In C there is no lock in the first use of a static variable, so not even that may change one. In C++ there is: what
// the first calls make (a table that is the same for ever) is let pass.
void statics(Trial& trial) {
  const auto facts = read_plugin_facts(MappedFile::open(trial.subject().file)->bytes(), trial.subject().file.string());
  const bool is_c = facts.note.string_abi == WELT_STRING_ABI_NONE;
  const std::string rule = "docs/abi-policy.md: a plugin keeps no state of its own beside its components";
  const auto unchanged = [&](const Statics& statics, const std::string& function) {
    const std::string changed = statics.changed();
    trial.enter(function);
    trial.expect(changed.empty(), {changed + " changed", "variables that a component or a call owns", rule});
  };
  for_each_component(trial, [&](const ComponentType& type) {
    if (!type.has_role(WELT_SEGMENTER_INTERFACE) && !type.has_role(WELT_RENDERER_INTERFACE)) return;
    const auto all = [&](const Statics* statics) {
      {
        const Made first(trial, type), second(trial, type);
        if (statics != nullptr) unchanged(*statics, "create()");
      }
      if (type.has_role(WELT_SEGMENTER_INTERFACE)) {
        const SegmenterProbe probe(trial, type);
        for (const std::string& text : all_texts(trial.seed())) {
          probe.segment(text);
          if (statics != nullptr) unchanged(*statics, "segment()");
        }
      }
      if (type.has_role(WELT_RENDERER_INTERFACE)) {
        const RendererProbe probe(trial, type);
        const RendererProbe::State state(probe);
        for (const std::string& word : words_to_draw(trial.seed())) {
          probe.draw(state, word);
          if (statics != nullptr) unchanged(*statics, "render()");
        }
      }
    };
    if (is_c)
      Made(trial, type).destroy();
    else
      all(nullptr);
    const Statics before(trial.subject().file);
    all(&before);
  });
}

}  // namespace

void add_thread_tests(TestList& tests) {
  const auto add = [&](const char* what, const char* sentence, const char* role, std::vector<std::string> needs,
                       void (*body)(Trial&)) {
    needs.insert(needs.end(), {gate, made, "config.roles"});
    const bool any = std::string_view(role).empty();
    tests.push_back({.name = std::string("threads.") + what,
                     .description = sentence,
                     .applies = any ? "every component" : role,
                     .needs = std::move(needs),
                     .roles = any ? std::vector<std::string>() : std::vector<std::string>{role},
                     .body = body});
  };
  add("segmenter", "segment() from several threads at once gives the words of one thread.", WELT_SEGMENTER_INTERFACE,
      {"segmenter.concatenation", "segmenter.deterministic"}, segmenter);
  add("renderer", "render() from several threads at once gives the pixels of one thread.", WELT_RENDERER_INTERFACE,
      {"renderer.repeatable"}, renderer);
  const std::vector<std::string> works = {"lifecycle.repeats"};
  add("state", "Calls leave locale, folder, signals, floating point, environment and thread counts as they are.", "",
      works, state);
  add("count", "Calls start no thread that stays.", "", works, count);
  add("files", "A component leaves no file open.", "", works, files);
  add("statics", "create(), segment() and render() change no static variable.", "",
      {"lifecycle.repeats",   "lifecycle.independent", "lifecycle.other_thread", "lifecycle.memory",
       "lifecycle.faults",    "errors.segmenter",      "threads.segmenter",      "threads.renderer",
       "threads.state",       "threads.count",         "threads.files",          "segmenter.pieces",
       "segmenter.lookahead", "segmenter.limits",      "segmenter.capacity",     "segmenter.is_complete",
       "segmenter.encode",    "renderer.processes",    "renderer.fingerprint",   "renderer.glyphs"},
      statics);
  tests.back().roles = {WELT_SEGMENTER_INTERFACE, WELT_RENDERER_INTERFACE};
  tests.back().applies = WELT_SEGMENTER_INTERFACE ", " WELT_RENDERER_INTERFACE;
}

}  // namespace welt::conformance
