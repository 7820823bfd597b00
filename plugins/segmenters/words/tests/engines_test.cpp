// The dictionary engines: the words of the Python packages where setup has fetched their data (where not: skipped, or
// with WELT_REQUIRE_DICTIONARIES a failure), and what they say to data that is missing, damaged or hostile, which the
// tests write themselves.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <thread>

#include "core/base/utf8.h"
#include "engines_support.h"
#include "plugins/segmenters/words/engines/jieba.h"
#include "plugins/segmenters/words/engines/mecab.h"
#include "plugins/segmenters/words/engines/newmm.h"
#include "words_component.h"

namespace welt::words {
namespace {

struct Named {
  const char* engine;
  const char* dictionary;
  EngineMaker make;
};
constexpr Named named[] = {
    {"jieba", "jieba", make_jieba}, {"mecab", "unidic-lite", make_mecab}, {"newmm", "pythainlp", make_newmm}};

// The data that setup has fetched, or nothing.
std::optional<std::filesystem::path> fetched(const Named& which) {
  return find_dictionary(which.dictionary, std::filesystem::path(WELT_PLUGIN_DIR).parent_path() / "dictionaries");
}

class EnginesParity : public testing::TestWithParam<Named> {
 protected:
  void SetUp() override {
    const auto folder = fetched(GetParam());
    const std::string missing = "no dictionary " + std::string(GetParam().dictionary) + ": scripts/setup.sh fetches it";
    if (!folder && test::dictionaries_are_required()) FAIL() << missing << ", and WELT_REQUIRE_DICTIONARIES is set";
    if (!folder) GTEST_SKIP() << missing;
    engine_ = GetParam().make(*folder);
  }
  std::unique_ptr<Engine> engine_;
};

INSTANTIATE_TEST_SUITE_P(All, EnginesParity, testing::ValuesIn(named),
                         [](const auto& info) { return std::string(info.param.engine); });

TEST_P(EnginesParity, words_of_the_python_package) {
  std::size_t cases = 0;
  for (const auto& row : test::golden_lines("engines.jsonl")) {
    if (row["engine"] != GetParam().engine) continue;
    ++cases;
    EXPECT_EQ(cut(*engine_, row["text"].get<std::string>()), row["words"].get<std::vector<std::string>>())
        << row.dump();
  }
  EXPECT_EQ(cases, 150u);
}

TEST_P(EnginesParity, identity_names_engine_version_and_data) {
  const std::string identity = engine_->identity();
  EXPECT_TRUE(identity.starts_with(std::string(GetParam().engine) + " ")) << identity;
  EXPECT_EQ(identity.size() - identity.rfind(' '), 13u) << identity;
  EXPECT_EQ(identity.find_first_not_of("0123456789abcdef", identity.rfind(' ') + 1), std::string::npos) << identity;
}

// Random characters, of all scripts: ends ascend and the last is the end of the text.
TEST_P(EnginesParity, any_text_is_covered) {
  std::mt19937 random(7);
  for (int i = 0; i < 400; ++i) {
    std::string text;
    for (std::size_t n = random() % 60 + 1; n > 0; --n) {
      constexpr char32_t bases[] = {0x20, 0x2B0, 0xE00, 0x3000, 0x4E00, 0x20000};
      append_utf8(text, bases[random() % 6] + static_cast<char32_t>(random() % 0x80));
    }
    std::vector<std::uint32_t> ends = {0};
    engine_->cut(text, ends);
    EXPECT_TRUE(std::is_sorted(ends.begin(), ends.end(), std::less_equal<>())) << text;
    EXPECT_EQ(ends.back(), text.size());
  }
}

TEST_P(EnginesParity, threads_share_one_engine) {
  std::vector<std::string> texts;
  for (const auto& row : test::golden_lines("engines.jsonl")) texts.push_back(row["text"]);
  const auto all = [&] {
    std::vector<std::uint32_t> ends;
    for (const std::string& text : texts) engine_->cut(text, ends);
    return ends;
  };
  const std::vector<std::uint32_t> expected = all();
  std::vector<std::vector<std::uint32_t>> found(4);
  {
    std::vector<std::jthread> threads;
    for (auto& one : found) threads.emplace_back([&] { one = all(); });
  }
  for (const auto& one : found) EXPECT_EQ(one, expected);
}

// Longer than MeCab is given at once, with and without a full stop to cut behind; no space anywhere.
TEST_P(EnginesParity, long_text_without_a_space) {
  for (const std::string piece : {"漢字かな", "กาก", "漢。"}) {
    std::string text;
    while (text.size() < 70'000) text += piece;
    std::vector<std::uint32_t> ends;
    engine_->cut(text, ends);
    ASSERT_FALSE(ends.empty());
    EXPECT_EQ(ends.back(), text.size());
  }
}

// Written by hand; the numbers are small enough to follow.
constexpr const char* hmm =
    "start B -0.5\nstart S -1\ntrans B E -0.1\ntrans B M -2\ntrans M E -0.5\ntrans M M -1\ntrans E B -0.5\n"
    "trans E S -1\ntrans S B -0.5\ntrans S S -1\nemit B 4e00 -1\nemit E 4e01 -1\nemit S 4e02 -1\n";

TEST_F(Engines, a_missing_dictionary_says_where_it_was_looked_for) {
  EXPECT_FALSE(find_dictionary("jieba", folder_));
  EXPECT_EQ(std::string(missing_dictionary("jieba", folder_).what()),
            "dictionary \"jieba\": not found; tried " + (folder_ / "jieba").string() +
                ". Mend: run scripts/setup.sh, which fetches the dictionaries");
  expect_failure(make_jieba, {"dict.txt", "setup.sh"});
  expect_failure(make_newmm, {"words_th.txt", "setup.sh"});
}

TEST_F(Engines, jieba_by_hand) {
  // Of 100: the route through 一丁 (50) beats 一 (20) and 丁 (20); 七七 is never likelier than 七 twice.
  write("dict.txt", "一丁 50 n\n一 20 n\n丁 9 n\n七 20 n\n七七 1\n空 0\n");
  write("hmm.txt", hmm);
  const auto engine = make_jieba(folder_);
  EXPECT_EQ(cut(*engine, "一丁"), (std::vector<std::string>{"一丁"}));
  EXPECT_EQ(cut(*engine, "七七"), (std::vector<std::string>{"七", "七"}));
  EXPECT_EQ(cut(*engine, "丁一"), (std::vector<std::string>{"丁", "一"}));
  EXPECT_EQ(cut(*engine, "3.5%x"), (std::vector<std::string>{"3.5%", "x"}));
  EXPECT_EQ(cut(*engine, " \r\n空"), (std::vector<std::string>{" ", "\r\n", "空"}));
  EXPECT_TRUE(cut(*engine, "").empty());
}

TEST_F(Engines, jieba_says_which_line_is_damaged) {
  write("hmm.txt", hmm);
  const std::pair<const char*, std::vector<std::string>> faults[] = {
      {"一 5 n\n丁\n", {"dict.txt, line 2: \"丁\"", "a word, a space and a count", "setup.sh"}},
      {"一 5 n\n丁 many n\n", {"line 2", "a count from 0"}},
      {"一 -5 n\n", {"line 1", "a count from 0"}},
      {"一 99999999999999999999 n\n", {"line 1", "a count from 0"}},
      {"一 5 n\n\n", {"line 2"}},
      {"一 5 n\n\xE4\xB8 5 n\n", {"line 2", "UTF-8"}},
      {"一 0 n\n", {"no word with a count"}},
      {"", {"no word with a count"}},
  };
  for (const auto& [text, parts] : faults) {
    write("dict.txt", text);
    expect_failure(make_jieba, parts);
  }
  write("dict.txt", "一 5 n\n");
  const std::pair<const char*, std::vector<std::string>> model_faults[] = {
      {"start B -1\nstart X -1\n", {"hmm.txt, line 2", "B, M, E or S"}},
      {"start B 1\n", {"line 1", "logarithm"}},
      {"start B nan\n", {"line 1", "logarithm"}},
      {"emit B zz -1\n", {"line 1", "hex"}},
      {"other\n", {"line 1", "start"}},
      {"start B -1\n", {"after 1 lines", "tables"}},
  };
  for (const auto& [text, parts] : model_faults) {
    write("hmm.txt", text);
    expect_failure(make_jieba, parts);
  }
}

TEST_F(Engines, newmm_by_hand) {
  write("words_th.txt", "ตา\nตาก\nกลม\nลม\nตากลม\n");
  const auto engine = make_newmm(folder_);
  EXPECT_EQ(cut(*engine, "ตากลม"), (std::vector<std::string>{"ตากลม"}));
  EXPECT_EQ(cut(*engine, "ตากลมลม"), (std::vector<std::string>{"ตากลม", "ลม"}));
  EXPECT_EQ(cut(*engine, "ตา12:30 ลม"), (std::vector<std::string>{"ตา", "12:30", " ", "ลม"}));
}

TEST_F(Engines, newmm_says_which_line_is_damaged) {
  write("words_th.txt", "ตา\nต\x01\n");
  expect_failure(make_newmm, {"words_th.txt, line 2", "control character"});
  write("words_th.txt", "ตา\n\xE0\xB8\n");
  expect_failure(make_newmm, {"line 2", "UTF-8"});
  write("words_th.txt", "\n \n");
  expect_failure(make_newmm, {"no word in it"});
}

TEST_F(Engines, hostile_word_lists_are_refused_or_read) {
  std::string many, longer;
  for (int i = 0; i < 100'000; ++i) many += std::to_string(i * 7919) + " 0 n\n";
  for (int i = 0; i < 300; ++i) longer += "字";
  write("hmm.txt", hmm);
  write("dict.txt", many);
  expect_failure(make_jieba, {"no word with a count"});
  write("dict.txt", longer + " 1 n\n");
  expect_failure(make_jieba, {"line 1", "255"});
  write("words_th.txt", longer);
  expect_failure(make_newmm, {"line 1", "255"});
  // Every end is a border, every word is there: the graph is as large as it gets.
  std::string words, text;
  for (int i = 0; i < 100; ++i)
    write("words_th.txt", words += std::string(static_cast<std::size_t>(i) + 1, 'x') + "\n");
  for (int i = 0; i < 20'000; ++i) text += 'x';
  const auto engine = make_newmm(folder_);
  std::vector<std::uint32_t> ends;
  engine->cut(text, ends);
  EXPECT_EQ(ends.back(), text.size());
}

}  // namespace
}  // namespace welt::words
