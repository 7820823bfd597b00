// run_child(): what a child says, prints, and how it ends.
#include "core/conformance/child.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace welt::conformance {
namespace {

TEST(RunChild, KeepsResultPlaceAndOutput) {
  const ChildOutcome outcome = run_child(
      [](SharedNote& note) {
        note.at("segment()");
        std::puts("to standard output");
        std::fputs("to standard error\n", stderr);
        note.finish("all is well");
      },
      10);
  EXPECT_TRUE(outcome.finished);
  EXPECT_FALSE(outcome.timed_out);
  EXPECT_EQ(outcome.signal, 0);
  EXPECT_EQ(outcome.result, "all is well");
  EXPECT_EQ(outcome.place, "segment()");
  EXPECT_EQ(outcome.out, "to standard output\n");
  EXPECT_EQ(outcome.err, "to standard error\n");
}

TEST(RunChild, EndsOneThatTakesTooLong) {
  const ChildOutcome outcome = run_child(
      [](SharedNote& note) {
        note.at("pause()");
        for (;;) pause();
      },
      0.2);
  EXPECT_TRUE(outcome.timed_out);
  EXPECT_FALSE(outcome.finished);
  EXPECT_EQ(outcome.place, "pause()");
  EXPECT_LT(outcome.seconds, 2);
}

TEST(RunChild, EndsOneThatIgnoresSignals) {
  const ChildOutcome outcome = run_child(
      [](SharedNote&) {
        for (int number = 1; number < NSIG; ++number) std::signal(number, SIG_IGN);
        for (;;) pause();
      },
      0.2);
  EXPECT_TRUE(outcome.timed_out);
}

TEST(RunChild, SaysTheSignal) {
  const ChildOutcome outcome = run_child([](SharedNote&) { raise(SIGUSR1); }, 10);
  EXPECT_EQ(outcome.signal, SIGUSR1);
  EXPECT_FALSE(outcome.finished);
}

TEST(RunChild, NamesSignals) {
  EXPECT_EQ(signal_name(SIGSEGV), "SIGSEGV (segmentation fault)");
  EXPECT_NE(signal_name(SIGABRT).find("SIGABRT"), std::string::npos);
}

TEST(RunChild, SaysTheStatusOfOneThatLeaves) {
  const ChildOutcome outcome = run_child([](SharedNote&) { _exit(7); }, 10);
  EXPECT_EQ(outcome.signal, 0);
  EXPECT_EQ(outcome.exit_status, 7);
  EXPECT_FALSE(outcome.finished);
}

TEST(RunChild, KeepsNoMoreOutputThanThereIsRoomFor) {
  const ChildOutcome outcome = run_child(
      [](SharedNote& note) {
        for (int i = 0; i < 20000; ++i) std::puts("again and again and again");
        note.finish("");
      },
      10);
  EXPECT_TRUE(outcome.finished);
  EXPECT_GT(outcome.out.size(), 1000u);
  EXPECT_LT(outcome.out.size(), 100000u);
}

TEST(RunChild, DoesNotWaitForWhatAChildLeavesBehind) {
  const ChildOutcome outcome = run_child(
      [](SharedNote& note) {
        if (fork() == 0) {
          for (;;) pause();
        }
        note.finish("left");
      },
      10);
  EXPECT_EQ(outcome.result, "left");
  EXPECT_LT(outcome.seconds, 5);
}

}  // namespace
}  // namespace welt::conformance
