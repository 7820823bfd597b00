// How `welt data` cuts words: the segmenter `words`, as the Python tool has it, unless another is asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/data/dataset.h"
#include "core/plugin/registry.h"
#include "core/text/segmenter.h"

namespace welt {

// Keeps the plugin's component for as long as its function is in use.
class DataWords {
 public:
  DataWords(const std::string& segmenter, std::int64_t max_bytes, bool reference_compatible)
      : type_(Registry::instance().find(WELT_SEGMENTER_INTERFACE, segmenter)),
        config_(type_, reference_compatible ? nlohmann::json{{"reference_compatible", true}} : nlohmann::json::object(),
                true, "data"),
        component_(type_, config_, WELT_INIT_NONE),
        segmenter_(component_, max_bytes) {}

  SplitFunction split() const {
    return [this](std::string_view text, std::vector<std::uint64_t>& ends) { segmenter_.split(text, ends); };
  }

 private:
  const ComponentType& type_;
  ConfigView config_;
  Component component_;
  Segmenter segmenter_;
};

}  // namespace welt
