// core/base/cut_files: the last words of a process whose mapped file was cut.
#include "core/base/cut_files.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "core/base/file.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

using test::TempFolder;

void look_at_what_is_gone(const std::filesystem::path& path) {
  name_cut_files();
  const auto mapped = MappedFile::open(path);
  std::filesystem::resize_file(path, 10);
  volatile std::byte seen = mapped->bytes()[100'000];
  static_cast<void>(seen);
}

TEST(CutFiles, AMappedFileCutInUseWasABareBusError) {
  const TempFolder folder;
  const auto path = folder.put("model.safetensors", std::string(200'000, 'x'));
  EXPECT_EXIT(look_at_what_is_gone(path), testing::ExitedWithCode(1),
              "welt: .*/model.safetensors: the file was cut while it was in use");
}

TEST(CutFiles, AnyOtherBusErrorIsWhatItWas) {
  const auto raise_it = [] {
    name_cut_files();
    ::raise(SIGBUS);
  };
  EXPECT_EXIT(raise_it(), testing::KilledBySignal(SIGBUS), "");
}

}  // namespace
}  // namespace welt
