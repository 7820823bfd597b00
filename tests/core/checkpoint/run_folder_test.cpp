// Run folders: numbering, checkpoints that are whole or absent, logs that rewind.
#include "core/checkpoint/run_folder.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <optional>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/log.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

class RunFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    parent_ = fs::path(::testing::TempDir()) /
              ("welt-run-" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(parent_);
  }
  void TearDown() override { fs::remove_all(parent_); }

  static void fill(const fs::path& folder) {
    write_file(folder / "config.json", "{}");
    write_file(folder / "welt.json",
               R"({"format": 1, "plugins": {}, "pooling": "mean",
                   "segmenter": {"plugin": "words", "max_bytes": 20, "config": {}}})");
    write_file(folder / "model.safetensors", std::string("\2\0\0\0\0\0\0\0{}", 10));
  }
  // What find_checkpoint() warns of.
  static std::string told(const fs::path& run, fs::path& found) {
    KeptWarnings warnings;
    found = find_checkpoint(run);
    const std::vector<std::string> lines = warnings.take();
    return lines.empty() ? std::string() : lines.front();
  }
  fs::path parent_;
};

TEST_F(RunFolderTest, TakesTheNextFreeName) {
  EXPECT_EQ(RunFolder::create(parent_, "a").path(), parent_ / "a");
  EXPECT_EQ(RunFolder::create(parent_, "a").path(), parent_ / "a-2");
  EXPECT_TRUE(RunFolder::find_resumable(parent_, "a").empty());
  const RunFolder third = RunFolder::create(parent_, "a");
  third.write_checkpoint(5, 1, fill);
  EXPECT_EQ(RunFolder::find_resumable(parent_, "a"), parent_ / "a-3");
}

TEST_F(RunFolderTest, TheNewestIsResumedAlsoWhereTheFirstOfTheNameIsGone) {
  RunFolder::create(parent_, "a").write_checkpoint(5, 1, fill);
  RunFolder::create(parent_, "a").write_checkpoint(7, 1, fill);
  fs::remove_all(parent_ / "a");
  EXPECT_EQ(RunFolder::find_resumable(parent_, "a"), parent_ / "a-2");
}

TEST_F(RunFolderTest, TwoRunsInOneFolderAreRefused) {
  std::optional<RunFolder> first = RunFolder::create(parent_, "a");
  const fs::path unfinished = parent_ / "a" / "checkpoints" / ".writing-step-00000001";
  fs::create_directory(unfinished);
  try {
    RunFolder::open(parent_ / "a");
    ADD_FAILURE() << "opened twice";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("another process is training"), std::string::npos) << error.what();
  }
  EXPECT_TRUE(fs::exists(unfinished)) << "the checkpoint that the other run is writing was removed";
  first.reset();
  RunFolder::open(parent_ / "a");
  EXPECT_FALSE(fs::exists(unfinished));
}

TEST_F(RunFolderTest, KeepsTheNewestCheckpoints) {
  const RunFolder run = RunFolder::create(parent_, "a");
  for (const int step : {100, 20, 3000}) run.write_checkpoint(step, 2, fill);
  const auto all = run.checkpoints();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].step, 100);
  EXPECT_EQ(all[1].step, 3000);
  EXPECT_EQ(find_checkpoint(run.path()), all[1].path);
  EXPECT_EQ(find_checkpoint(all[0].path), all[0].path);
}

TEST_F(RunFolderTest, AFailureWhileWritingLeavesTheOldCheckpointsAndNothingElse) {
  const RunFolder run = RunFolder::create(parent_, "a");
  run.write_checkpoint(1, 1, fill);
  EXPECT_THROW(run.write_checkpoint(2, 1,
                                    [](const fs::path& folder) {
                                      write_file(folder / "config.json", "{}");
                                      throw Error("disk full");
                                    }),
               Error);
  ASSERT_EQ(run.checkpoints().size(), 1U);
  EXPECT_EQ(run.checkpoints()[0].step, 1);
  EXPECT_EQ(std::distance(fs::directory_iterator(run.path() / "checkpoints"), {}), 1);
}

TEST_F(RunFolderTest, OpeningRemovesWhatAKillLeftBehind) {
  const fs::path path = RunFolder::create(parent_, "a").path();
  fs::create_directories(path / "checkpoints" / ".writing-step-00000007");
  write_file(path / "checkpoints" / ".writing-step-00000007" / "config.json", "{}");
  EXPECT_TRUE(RunFolder::open(path).checkpoints().empty());
  EXPECT_TRUE(fs::is_empty(path / "checkpoints"));
}

TEST_F(RunFolderTest, RewindsTheLogAndDropsACutOffLine) {
  const RunFolder run = RunFolder::create(parent_, "a");
  for (const int step : {1, 2, 3}) run.log({{"step", step}});
  std::ofstream(run.path() / "log.jsonl", std::ios::app) << "{\"step\": 2, \"lo";
  run.rewind_log(2);
  EXPECT_EQ(read_file(run.path() / "log.jsonl"), "{\"step\":1}\n{\"step\":2}\n");
}

TEST_F(RunFolderTest, ALogLineWhoseStepIsNoNumberStopsNoResume) {
  const RunFolder run = RunFolder::create(parent_, "tiny");
  std::ofstream(run.path() / "log.jsonl") << "{\"step\":\"two\"}\n{\"step\":3}\n{\"note\":1}\n";
  run.rewind_log(2);
  EXPECT_EQ(read_file(run.path() / "log.jsonl"), "{\"step\":\"two\"}\n{\"note\":1}\n");
}

// It was passed over without a word, or refused although one before is whole.
TEST_F(RunFolderTest, ADamagedNewestCheckpointIsNamedAndTheOneBeforeIsTaken) {
  const RunFolder run = RunFolder::create(parent_, "a");
  const fs::path whole = run.write_checkpoint(6, 9, fill), newest = run.write_checkpoint(9, 9, fill);
  fs::path found;
  EXPECT_EQ(told(run.path(), found), "");
  EXPECT_EQ(found, newest);
  for (const char* file : {"config.json", "welt.json", "model.safetensors"}) {
    const std::string content = read_file(newest / file);
    for (const bool removed : {true, false}) {
      if (removed)
        fs::remove(newest / file);
      else
        write_file(newest / file, content.substr(0, content.size() / 2));
      const std::string line = told(run.path(), found);
      EXPECT_EQ(found, whole) << file;
      EXPECT_NE(line.find((newest / file).string()), std::string::npos) << line;
      EXPECT_NE(line.find(whole.string() + ", of before, is taken"), std::string::npos) << line;
      write_file(newest / file, content);
    }
  }
  write_file(newest / "welt.json", "{}");  // it gave the Python WeLT's words of 30 bytes
  EXPECT_NE(told(run.path(), found).find("no \"format\" in it"), std::string::npos);
  EXPECT_EQ(newest_checkpoint(run.path()), newest);
  fs::remove_all(whole);
  EXPECT_THROW(find_checkpoint(run.path()), Error);
}

// Its files were gone while they were opened, one after the other.
TEST_F(RunFolderTest, ACheckpointThatAnotherProcessReadsIsNotRemoved) {
  const RunFolder run = RunFolder::create(parent_, "a");
  const fs::path read = run.write_checkpoint(1, 1, fill);
  int ready[2], done[2];
  ASSERT_TRUE(::pipe(ready) == 0 && ::pipe(done) == 0);
  const pid_t reader = ::fork();
  if (reader == 0) {
    ::close(done[1]);
    char byte = 'n';
    try {
      if (find_checkpoint(run.path()) == read) byte = 'y';
    } catch (const Error&) {
    }
    if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
    ::_exit(::read(done[0], &byte, 1) == 0 ? 0 : 1);
  }
  char found = 0;
  ASSERT_EQ(::read(ready[0], &found, 1), 1);
  EXPECT_EQ(found, 'y');
  run.write_checkpoint(2, 1, fill);
  EXPECT_TRUE(fs::exists(read / "model.safetensors"));
  ::close(done[1]);
  ASSERT_EQ(::waitpid(reader, nullptr, 0), reader);
  run.write_checkpoint(3, 1, fill);
  EXPECT_EQ(run.checkpoints().size(), 1U) << "it goes when nobody reads it any more";
}

// "No run has a checkpoint: starting at step 1", which would have begun anew. As a user who may not: the tests may run
// as root.
TEST_F(RunFolderTest, AFolderOfRunsThatMayNotBeReadIsNotOneWithoutRuns) {
  RunFolder::create(parent_, "a").write_checkpoint(1, 1, fill);
  fs::permissions(parent_, fs::perms::none);
  const bool is_root = ::geteuid() == 0;
  ASSERT_TRUE(!is_root || ::seteuid(65534) == 0);
  EXPECT_THROW(RunFolder::find_resumable(parent_, "a"), Error);
  ASSERT_TRUE(!is_root || ::seteuid(0) == 0);
  fs::permissions(parent_, fs::perms::all);
  EXPECT_EQ(RunFolder::find_resumable(parent_, "a"), parent_ / "a");
  EXPECT_TRUE(RunFolder::find_resumable(parent_ / "nowhere", "a").empty());
}

TEST_F(RunFolderTest, SaysWhatWasLookedFor) {
  try {
    find_checkpoint(parent_ / "nowhere");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("nowhere"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("no such folder"), std::string::npos);
  }
}

}  // namespace
}  // namespace welt
