// A test body's side of a conformance test: what is checked, how to call a plugin, how to say what is wrong.
#pragma once

#include <welt/abi/plugin.h>

#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/conformance/child.h"
#include "core/conformance/test.h"
#include "core/plugin/registry.h"

namespace welt::conformance {

// The file under check and how it is checked.
struct Subject {
  std::filesystem::path file;
  std::uint64_t seed = 1;
  std::optional<nlohmann::json> config;  // the author's, of --config
};

// A rule that was broken. `rule` names the header and says its sentence.
struct Finding {
  std::string seen, expected;
  std::string rule;
};

struct Failed {
  std::string message, component = {}, function = {}, rule = {};
};
struct Skipped {
  std::string reason;
};

// A call of a plugin, with its error object. [one thread]
struct Call {
  welt_status status = WELT_OK;
  std::string message, source, key;
};

class Trial {
 public:
  // `opened`: the registry that holds the opened file; null: a test that opens it itself. `note`: null in-process.
  Trial(const Subject& subject, Registry* opened, SharedNote* note);
  ~Trial();
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  const Subject& subject() const { return subject_; }
  std::uint64_t seed() const { return subject_.seed; }
  // The components of the opened file; opens it first where that has not been done.
  std::vector<const ComponentType*> components();

  // No process of its own: the tests before this one have been here.
  bool in_process() const { return note_ == nullptr; }

  // What every message from here on is about: "a host of ABI 0.0", "component llama as welt.decoder/1".
  void about(std::string what) { about_ = std::move(what), component_.clear(); }
  void about(const ComponentType& type, std::string_view more = {}) {
    about_ = "component " + type.id + std::string(more), component_ = type.id;
  }

  // Runs something of the plugin's. Its name goes into messages, also into that of a crash; whatever it throws is a
  // failure, for nothing may be thrown across the border.
  template <typename Body>
  decltype(auto) call(std::string function, Body&& body) {
    enter(std::move(function));
    try {
      return std::forward<Body>(body)();
    } catch (const Failed&) {
      throw;
    } catch (const Skipped&) {
      throw;
    } catch (...) {
      thrown_across(std::current_exception());
    }
  }
  // The same for a fallible function: body(welt_error*) → status.
  template <typename Body>
  Call status_of(std::string function, Body&& body) {
    CallError error;
    const welt_status status = call(std::move(function), [&] { return body(error.raw()); });
    return read(status, error);
  }
  // The same for one that must succeed.
  template <typename Body>
  void must(std::string function, Body&& body) {
    succeeded(status_of(std::move(function), std::forward<Body>(body)));
  }
  void succeeded(const Call& call) const;  // fails with the plugin's own message

  // Fails, about the function called last.
  void expect(bool good, const Finding& finding) const {
    if (!good) fail(finding);
  }
  [[noreturn]] void fail(const Finding& finding) const;
  [[noreturn]] void skip(std::string reason) const { throw Skipped{std::move(reason)}; }
  void warn(const Finding& finding);
  const std::vector<Failed>& warnings() const { return warnings_; }

  // Says so in a message that the test itself, not the plugin, stands here now: for crashes.
  void enter(std::string place);

 private:
  [[noreturn]] void thrown_across(std::exception_ptr thrown) const;
  static Call read(welt_status status, CallError& error);
  Failed worded(const Finding& finding) const;

  const Subject& subject_;
  Registry* opened_;
  SharedNote* note_;
  std::unique_ptr<Registry> own_;
  std::string about_, component_, function_;
  std::vector<Failed> warnings_;
};

// Runs one test here and now; whatever it throws becomes a result.
Result run_test(const Test& test, const Subject& subject, Registry* opened, SharedNote* note);

// "status 3 (invalid argument)"
std::string status_text(welt_status status);

}  // namespace welt::conformance
