// The text of the quick start through the segmenter into batches, and the baselines it is measured against.
#include <gtest/gtest.h>

#include "core/data/dataset.h"
#include "core/metrics/ngram.h"
#include "words_component.h"

namespace welt {
namespace {

std::shared_ptr<const Dataset> open(const char* name) {
  DatasetOptions options;
  options.files = {std::filesystem::path(WELT_SOURCE_DIR) / "data" / "quickstart" / name};
  options.format = "paragraphs";
  options.max_bytes = 30;
  return Dataset::open(options, test::words_component());
}

std::vector<std::string> texts(const Dataset& data) {
  std::vector<std::string> out;
  for (std::int64_t i = 0; i < data.statistics().documents; ++i) out.push_back(data.document_text(i));
  return out;
}

TEST(Quickstart, text_fills_rows_and_evaluation_covers_it) {
  const auto train = open("train.txt"), held_out = open("held-out.txt");
  EXPECT_EQ(train->statistics().documents, 247);
  EXPECT_EQ(held_out->statistics().documents, 13);
  EXPECT_EQ(train->statistics().truncated_words, 0);
  EXPECT_LT(train->statistics().empty_slots, train->rows() * train->options().words / 100);

  std::int64_t label_bytes = 0, labels = 0;
  for (const Batch& batch : held_out->evaluation_batches()) {
    label_bytes += batch.label_bytes;
    for (const auto label : batch.label) labels += label >= 0 ? 1 : 0;
  }
  EXPECT_EQ(label_bytes - labels, held_out->statistics().bytes);
  EXPECT_EQ(labels, held_out->statistics().words + held_out->statistics().documents);
}

TEST(Quickstart, baselines) {
  const auto train = texts(*open("train.txt")), held_out = texts(*open("held-out.txt"));
  const NgramBaseline baseline = ngram_baseline({train.begin(), train.end()}, {held_out.begin(), held_out.end()});
  EXPECT_NEAR(baseline.unigram_bits_per_byte, 4.321, 0.002);
  EXPECT_NEAR(baseline.trigram_bits_per_byte, 2.516, 0.002);
}

}  // namespace
}  // namespace welt
