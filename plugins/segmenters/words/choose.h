// Which engine cuts which script: out of the plugin's configuration and what is installed.
#pragma once

#include <string>
#include <welt/sdk/config.hpp>
#include <welt/sdk/schema.hpp>

#include "segmenter.h"

namespace welt::words {

struct Choice {
  bool reference_compatible = false;
  Engines engines;
};

sdk::Schema engine_schema();

// Throws sdk::Failure when an engine that the configuration names cannot be had.
Choice choose_engines(const sdk::Config& config);

// "chinese: ICU 72.1 zh; japanese: …". Reads of the dictionaries' files what their hashes want.
std::string fingerprint_of(const Engines& engines, bool reference_compatible);

}  // namespace welt::words
