#include "core/data/word_cache.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "core/base/file.h"
#include "core/data/word_cache_place.h"
#include "temporary_folder.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::split_words;
using test::TemporaryFolder;

class WordCaches : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string text;
    for (int i = 0; i < 90; ++i) text += "word" + std::to_string(i % 13) + " of line " + std::to_string(i) + "\n";
    file_ = folder_.write("text.txt", text);
  }
  DatasetOptions options(const std::string& cache) const {
    DatasetOptions options;
    options.files = {file_};
    options.format = "lines";
    options.batch = 3;
    options.words = 8;
    options.window_words = 60;
    options.cache = cache;
    options.words_identity = "split_words";
    return options;
  }
  fs::path cached() const { return folder_.path() / "words"; }
  std::vector<fs::path> files() const {
    std::vector<fs::path> all;
    for (const auto& entry : fs::directory_iterator(cached())) all.push_back(entry.path());
    return all;
  }
  // The batches of two epochs and a bit.
  static std::vector<Batch> batches(const Dataset& data) {
    std::vector<Batch> all;
    for (IteratorState state; state.epoch < 2;) all.push_back(data.make_batch(state));
    return all;
  }
  static void expect_same(const std::vector<Batch>& a, const std::vector<Batch>& b) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      EXPECT_EQ(a[i].table.bytes, b[i].table.bytes) << i;
      EXPECT_EQ(a[i].input, b[i].input) << i;
      EXPECT_EQ(a[i].label, b[i].label) << i;
    }
  }
  TemporaryFolder folder_;
  fs::path file_;
};

TEST_F(WordCaches, BatchesAreThoseOfWordsInMemoryAndTheSecondTimeNothingIsSplit) {
  const auto plain = Dataset::open(options("off"), split_words);
  const auto written = Dataset::open(options(cached()), split_words);
  ASSERT_GT(plain->statistics().windows, 4);
  const auto again = Dataset::open(options(cached()), [](std::string_view, std::vector<std::uint64_t>&) {
    ADD_FAILURE() << "text was split though its words are kept";
  });
  expect_same(batches(*written), batches(*plain));
  expect_same(batches(*again), batches(*plain));
  expect_same(again->evaluation_batches(7), plain->evaluation_batches(7));
  for (const DatasetStatistics& s : {written->statistics(), again->statistics()}) {
    EXPECT_EQ(s.words, plain->statistics().words);
    EXPECT_EQ(s.distinct_words, plain->statistics().distinct_words);
    EXPECT_EQ(s.rows, plain->statistics().rows);
    EXPECT_EQ(s.files, 1);
  }
  EXPECT_EQ(again->document_text(89), "word11 of line 89");
  EXPECT_EQ(files().size(), 1U);
}

TEST_F(WordCaches, WhatWordsDependOnIsInTheKey) {
  const DatasetOptions first = options(cached());
  const std::string key = find_word_cache(first, first)->key;
  const auto other = [&](const std::function<void(DatasetOptions&)>& change) {
    DatasetOptions changed = first;
    change(changed);
    return find_word_cache(changed, changed)->key != key;
  };
  EXPECT_FALSE(other([](DatasetOptions&) {}));
  EXPECT_TRUE(other([](DatasetOptions& o) { o.max_bytes = 5; }));
  EXPECT_TRUE(other([](DatasetOptions& o) { o.words_identity = "other"; }));
  EXPECT_TRUE(other([](DatasetOptions& o) { o.window_words = 61; }));
  EXPECT_TRUE(other([](DatasetOptions& o) { o.limit = 3; }));
  EXPECT_TRUE(other([](DatasetOptions& o) { o.split = DataSplit::train; }));
  EXPECT_TRUE(other([](DatasetOptions& o) { o.format = "paragraphs"; }));
  folder_.write("text.txt", "another text\n");
  EXPECT_TRUE(other([](DatasetOptions&) {}));
  DatasetOptions unknown = first;
  unknown.words_identity.clear();
  EXPECT_FALSE(find_word_cache(unknown, unknown).has_value());
  EXPECT_FALSE(find_word_cache(options("auto"), options("auto")).has_value()) << "a small text";
}

TEST_F(WordCaches, DamagedFilesAreRefusedAndMadeAnew) {
  const auto expected = batches(*Dataset::open(options(cached()), split_words));
  const fs::path file = files().front();
  const std::string key = find_word_cache(options(cached()), options(cached()))->key, whole = read_file(file);
  EXPECT_NE(message_of([&] { WordCache::open(file, "another key"); }).find("another text"), std::string::npos);
  for (std::size_t at = 0; at < whole.size(); at += 7) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    write_file(file, changed);
    try {  // what lies between the windows means nothing
      const auto cache = WordCache::open(file, key);
      for (std::size_t i = 0; i < cache->size(); ++i) {
        const WordWindow window = cache->window(i);
        for (const std::uint32_t word : window.text.words) EXPECT_LT(word, window.text.distinct());
      }
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(file.string()), std::string::npos) << error.what();
    }
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{20}, whole.size() / 2, whole.size() - 1}) {
    write_file(file, whole.substr(0, size));
    EXPECT_THROW(WordCache::open(file, key), Error) << size;
    expect_same(batches(*Dataset::open(options(cached()), split_words)), expected);
    EXPECT_EQ(read_file(file), whole) << "it is whole again";
  }
}

TEST_F(WordCaches, WritersSideBySideAndAbandonedFilesDoNoHarm) {
  fs::create_directory(cached());
  std::ofstream(cached() / ".welt-1-0.tmp") << "left by a kill";
  fs::last_write_time(cached() / ".welt-1-0.tmp", fs::file_time_type::clock::now() - std::chrono::hours(2));
  std::vector<std::shared_ptr<const Dataset>> made(4);
  std::vector<std::thread> threads;
  for (auto& data : made) threads.emplace_back([&] { data = Dataset::open(options(cached()), split_words); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(files().size(), 1U) << "one file, and nothing beside it";
  for (const auto& data : made) expect_same(batches(*data), batches(*made[0]));
}

TEST_F(WordCaches, ATextThatChangesWhileItIsReadIsNotKept) {
  const auto change = [&](std::string_view text, std::vector<std::uint64_t>& ends) {
    if (text.starts_with("word0 of line 0")) std::ofstream(file_, std::ios::app) << "one more\n";
    split_words(text, ends);
  };
  EXPECT_NE(message_of([&] { Dataset::open(options(cached()), change); }).find("changed while it was read"),
            std::string::npos);
  EXPECT_TRUE(files().empty());
}

// A limit on file sizes fails as a full disk does. In a child, which the limit ends with.
TEST_F(WordCaches, ADiskThatIsFullIsNamedAndNothingIsLeft) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      Dataset::open(options(cached()), split_words);
    } catch (const Error& error) {
      ::_exit(std::string(error.what()).find(cached().string()) != std::string::npos ? 42 : 1);
    }
    ::_exit(2);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 42) << status;
  EXPECT_TRUE(files().empty());
}

TEST_F(WordCaches, WordsLongerThanTheLimitAreMadeAnew) {
  DatasetOptions limited = options(cached());
  limited.max_bytes = 3;
  const auto place = find_word_cache(limited, limited);
  Corpus corpus;
  corpus.add("overlong", {8}, 0);
  WordFigures figures;
  figures.add(corpus);
  WordCacheWriter writer(place->file, place->key);
  writer.add(corpus);
  writer.commit(figures);
  EXPECT_FALSE(writer.failed());
  EXPECT_EQ(Dataset::open(limited, split_words)->document_text(0), "worof lin0");
}

TEST_F(WordCaches, WhatWasSkippedIsCountedTheSecondTimeToo) {
  file_ = folder_.write("text.txt", "one\nt\xFFwo\nthree\n");
  DatasetOptions skipping = options(cached());
  skipping.on_invalid = "skip";
  for (int i = 0; i < 2; ++i) {
    const auto data = Dataset::open(skipping, split_words);
    EXPECT_EQ(data->statistics().skipped, 1) << i;
    EXPECT_EQ(data->statistics().documents, 2) << i;
  }
  skipping.on_invalid = "replace";
  const auto data = Dataset::open(skipping, split_words);
  EXPECT_EQ(data->statistics().replaced, 1);
  EXPECT_EQ(data->document_text(1), "t\xEF\xBF\xBDwo");
}

TEST_F(WordCaches, ATextWithoutDocumentsLeavesNoFile) {
  file_ = folder_.write("text.txt", "\n");
  EXPECT_THROW(Dataset::open(options(cached()), split_words), Error);
  EXPECT_TRUE(files().empty());
}

}  // namespace
}  // namespace welt
