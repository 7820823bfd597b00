// See entry.h.
#include "core/conformance/entry.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <optional>

#include "core/conformance/own_folder.h"

namespace welt::conformance {

namespace fs = std::filesystem;

welt_plugin_entry_fn open_entry(Trial& trial) {
  // Where tests share a process, a plugin has agreed on a version with the first of them. A copy has not.
  std::optional<OwnFolder> folder;
  fs::path path = fs::absolute(trial.subject().file);
  if (trial.in_process()) {
    folder.emplace();
    fs::copy_file(path, folder->path() / path.filename());
    path = folder->path() / path.filename();
  }
  trial.enter("dlopen() of the file");
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);  // never closed: a plugin stays
  if (library == nullptr) {
    trial.fail({.seen = dlerror(),
                .expected = "a file that opens",
                .rule = "docs/abi-policy.md: opened with RTLD_NOW | RTLD_LOCAL, so every symbol must be there"});
  }
  void* const symbol = dlsym(library, WELT_PLUGIN_ENTRY_NAME);
  trial.expect(symbol != nullptr, {.seen = "no symbol " WELT_PLUGIN_ENTRY_NAME,
                                   .expected = "the entry",
                                   .rule = "plugin.h: the one exported function"});
  welt_plugin_entry_fn entry = nullptr;
  std::memcpy(&entry, &symbol, sizeof entry);
  return entry;
}

OtherHost::OtherHost(std::size_t size) : memory_(size, Guarded::Keep::for_ever) {
  std::memset(memory_.data(), 0xA5, size);
  std::memcpy(memory_.data(), &host(), std::min(size, sizeof(welt_host)));
  const auto told = static_cast<std::uint32_t>(size);
  std::memcpy(memory_.data(), &told, sizeof told);
}

Handshake shake(Trial& trial, welt_plugin_entry_fn entry, const welt_host* host) {
  Handshake result;
  result.call = trial.status_of(WELT_PLUGIN_ENTRY_NAME "()",
                                [&](welt_error* error) { return entry(host, &result.table, error); });
  return result;
}

const welt_plugin& must_shake(Trial& trial, welt_plugin_entry_fn entry, const welt_host* host) {
  const Handshake result = shake(trial, entry, host);
  trial.succeeded(result.call);
  trial.expect(result.table != nullptr, {.seen = "success without a plugin table",
                                         .expected = "a table",
                                         .rule = "plugin.h: the host gets the plugin's table from the entry"});
  const bool whole = WELT_HAS(result.table, get_factory) && result.table->get_factory != nullptr;
  trial.expect(whole, {.seen = "a plugin table that ends before get_factory, or lacks it",
                       .expected = "a table with get_factory",
                       .rule = "base.h: struct_size is what the writer's compiler saw"});
  return *result.table;
}

}  // namespace welt::conformance
