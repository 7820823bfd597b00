// Scripts that are written without spaces, and SignWriting: words, completeness, the signs that scripts share.
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/text/segmenter.h"
#include "random_text.h"
#include "words_component.h"

namespace welt {
namespace {

using test::icu_words;
using test::make_words;
using test::reference_words;
using Strings = std::vector<std::string>;

Strings words(const std::string& text, const Component& component = icu_words()) {
  return Segmenter(component).words(text);
}

TEST(Scripts, icu_cuts_what_the_reference_leaves_whole) {
  EXPECT_EQ(words("ແມ່ຕົ້ມເຂົ້າ."), (Strings{"ແມ່", "ຕົ້ມ", "ເຂົ້າ", "."}));
  EXPECT_EQ(words("នៅពេលព្រឹក ok"), (Strings{"នៅពេល", "ព្រឹក", " ", "ok"}));
  EXPECT_EQ(words("ပန်းဝယ်တယ်။"), (Strings{"ပန်း", "ဝယ်", "တယ်", "။"}));
  for (const char* text : {"ແມ່ຕົ້ມເຂົ້າ", "នៅពេលព្រឹក", "ပန်းဝယ်တယ်", "བཀྲ་ཤིས་"})
    EXPECT_EQ(words(text, reference_words()), Strings{text});
}

TEST(Scripts, icu_cuts_chinese_japanese_and_thai) {
  EXPECT_EQ(words("我们在北京。"), (Strings{"我们", "在", "北京", "。"}));
  EXPECT_EQ(words("カメラとノート"), (Strings{"カメラ", "と", "ノート"}));
  EXPECT_EQ(words("ฉันชอบหนังสือ"), (Strings{"ฉัน", "ชอบ", "หนังสือ"}));
}

TEST(Scripts, languages_in_burmese_letters_that_have_no_dictionary_stay_whole) {
  EXPECT_EQ(words("ႁဝ်းတေၵႂႃႇၵၢတ်ႇ ok"), (Strings{"ႁဝ်းတေၵႂႃႇၵၢတ်ႇ", " ", "ok"}));
}

TEST(Scripts, tibetan_is_cut_into_syllables_with_their_tsheg) {
  EXPECT_EQ(words("ཁ་སང་ཉི་མ།། ཇ"), (Strings{"ཁ་", "སང་", "ཉི་", "མ", "།།", " ", "ཇ"}));
  EXPECT_EQ(words("་་ཀ་་།"), (Strings{"་་", "ཀ་", "་།"}));
}

TEST(Scripts, shared_signs_stay_in_their_word_but_for_the_reference) {
  EXPECT_EQ(words("col·lecció пʼять"), (Strings{"col·lecció ", "пʼять"}));
  EXPECT_EQ(words("col·lecció пʼять", reference_words()), (Strings{"col", "·", "lecció ", "п", "ʼ", "ять"}));
  EXPECT_EQ(words("˗5 ̣x ̃y"), (Strings{"˗5 ", "̣x ", "̃y"}));
}

TEST(Scripts, a_mark_of_a_script_inside_a_cluster_stays_in_the_default_span) {
  EXPECT_EQ(words("a \xE3\x82\x99 中"), (Strings{"a ", "\xE3\x82\x99 ", "中"}));  // space and U+3099 are one cluster
  EXPECT_EQ(words("\xE3\x82\x99 a"), (Strings{"\xE3\x82\x99", " ", "a"}));
}

TEST(Scripts, none_leaves_a_run_whole) {
  const Component component = make_words({{"chinese", "none"}, {"tibetan", "none"}});
  EXPECT_EQ(words("我们在北京ok བཀྲ་ཤིས་", component), (Strings{"我们在北京", "ok ", "བཀྲ་ཤིས་"}));
}

TEST(Scripts, the_fingerprint_names_what_cuts_each_script) {
  const std::string fingerprint = Segmenter(icu_words()).fingerprint();
  for (const char* part : {"chinese: ICU ", "japanese: ICU ", "thai: ICU ", "burmese: ICU ", "tibetan: syllables"})
    EXPECT_NE(fingerprint.find(part), std::string::npos) << fingerprint;
  EXPECT_EQ(Segmenter(reference_words()).fingerprint().find("lao"), std::string::npos);
}

TEST(Scripts, an_engine_that_is_named_and_not_there_is_an_error) {
  for (const auto& [key, engine] : {std::pair{"chinese", "jieba"}, {"japanese", "mecab"}, {"thai", "newmm"}}) {
    try {
      make_words({{key, engine}, {"dictionaries", "/nowhere"}});
      FAIL() << engine;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("/nowhere"), std::string::npos) << error.what();
    }
  }
  EXPECT_NE(Segmenter(make_words({{"dictionaries", "/nowhere"}})).fingerprint().find("chinese: ICU"),
            std::string::npos);
}

TEST(Completeness, of_scripts_without_spaces) {
  const Segmenter ours(icu_words()), reference(reference_words());
  const Strings complete = {"ཁ་", "。", "、", "「", "ไทย "};
  for (const std::string& word : complete) {
    EXPECT_TRUE(ours.is_complete(word)) << word;
    EXPECT_EQ(reference.is_complete(word), word == "ไทย ") << word;
  }
  // A dictionary may know a longer word; a sign may get another symbol; a run of shads another shad.
  for (const std::string word :
       {"中", "天气", "カメラ", "ไทย", "ລາວ", "ཁ", "།", "་", "𝠃𝤘𝤚", "𝠃𝤘𝤚񂇁𝣴𝣳", "a中\xCC"})
    EXPECT_FALSE(ours.is_complete(word)) << word;
}

// Behind kana, 飲みます is one run: 飲み alone is two words, but may be the start of one.
TEST(Completeness, a_word_of_several_scripts_is_never_complete) {
  const Segmenter ours(icu_words());
  for (const std::string word : {"飲み", "中a", "中文。a", "カナ!", "ไทยa", "abc中", "a\xCC\x81中"})
    EXPECT_FALSE(ours.is_complete(word)) << word;
}

// The contract that generation relies on. An ideographic mark takes only a tone mark along, which follows none in text.
TEST(Completeness, nothing_can_be_added_to_a_complete_word) {
  std::mt19937 random(6);
  const Segmenter segmenter(icu_words());
  int complete = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::string text = test::random_text(random, 1 + random() % 8);
    for (const std::string& word : segmenter.words(text)) {
      // A word that begins with a mark of a script, which a space in front kept in its span, is none by itself.
      if (!segmenter.is_complete(word) || segmenter.words(word) != Strings{word}) continue;
      std::string more = test::random_text(random, 1 + random() % 4);
      if (word == "、" && (more.starts_with("\xE3\x80\xAA") || more.starts_with("\xE3\x82\x99"))) continue;
      ++complete;
      EXPECT_EQ(segmenter.words(word + more).front(), word) << (word + more);
    }
  }
  EXPECT_GT(complete, 1000);
}

}  // namespace
}  // namespace welt
