// The one exported function of the file under check, called with hosts of many kinds.
#pragma once

#include <welt/abi/plugin.h>

#include <cstddef>

#include "core/conformance/guarded.h"
#include "core/conformance/trial.h"

namespace welt::conformance {

// Opens the file as the host does, but for its judgement and the handshake. Fails the test where that cannot be.
welt_plugin_entry_fn open_entry(Trial& trial);

// This host, as a plugin of any version sees it: `size` bytes of its table, of which those behind the known ones are no
// zeros. The memory ends there and is kept for ever, for plugins keep the pointer.
class OtherHost {
 public:
  explicit OtherHost(std::size_t size = sizeof(welt_host));
  welt_host* operator->() const { return memory_.as<welt_host>(); }
  const welt_host* get() const { return memory_.as<welt_host>(); }

 private:
  Guarded memory_;
};

struct Handshake {
  Call call;
  const welt_plugin* table = nullptr;
};
// Calls the entry, with an error object.
Handshake shake(Trial& trial, welt_plugin_entry_fn entry, const welt_host* host);
// The same where it must succeed and give a table that reaches to get_factory.
const welt_plugin& must_shake(Trial& trial, welt_plugin_entry_fn entry, const welt_host* host);

}  // namespace welt::conformance
