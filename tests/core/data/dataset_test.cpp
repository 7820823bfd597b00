#include "core/data/dataset.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/philox.h"
#include "core/text/bytes.h"
#include "temporary_folder.h"

namespace welt {
namespace {

using test::message_of;
using test::split_words;
using test::TemporaryFolder;

std::string chapters(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    for (int j = 0; j <= i * 7 % 23; ++j) text += "w" + std::to_string((i * 31 + j * 17) % 97) + " ";
    text += "end" + std::to_string(i) + "\n";
  }
  return text;
}

DatasetOptions small(const std::filesystem::path& file) {
  DatasetOptions options;
  options.files = {file};
  options.format = "lines";
  options.batch = 3;
  options.words = 8;
  return options;
}

bool same(const Batch& a, const Batch& b) {
  return a.rows == b.rows && a.words == b.words && a.table.bytes == b.table.bytes &&
         a.table.offsets == b.table.offsets && a.input == b.input && a.label == b.label && a.position == b.position &&
         a.document == b.document && a.prefix == b.prefix && a.real_words == b.real_words &&
         a.real_bytes == b.real_bytes && a.label_bytes == b.label_bytes;
}

std::string word(const Batch& batch, std::int64_t index) {
  return index < 0 ? "-" : std::string(as_text(batch.table.word(index)));
}

TEST(Dataset, statistics_and_texts) {
  const TemporaryFolder folder;
  const auto data = Dataset::open(small(folder.write("a.txt", "one two\n\nthree\n")), split_words);
  const DatasetStatistics& s = data->statistics();
  EXPECT_EQ(s.documents, 2);
  EXPECT_EQ(s.words, 3);
  EXPECT_EQ(s.bytes, 12);
  EXPECT_EQ(s.rows, 1);
  EXPECT_EQ(s.empty_slots, 3);
  EXPECT_EQ(data->document_text(0), "one two");
  EXPECT_EQ(data->document_text(1), "three");
  EXPECT_THROW(data->document_text(2), Error);
}

TEST(Dataset, batches_are_consistent) {
  const TemporaryFolder folder;
  const auto data = Dataset::open(small(folder.write("a.txt", chapters(40))), split_words);
  IteratorState state;
  for (int i = 0; i < 20; ++i) {
    const Batch batch = data->make_batch(state);
    ASSERT_EQ(batch.input.size(), static_cast<std::size_t>(batch.rows * batch.words));
    std::set<std::string> distinct;
    for (std::int64_t k = 0; k < batch.table.size(); ++k) EXPECT_TRUE(distinct.insert(word(batch, k)).second);
    std::int64_t real_words = 0, real_bytes = 0, label_bytes = 0;
    for (std::int64_t slot = 0; slot < batch.rows * batch.words; ++slot) {
      if (batch.input[slot] < 0) {
        EXPECT_EQ(batch.label[slot], -1);
        EXPECT_EQ(batch.document[slot], -1);
        continue;
      }
      ++real_words;
      real_bytes += static_cast<std::int64_t>(word(batch, batch.input[slot]).size());
      if (batch.label[slot] < 0) continue;
      label_bytes += static_cast<std::int64_t>(word(batch, batch.label[slot]).size()) + 1;
      const bool goes_on = (slot + 1) % batch.words != 0 && batch.document[slot + 1] == batch.document[slot];
      EXPECT_EQ(word(batch, batch.label[slot]), goes_on ? word(batch, batch.input[slot + 1]) : "");
      EXPECT_EQ(batch.position[slot] == 0, slot % batch.words == 0 || batch.document[slot - 1] != batch.document[slot]);
    }
    EXPECT_EQ(real_words, batch.real_words);
    EXPECT_EQ(real_bytes, batch.real_bytes);
    EXPECT_EQ(label_bytes, batch.label_bytes);
  }
}

TEST(Dataset, an_epoch_has_every_row_once_and_each_epoch_its_order) {
  const TemporaryFolder folder;
  DatasetOptions options = small(folder.write("a.txt", chapters(60)));
  options.batch = 1;
  const auto data = Dataset::open(options, split_words);
  std::vector<std::vector<std::string>> orders;
  IteratorState state;
  for (int epoch = 0; epoch < 2; ++epoch) {
    std::vector<std::string> order;
    for (std::int64_t i = 0; i < data->rows(); ++i) {
      const Batch batch = data->make_batch(state);
      std::string row;
      for (const auto input : batch.input) row += word(batch, input) + "|";
      order.push_back(row);
    }
    orders.push_back(order);
  }
  EXPECT_NE(orders[0], orders[1]);
  for (auto& order : orders) std::sort(order.begin(), order.end());
  EXPECT_EQ(orders[0], orders[1]);
  EXPECT_EQ(state.epoch * static_cast<std::uint64_t>(data->rows()) + state.index, 2u * data->rows());
}

TEST(Dataset, resuming_gives_the_same_batches) {
  const TemporaryFolder folder;
  const auto file = folder.write("a.txt", chapters(50));
  std::vector<LoadedBatch> unbroken;
  {
    BatchLoader loader = Dataset::open(small(file), split_words)->train_loader();
    for (int i = 0; i < 60; ++i) unbroken.push_back(loader.next());
  }
  for (const int cut : {1, 7, 30}) {
    const auto saved = IteratorState::from_json(nlohmann::json::parse(unbroken[cut - 1].after.to_json().dump()));
    BatchLoader loader = Dataset::open(small(file), split_words)->train_loader(saved);
    for (int i = cut; i < 60; ++i) {
      const LoadedBatch next = loader.next();
      ASSERT_TRUE(same(*next.batch, *unbroken[i].batch)) << "batch " << i << " after " << cut;
      EXPECT_EQ(next.after, unbroken[i].after);
    }
  }
  DatasetOptions other = small(file);
  other.seed = 7;
  IteratorState state;
  EXPECT_FALSE(same(Dataset::open(other, split_words)->make_batch(state), *unbroken[0].batch));
}

TEST(Dataset, evaluation_has_every_byte_once) {
  const TemporaryFolder folder;
  const auto data = Dataset::open(small(folder.write("a.txt", chapters(30))), split_words);
  for (const std::int64_t context : {1, 4}) {
    std::int64_t text = 0, ends = 0;
    for (const Batch& batch : data->evaluation_batches(0, context)) {
      EXPECT_LE(batch.rows, 3);
      for (const auto label : batch.label) {
        if (label < 0) continue;
        text += static_cast<std::int64_t>(word(batch, label).size());
        ends += word(batch, label).empty() ? 1 : 0;
      }
    }
    EXPECT_EQ(text, data->statistics().bytes);
    EXPECT_EQ(ends, data->statistics().documents);
  }
  std::int64_t rows = 0;
  for (const Batch& batch : data->evaluation_batches(7)) rows += batch.rows;
  EXPECT_EQ(rows, 7);
  EXPECT_THROW(data->evaluation_batches(0, 8), Error);
}

TEST(Dataset, splits_part_the_documents) {
  const TemporaryFolder folder;
  DatasetOptions options = small(folder.write("a.txt", chapters(200)));
  const auto all = Dataset::open(options, split_words);
  options.validation_fraction = 0.1;
  options.split = DataSplit::train;
  const auto train = Dataset::open(options, split_words);
  options.split = DataSplit::validation;
  options.seed = 9;  // does not move the border
  const auto held_out = Dataset::open(options, split_words);
  EXPECT_EQ(train->statistics().documents + held_out->statistics().documents, 200);
  EXPECT_EQ(train->statistics().bytes + held_out->statistics().bytes, all->statistics().bytes);
  EXPECT_NEAR(static_cast<double>(held_out->statistics().documents), 20, 12);
  options.files = {folder.write("one.txt", "a single document")};
  EXPECT_NE(
      message_of([&] { Dataset::open(options, split_words); }).find("none of the 1 documents is in the validation"),
      std::string::npos);
}

TEST(Dataset, words_are_cut_to_the_limit_between_characters) {
  const TemporaryFolder folder;
  DatasetOptions options = small(folder.write("a.txt", "a\xC3\xA9\xC3\xA9\xC3\xA9 b\n"));
  options.max_bytes = 4;
  const auto data = Dataset::open(options, split_words);
  EXPECT_EQ(data->statistics().truncated_words, 1);
  EXPECT_EQ(data->document_text(0),
            "a\xC3\xA9"
            "b");
}

TEST(Dataset, labels_at_cuts_and_prefixes_and_compat) {
  const TemporaryFolder folder;
  DatasetOptions options = small(folder.write("a.txt", "a b c d e\n"));
  options.words = 4;
  options.batch = 1;
  options.shuffle = false;
  IteratorState state;
  Batch batch = Dataset::open(options, split_words)->make_batch(state);  // BOS a b c | d e
  EXPECT_EQ(batch.label[3], -1);
  options.compat.cut_words_end_text = true;
  options.compat.pad_words = true;
  const auto compat = Dataset::open(options, split_words);
  state = {};
  batch = compat->make_batch(state);
  EXPECT_EQ(word(batch, batch.label[3]), "");
  batch = compat->make_batch(state);  // d e NUL NUL
  EXPECT_EQ(word(batch, batch.input[2]), std::string(1, '\0'));
  EXPECT_EQ(word(batch, batch.label[3]), "");
  EXPECT_EQ(batch.document[3], 2);
  EXPECT_EQ(batch.real_words, 2);
}

TEST(Dataset, blocks_across_documents_only_as_the_reference) {
  const TemporaryFolder folder;
  DatasetOptions options = small(folder.write("a.txt",
                                              "a\x0E"
                                              "b\nc\x0F"
                                              "d\n"));
  options.shuffle = false;
  options.batch = 1;
  IteratorState state;
  Batch batch = Dataset::open(options, split_words)->make_batch(state);
  EXPECT_EQ(batch.prefix, (std::vector<std::int64_t>{-1, -1, -1, -1, -1, -1, -1, -1}));
  options.compat.blocks_cross_documents = true;
  state = {};
  batch = Dataset::open(options, split_words)->make_batch(state);
  EXPECT_EQ(batch.prefix, (std::vector<std::int64_t>{-1, -1, 0, 0, 0, 0, 0, -1}));
  EXPECT_EQ(batch.label[3], -1);
  EXPECT_NE(batch.label[6], -1);  // SI keeps its label
}

TEST(Dataset, wrong_options_are_named) {
  const TemporaryFolder folder;
  DatasetOptions options = small(folder.write("a.txt", "text\n"));
  options.name = "data.train";
  const auto message = [&](auto change) {
    DatasetOptions wrong = options;
    change(wrong);
    return message_of([&] { Dataset::open(wrong, split_words); });
  };
  EXPECT_NE(message([](auto& o) { o.format = "jsonn"; }).find("Did you mean \"jsonl\"?"), std::string::npos);
  EXPECT_NE(message([](auto& o) { o.on_invalid = "ignore"; }).find("on_invalid = \"ignore\""), std::string::npos);
  EXPECT_NE(message([](auto& o) { o.words = 1; }).find("words = 1"), std::string::npos);
  EXPECT_NE(message([](auto& o) { o.batch = 0; }).find("batch = 0"), std::string::npos);
  EXPECT_NE(message([](auto& o) { o.validation_fraction = 1.5; }).find("validation_fraction = 1.5"), std::string::npos);
  EXPECT_NE(message([&](auto& o) { o.files = {folder.write("e.txt", "\n\n")}; }).find("hold no text"),
            std::string::npos);
  EXPECT_THROW(IteratorState::from_json({{"epoch", -1}, {"index", 0}}), Error);
  EXPECT_THROW(IteratorState::from_json(nlohmann::json::array()), Error);
}

TEST(BatchLoader, carries_errors_and_stops_early) {
  const TemporaryFolder folder;
  const auto data = Dataset::open(small(folder.write("a.txt", chapters(10))), split_words);
  BatchLoader wrong = data->train_loader({.epoch = 0, .index = 1000});
  EXPECT_NE(message_of([&] { wrong.next(); }).find("the data position is row 1000"), std::string::npos);
  EXPECT_THROW(wrong.next(), Error);
  BatchLoader moved = data->train_loader();
  moved = data->train_loader();  // the first one's thread ends
  EXPECT_EQ(moved.next().batch->rows, 3);
}

TEST(Philox, known_answers) {  // of Random123's kat_vectors
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}),
            (std::array<std::uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (std::array<std::uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
}

DatasetSource source(const std::filesystem::path& file, const std::string& label) {
  DatasetSource out;
  out.text.files = {file};
  out.text.format = "lines";
  out.label = label;
  return out;
}

// How often each document's first word comes in one epoch.
std::map<std::string, int> first_words(const Dataset& data) {
  std::map<std::string, int> times;
  IteratorState state;
  while (state.epoch == 0 && state.index < static_cast<std::uint64_t>(data.statistics().rows_per_epoch)) {
    const Batch batch = data.make_batch(state);
    for (std::int64_t slot = 0; slot < batch.rows * batch.words; ++slot)
      if (batch.input[slot] >= 0 && batch.position[slot] == 1) ++times[word(batch, batch.input[slot])];
  }
  return times;
}

TEST(Dataset, AMixtureWithoutWeightsHasEveryDocumentOnceAnEpoch) {
  const TemporaryFolder folder;
  std::string first, second;
  for (int i = 0; i < 30; ++i) first += "a" + std::to_string(i) + " x y\n";
  for (int i = 0; i < 7; ++i) second += "b" + std::to_string(i) + " x z\n";
  DatasetOptions options = small({});
  options.files.clear();
  options.batch = 1;
  options.sources = {source(folder.write("a.txt", first), "a"), source(folder.write("b.txt", second), "b")};
  const auto data = Dataset::open(options, split_words);
  const auto times = first_words(*data);
  EXPECT_EQ(times.size(), 37U);
  for (const auto& [text, count] : times) EXPECT_EQ(count, 1) << text;
  const DatasetStatistics& s = data->statistics();
  ASSERT_EQ(s.sources.size(), 2U);
  EXPECT_EQ(s.sources[1].documents, 7);
  EXPECT_EQ(s.sources[1].words, 21);
  EXPECT_NEAR(s.sources[1].share, 7.0 / 37, 1e-12);
  EXPECT_EQ(data->document_text(30), "b0 x z");

  options.sources[1].repeat = 3;
  for (const auto& [text, count] : first_words(*Dataset::open(options, split_words)))
    EXPECT_EQ(count, text.starts_with("b") ? 3 : 1) << text;

  options.sources[1].repeat = 1;
  options.temperature = 1000;
  EXPECT_NEAR(Dataset::open(options, split_words)->statistics().sources[1].share, 0.5, 0.03);
  options.temperature = 1;
  options.sources[0].weight = 1;
  options.sources[1].weight = 4;
  EXPECT_NEAR(Dataset::open(options, split_words)->statistics().sources[1].share, 0.8, 0.03);
}

TEST(Dataset, BatchesOfAMixtureHaveEachWordOnce) {
  const TemporaryFolder folder;
  DatasetOptions options = small({});
  options.files.clear();
  options.sources = {source(folder.write("a.txt", chapters(20)), "a"), source(folder.write("b.txt", chapters(9)), "b")};
  const auto data = Dataset::open(options, split_words);
  IteratorState state;
  std::vector<IteratorState> before;
  std::vector<Batch> batches;
  for (int i = 0; i < 40; ++i) {
    before.push_back(state);
    batches.push_back(data->make_batch(state));
    std::set<std::string> distinct;
    for (std::int64_t k = 0; k < batches.back().table.size(); ++k)
      EXPECT_TRUE(distinct.insert(word(batches.back(), k)).second);
  }
  const auto again = Dataset::open(options, split_words);
  for (const std::size_t i : {39, 7, 8}) {
    IteratorState there = before[i];
    EXPECT_TRUE(same(again->make_batch(there), batches[i])) << i;
  }
}

// Windows are packed one by one: every document comes once an epoch, and any position is found again.
TEST(Dataset, ATextOfManyWindowsIsTrainedOnAndResumed) {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 100; ++i) text += "a" + std::to_string(i) + " x y\n";
  DatasetOptions options = small(folder.write("a.txt", text));
  options.batch = 1;
  options.window_words = 50;
  const auto data = Dataset::open(options, split_words);
  EXPECT_EQ(data->statistics().windows, 8);
  EXPECT_EQ(data->statistics().documents, 100);
  EXPECT_EQ(data->document_text(99), "a99 x y");
  const auto times = first_words(*data);
  EXPECT_EQ(times.size(), 100U);
  for (const auto& [first, count] : times) EXPECT_EQ(count, 1) << first;
  IteratorState state{1, 17};
  const Batch batch = data->make_batch(state);
  IteratorState walked;
  Batch last;
  while (walked != IteratorState{1, 18}) last = data->make_batch(walked);
  EXPECT_TRUE(same(batch, last));
  std::int64_t rows = 0;
  for (const Batch& held_out : data->evaluation_batches(10)) rows += held_out.rows;
  EXPECT_EQ(rows, 10);
  options.window_words = 0;
  EXPECT_EQ(Dataset::open(options, split_words)->statistics().windows, 1);
}

TEST(Dataset, SharesAreNumbersWhateverTheTemperatureAndWrongOnesAreRefused) {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "a x y z\n";
  DatasetOptions options = small({});
  options.files.clear();
  options.sources = {source(folder.write("a.txt", text), "a"), source(folder.write("b.txt", "b x y\n"), "b")};
  options.temperature = 0.01;
  const DatasetStatistics s = Dataset::open(options, split_words)->statistics();
  EXPECT_NEAR(s.sources[0].share, 1, 0.01);
  EXPECT_EQ(s.sources[1].rows_per_epoch, 1);
  for (const double wrong : {0.0, -1.0, std::nan(""), HUGE_VAL}) {
    DatasetOptions other = options;
    other.temperature = wrong;
    EXPECT_NE(message_of([&] { Dataset::open(other, split_words); }).find("temperature"), std::string::npos) << wrong;
    other = options;
    other.sources[1].repeat = wrong;
    EXPECT_NE(message_of([&] { Dataset::open(other, split_words); }).find("repeat"), std::string::npos) << wrong;
    if (wrong == 0) continue;  // none
    other = options;
    other.sources[1].weight = wrong;
    EXPECT_NE(message_of([&] { Dataset::open(other, split_words); }).find("weight"), std::string::npos) << wrong;
  }
}

// Windows and sources change nothing about which documents are held out; a source of one document may have none.
TEST(Dataset, TheHeldOutShareOfAMixtureTakesNoDocumentTwiceAndLosesNone) {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 100; ++i) text += "a" + std::to_string(i) + " x y\n";
  DatasetOptions options = small({});
  options.files.clear();
  options.validation_fraction = 0.1;
  options.window_words = 30;
  options.sources = {source(folder.write("a.txt", text), "a"), source(folder.write("b.txt", "b x\n"), "b")};
  std::multiset<std::string> found;
  for (const DataSplit split : {DataSplit::train, DataSplit::validation}) {
    options.split = split;
    const auto data = Dataset::open(options, split_words);
    EXPECT_EQ(data->statistics().sources.size(), split == DataSplit::train ? 2U : 1U);
    for (std::int64_t i = 0; i < data->statistics().documents; ++i) found.insert(data->document_text(i));
  }
  EXPECT_EQ(found.size(), 101U);
  EXPECT_EQ(std::set<std::string>(found.begin(), found.end()).size(), 101U);
  options.sources.erase(options.sources.begin());
  EXPECT_NE(message_of([&] { Dataset::open(options, split_words); }).find("none of the 1 documents"),
            std::string::npos);
}

}  // namespace
}  // namespace welt
