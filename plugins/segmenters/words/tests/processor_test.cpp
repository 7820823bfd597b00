// Texts to batches, compared with the columns that the Python processor makes of the same texts.
#include <gtest/gtest.h>

#include <numeric>

#include "core/data/batch_builder.h"
#include "core/data/dense_view.h"
#include "core/text/segmenter.h"
#include "words_component.h"

namespace welt {
namespace {

using nlohmann::json;

json rows_of_bits(const DenseExample::Mask& table) {
  json out = json::array();
  for (const auto& row : table) {
    std::string bits;
    for (const auto value : row) bits += value != 0 ? '1' : '0';
    out.push_back(bits);
  }
  return out;
}

json columns_of(const DenseExample& dense) {
  return {{"input_ids", dense.input_ids},
          {"input_attention_mask", rows_of_bits(dense.input_attention_mask)},
          {"attention_mask", rows_of_bits(dense.attention_mask)},
          {"position_ids", dense.position_ids},
          {"labels_input", dense.labels_input},
          {"labels_attention_mask", rows_of_bits(dense.labels_attention_mask)},
          {"labels_output", dense.labels_output}};
}

// Words of Han come from a dictionary: another test's affair.
bool has_han(const std::string& text) { return text.find_first_of("\xE4\xE5\xE6\xE7\xE8") != std::string::npos; }

// Adds a document made of given words.
void add_words(Corpus& corpus, const std::vector<std::string>& words, std::int64_t limit) {
  std::string text;
  std::vector<std::uint64_t> ends;
  for (const std::string& word : words) {
    text += word;
    ends.push_back(text.size());
  }
  corpus.add(text, ends, limit, false);
}

void expect_example(const json& example, const Corpus& corpus, std::int64_t row_words) {
  std::vector<Piece> pieces;
  for (std::int64_t i = 0; i < corpus.size(); ++i)
    pieces.push_back({corpus.documents[i], corpus.documents[i + 1], corpus.documents[i], true});
  const std::span<const Piece> row = pieces;
  const Batch batch = build_batch(corpus, {&row, 1}, row_words);
  const json columns = columns_of(dense_example(batch, 0));
  for (const auto& [name, value] : columns.items()) {
    const bool fixed = example.contains("fixed") && example["fixed"].contains(name);
    EXPECT_EQ(value, fixed ? example["fixed"][name] : example[name]) << name << " of " << example["words"].dump();
  }
  EXPECT_EQ(batch.real_words, static_cast<std::int64_t>(example["words"].size()));
}

TEST(ProcessorParity, columns) {
  int examples = 0;
  for (const json& test : test::golden_lines("processor.jsonl")) {
    if (test.contains("error")) continue;                  // no words at all: see Dataset
    if (test["options"]["encoding"] != "utf-8") continue;  // `welt process` has the others
    const auto limit = test["options"]["max_word_length"].get<std::int64_t>() - 2;
    const auto max_bytes =
        test["options"]["max_bytes"].is_null() ? 0 : test["options"]["max_bytes"].get<std::int64_t>();
    for (std::size_t i = 0; i < test["examples"].size(); ++i) {
      const json& example = test["examples"][i];
      const auto words = example["words"].get<std::vector<std::string>>();
      if (test["input"].contains("texts") && !has_han(example["words"].dump())) {
        const std::string text = "\x02" + test["input"]["texts"][i].get<std::string>();
        EXPECT_EQ(Segmenter(test::words_component(), max_bytes).words(text), words);
      }
      Corpus corpus;
      auto next = words.begin();
      for (const int length : example["seq_lengths"]) {
        add_words(corpus, {next, next + length}, limit);
        next += length;
      }
      expect_example(example, corpus, static_cast<std::int64_t>(words.size()) + 2);
      ++examples;
    }
  }
  EXPECT_GE(examples, 25);
}

}  // namespace
}  // namespace welt
