// Its entry throws an exception across the border.
#include <welt/abi/plugin.h>

#include <stdexcept>

extern "C" __attribute__((visibility("default"))) welt_status welt_plugin_entry(const welt_host*, const welt_plugin**,
                                                                                welt_error*) {
  throw std::runtime_error("the entry has no words for this");
}
