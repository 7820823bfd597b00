// What the tests of the dictionary engines share: words of a span, and a folder for dictionaries that a test writes.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "plugins/segmenters/words/engine.h"
#include "plugins/segmenters/words/engines/dictionary.h"

namespace welt::words {

namespace fs = std::filesystem;
using EngineMaker = std::unique_ptr<Engine> (*)(const fs::path&);

inline std::vector<std::string> cut(const Engine& engine, std::string_view span) {
  std::vector<std::uint32_t> ends;
  engine.cut(span, ends);
  std::vector<std::string> words;
  std::size_t at = 0;
  for (const std::uint32_t end : ends) {
    words.emplace_back(span.substr(at, end - at));
    at = end;
  }
  EXPECT_EQ(at, span.size());
  return words;
}

class Engines : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("welt-engines-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const char* name, std::string_view text) {
    std::ofstream(folder_ / name, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
  }
  void expect_failure(EngineMaker make, const std::vector<std::string>& parts) {
    try {
      make(folder_);
      ADD_FAILURE() << "nothing was thrown; expected " << parts.front();
    } catch (const sdk::Failure& failure) {
      for (const std::string& part : parts)
        EXPECT_NE(std::string(failure.what()).find(part), std::string::npos) << failure.what();
    }
  }

  fs::path folder_;
};

}  // namespace welt::words
