// Small things every other SDK header uses: text conversion, the exception type, host services, the fence.
//
// Torch-free. Everything lives in an inline namespace that carries the SDK version: two plugins built with different
// SDKs share no symbol, even in one static program.
#pragma once

#include <welt/abi/error.h>
#include <welt/abi/log.h>
#include <welt/abi/plugin.h>

#include <atomic>
#include <concepts>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace welt::sdk {
inline namespace v0_1 {

inline constexpr std::string_view version = "0.1.0";

inline welt_string to_abi(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view from_abi(welt_string text) {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}

// What plugin code throws. `key`: the config key or tensor concerned, or empty.
class Failure : public std::runtime_error {
 public:
  Failure(welt_status status, const std::string& message, std::string key = {})
      : std::runtime_error(message), status_(status), key_(std::move(key)) {}
  welt_status status() const noexcept { return status_; }
  const std::string& key() const noexcept { return key_; }

 private:
  welt_status status_;
  std::string key_;
};

// The common case: the caller handed over something that cannot be.
inline Failure invalid(const std::string& message, std::string key = {}) {
  return Failure(WELT_INVALID_ARGUMENT, message, std::move(key));
}

// A static object that is made on first use and never destroyed (nothing of a plugin runs at process exit).
template <typename T>
class NoDestroy {
 public:
  template <typename... Args>
  explicit NoDestroy(Args&&... args) {
    std::construct_at(&value_, std::forward<Args>(args)...);
  }
  NoDestroy(const NoDestroy&) = delete;
  NoDestroy& operator=(const NoDestroy&) = delete;
  ~NoDestroy() {}
  T& get() { return value_; }

 private:
  union {
    T value_;
  };
};

// A text that the caller hands over to be worked on. One with a length and no data is refused: its length would be
// lost.
inline std::string_view text_from_abi(welt_string text, std::string_view what) {
  if (text.data == nullptr && text.size > 0) {
    throw invalid(std::string(what) + " has " + std::to_string(text.size) + " bytes, but no data");
  }
  return from_abi(text);
}

namespace detail {

// What the entry learnt; fences and services read it. One per plugin (hidden visibility).
inline std::atomic<const welt_host*> host{nullptr};
inline std::atomic<const char*> plugin_id{"plugin"};

// An older host may be too short for get_service, and then has none.
template <typename Service>
const Service* service(const welt_host* from, std::string_view id) {
  if (from == nullptr || !WELT_HAS(from, get_service) || from->get_service == nullptr) return nullptr;
  return static_cast<const Service*>(from->get_service(from, to_abi(id)));
}

// Never throws, never loses the status: without a message service the caller still gets the code.
inline welt_status report(const welt_host* from, welt_error* error, welt_status status, std::string_view message,
                          std::string_view source, std::string_view key = {}) noexcept {
  const auto* errors = service<welt_error_service>(from, WELT_ERROR_SERVICE);
  if (error != nullptr && errors != nullptr && WELT_HAS(errors, set) && errors->set != nullptr) {
    errors->set(error, status, to_abi(message.empty() ? std::string_view("no reason given") : message), to_abi(source),
                to_abi(key));
  }
  return status;
}

}  // namespace detail

// A service of the host by id, or null. Usable from create() on.
template <typename Service>
const Service* host_service(std::string_view id) {
  return detail::service<Service>(detail::host.load(std::memory_order_acquire), id);
}

// One line to the host's log: the only way a plugin says anything. `level` is WELT_LOG_….
inline void log(std::uint32_t level, std::string_view message) {
  const auto* service = host_service<welt_log_service>(WELT_LOG_SERVICE);
  if (service == nullptr || !WELT_HAS(service, write) || service->write == nullptr) return;
  if (service->enabled == nullptr || service->enabled(level) != 0) {
    service->write(level, to_abi(detail::plugin_id.load()), to_abi(message));
  }
}

// Runs `body` and turns whatever it throws into a status and a welt_error. Every slot of every table goes through it,
// so nothing is ever thrown across the border. `body` writes its outputs last: on failure they are untouched.
template <std::invocable Body>
welt_status fence(welt_error* error, std::string_view source, Body&& body) noexcept {
  const welt_host* host = detail::host.load(std::memory_order_acquire);
  const auto report = [&](welt_status status, std::string_view message, std::string_view key = {}) {
    return detail::report(host, error, status, message, source, key);
  };
  try {
    std::forward<Body>(body)();
    return WELT_OK;
  } catch (const Failure& failure) {
    const welt_status status = failure.status() == WELT_OK ? WELT_UNKNOWN : failure.status();
    return report(status, failure.what(), failure.key());
  } catch (const std::bad_alloc&) {
    return report(WELT_RESOURCE_EXHAUSTED, "out of memory");
  } catch (const std::invalid_argument& failure) {
    return report(WELT_INVALID_ARGUMENT, failure.what());
  } catch (const std::exception& failure) {
    // LibTorch's errors end in a back trace, which is of no use to who reads the message.
    const std::string_view text = failure.what();
    return report(WELT_INTERNAL, text.substr(0, text.find("\nException raised from ")));
  } catch (...) {
    return report(WELT_INTERNAL, "something that is not a std::exception was thrown");
  }
}

}  // namespace v0_1
}  // namespace welt::sdk
