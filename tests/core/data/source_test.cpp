#include "core/data/source.h"

#include <sys/stat.h>

#include "core/base/log.h"
#include "gzip.h"
#include "temporary_folder.h"

namespace welt {
namespace {

using test::gzip;
using test::message_of;
using test::TemporaryFolder;

struct Read {
  std::vector<std::string> documents;
  SourceCounts counts;
};

Read read(const SourceOptions& options) {
  Read out;
  out.counts =
      read_documents(options, [&](const SourceDocument& document) { out.documents.emplace_back(document.text); });
  return out;
}

using Texts = std::vector<std::string>;

TEST(Source, formats) {
  const TemporaryFolder folder;
  const auto plain = folder.write("a.txt", "one\r\ntwo\n\n\nthree");
  EXPECT_EQ(read({.files = {plain}}).documents, Texts{"one\r\ntwo\n\n\nthree"});
  EXPECT_EQ(read({.files = {plain}, .format = "lines"}).documents, (Texts{"one", "two", "three"}));
  EXPECT_EQ(read({.files = {plain}, .format = "paragraphs"}).documents, (Texts{"one\ntwo", "three"}));
  const auto json =
      folder.write("b.jsonl", "{\"text\": \"one\"}\n\n{\"x\": 1, \"text\": \"t\\u0077o\\n\"}\n{\"text\": \"\"}\n");
  EXPECT_EQ(read({.files = {json}}).documents, (Texts{"one", "two\n"}));
  EXPECT_EQ(read({.files = {json}, .format = "text"}).documents.size(), 1u);
}

// Prepared it is a table, trained on it was text without a word.
TEST(Source, ATableReadAsTextIsTold) {
  const TemporaryFolder folder;
  const auto table = folder.write("a.CSV", "text\none\n");
  KeptWarnings warnings;
  EXPECT_EQ(read({.files = {table}}).documents.size(), 1U);
  const std::vector<std::string> told = warnings.take();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told[0].find("a.CSV: a table, read as plain text"), std::string::npos) << told[0];
  read({.files = {table}, .format = "text"});
  EXPECT_TRUE(warnings.take().empty());
}

TEST(Source, TablesTemplatesLanguagesAndLimits) {
  const TemporaryFolder folder;
  const auto table = folder.write("a.csv", "text,language,n\n\"one, 1\",eng_Latn,1\n,eng_Latn,2\ndrei,deu_Latn,3\n");
  EXPECT_EQ(read({.files = {table}, .format = "csv"}).documents, (Texts{"one, 1", "drei"}));
  EXPECT_EQ(read({.files = {table}, .format = "csv", .field = "n"}).documents, (Texts{"1", "2", "3"}));
  EXPECT_EQ(read({.files = {table}, .format = "csv", .text_template = "{n}: {text}"}).documents,
            (Texts{"1: one, 1", "2: None", "3: drei"}));
  EXPECT_EQ(read({.files = {table}, .format = "csv", .language = "deu_Latn"}).documents, Texts{"drei"});
  const auto tabs = folder.write("a.tsv", "x\ttext\n1\ttwo\n");
  EXPECT_EQ(read({.files = {tabs}, .format = "tsv"}).documents, Texts{"two"});

  const auto rows = folder.write("b.jsonl",
                                 "{\"translation\": {\"en\": \"one\", \"de\": \"eins\"}, \"language\": \"x\"}\n"
                                 "{\"translation\": {\"en\": \"two\"}}\n");
  EXPECT_EQ(read({.files = {rows}, .text_template = "<{translation[en]}>"}).documents, (Texts{"<one>", "<two>"}));
  EXPECT_EQ(read({.files = {rows}, .text_template = "{translation[en]}", .language = "x"}).documents, Texts{"one"});
  EXPECT_EQ(read({.files = {rows}, .text_template = "{translation[en]}", .language = "x"}).counts.other_language, 1);
  const auto more = folder.write("more.jsonl", "{\"translation\": {\"en\": \"six\"}}\n{\"translation\": 7}\n");
  EXPECT_EQ(read({.files = {rows, more}, .text_template = "{translation[en]}", .limit = 3}).documents,
            (Texts{"one", "two", "six"}))
      << "across files, and nothing behind the limit is looked at";
  const Read skipping = read({.files = {rows}, .on_invalid = "skip", .text_template = "{translation[de]}"});
  EXPECT_EQ(skipping.documents, Texts{"eins"});
  EXPECT_EQ(skipping.counts.skipped, 1);
  const std::string missing = message_of([&] { read({.files = {rows}, .text_template = "{translation[de]}"}); });
  EXPECT_NE(missing.find("b.jsonl:2"), std::string::npos) << missing;
  EXPECT_NE(
      message_of([&] { read({.files = {table}, .format = "csv", .field = "txt"}); }).find("Did you mean \"text\"?"),
      std::string::npos);
  EXPECT_NE(message_of([&] { read({.files = {rows}, .text_template = "{", .limit = 1}); }).find("data"),
            std::string::npos);
  EXPECT_NE(message_of([&] { read({.files = {rows}, .text_template = "x", .language = "y"}); }).find("tagged \"y\""),
            std::string::npos);

  const auto lines = folder.write("c.txt", "one\ntwo\n\nthree\n");
  EXPECT_NE(message_of([&] { read({.files = {lines}, .format = "lines", .text_template = "{text}"}); }).find("fields"),
            std::string::npos);
  EXPECT_EQ(read({.files = {lines}, .format = "lines", .keep_linebreaks = true}).documents,
            (Texts{"one\n", "two\n", "three\n"}));
  EXPECT_EQ(read({.files = {lines}, .format = "lines", .limit = 2}).documents, (Texts{"one", "two"}));
  EXPECT_EQ(read({.files = {lines}, .format = "paragraphs", .limit = 1}).documents, Texts{"one\ntwo"});
  std::vector<std::string> languages;
  read_documents({.files = {rows}, .text_template = "{translation[en]}", .reads_language = true},
                 [&](const SourceDocument& document) { languages.emplace_back(document.language); });
  EXPECT_EQ(languages, (Texts{"x", ""}));
}

TEST(Source, compressed_as_plain) {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 50000; ++i)
    text += "line number " + std::to_string(i) + (i % 7 == 0 ? "\r\n" : i % 11 == 0 ? "\n\n" : "\n");
  const auto plain = folder.write("a.txt", text), packed = folder.write("a.txt.gz", gzip(text));
  for (const char* format : {"auto", "text", "lines", "paragraphs"}) {
    EXPECT_EQ(read({.files = {packed}, .format = format}).documents,
              read({.files = {plain}, .format = format}).documents)
        << format;
  }
  const auto json = folder.write("b.jsonl.gz", gzip("{\"text\": \"x\"}\n"));
  EXPECT_EQ(read({.files = {json}}).documents, Texts{"x"});
}

TEST(Source, damaged_compression_names_the_file) {
  const TemporaryFolder folder;
  std::string packed = gzip(std::string(100000, 'a') + "the end");
  const auto cut = folder.write("cut.gz", std::string_view(packed).substr(0, packed.size() - 9));
  EXPECT_NE(message_of([&] { read({.files = {cut}}); }).find("cut.gz: the compressed data ends too early"),
            std::string::npos);
  packed[packed.size() / 2] ^= 0x55;
  const auto damaged = folder.write("damaged.gz", packed);
  EXPECT_NE(message_of([&] { read({.files = {damaged}}); }).find("damaged.gz: "), std::string::npos);
  const auto plain = folder.write("plain.gz", "not compressed");
  EXPECT_NE(message_of([&] { read({.files = {plain}}); }).find("is not compressed with gzip"), std::string::npos);
}

TEST(Source, order_is_that_of_patterns_then_names) {
  const TemporaryFolder folder;
  for (const char* name : {"b.txt", "a.txt", "c.txt", "z.log"}) folder.write(name, name);
  EXPECT_EQ(read({.files = {folder.path() / "z.log", folder.path() / "*.txt", folder.path() / "a.*"}}).documents,
            (Texts{"z.log", "a.txt", "b.txt", "c.txt"}));
}

TEST(Source, missing_file_names_the_nearest) {
  const TemporaryFolder folder;
  folder.write("train.txt", "x");
  const std::string message = message_of([&] { read({.files = {folder.path() / "trian.txt"}, .name = "data.train"}); });
  EXPECT_NE(message.find("data.train: no file fits"), std::string::npos) << message;
  EXPECT_NE(message.find("train.txt?"), std::string::npos) << message;
  EXPECT_NE(message_of([&] { read({.files = {}}); }).find("no file is named"), std::string::npos);
  EXPECT_NE(message_of([&] { read({.files = {folder.path()}}); }).find(folder.path().string()), std::string::npos);
}

TEST(Source, invalid_text_is_an_error_replaced_or_skipped) {
  const TemporaryFolder folder;
  const auto file = folder.write("a.txt",
                                 "good\nb\xFF"
                                 "d\nfine\n");
  const std::string message = message_of([&] { read({.files = {file}, .name = "data.train", .format = "lines"}); });
  EXPECT_NE(message.find("a.txt: byte 6 (FF) is not UTF-8"), std::string::npos) << message;
  EXPECT_NE(message.find("data.train.on_invalid"), std::string::npos) << message;
  const Read replaced = read({.files = {file}, .format = "lines", .on_invalid = "replace"});
  EXPECT_EQ(replaced.documents, (Texts{"good",
                                       "b\xEF\xBF\xBD"
                                       "d",
                                       "fine"}));
  EXPECT_EQ(replaced.counts.replaced, 1);
  const Read skipped = read({.files = {file}, .format = "lines", .on_invalid = "skip"});
  EXPECT_EQ(skipped.documents, (Texts{"good", "fine"}));
  EXPECT_EQ(skipped.counts.skipped, 1);
  EXPECT_NE(message_of([&] { read({.files = {file}, .format = "paragraphs"}); }).find("byte 6 "), std::string::npos);
}

TEST(Source, wrong_json_names_the_line) {
  const TemporaryFolder folder;
  const auto message = [&](std::string_view content) {
    return message_of([&] { read({.files = {folder.write("a.jsonl", content)}, .name = "data.train"}); });
  };
  EXPECT_NE(message("{\"text\": \"a\"}\n{\"text\": \n").find("a.jsonl:2: not JSON"), std::string::npos);
  EXPECT_NE(message("[1]\n").find("a.jsonl:1: a JSON array"), std::string::npos);
  EXPECT_NE(message("{\"txt\": \"a\"}\n").find("Did you mean data.train.field = \"txt\"?"), std::string::npos);
  EXPECT_NE(message("{\"text\": 3}\n").find("\"text\" is a JSON number"), std::string::npos);
  EXPECT_NE(message("[{\"text\": \"a\"}]\n").find("data.train.format = \"json\""), std::string::npos);
  EXPECT_NE(message("{\"text\": \"\\ud800\"}\n").find("a.jsonl:1: \"text\" has half of a surrogate"),
            std::string::npos);
  EXPECT_NE(message(std::string("{\"text\": \"a\"}\0{\"text\": \"lost\"}\n", 30)).find("is NUL"), std::string::npos);
  EXPECT_NE(message(std::string(100000, '[')).find("a.jsonl:1: not JSON"), std::string::npos);
}

TEST(Source, rows_without_a_text_stopped_the_run_under_skip) {
  const TemporaryFolder folder;
  const auto rows = folder.write("rows.jsonl",
                                 "{\"text\":\"ok\"}\n{\"text\":null}\n{}\n{\"text\":[\"a\"]}\n{\"text\":3}\n[]\n"
                                 "\"plain\"\n{\"text\":\"\"}\n\n{\"text\":\"fine\",\"score\":NaN}\n"
                                 "{\"text\":\"half\\ud83d\"}\n{\"text\"\n{\"text\":\"last\",\"title\":\"x\\ud83d\"}\n");
  const Read skipped = read({.files = {rows}, .on_invalid = "skip"});
  EXPECT_EQ(skipped.documents, (Texts{"ok", "fine", "last"}));
  EXPECT_EQ(skipped.counts.skipped, 8);
}

TEST(Source, replace_left_lone_halves_of_surrogate_pairs) {
  const TemporaryFolder folder;
  const auto rows = folder.write("rows.jsonl", R"({"text":"caf\ud83d"})"
                                               "\n"
                                               R"({"text":"ok \ud83d\ude00"})"
                                               "\n");
  const Read replaced = read({.files = {rows}, .on_invalid = "replace"});
  EXPECT_EQ(replaced.documents, (Texts{"caf\uFFFD", "ok 😀"}));
  EXPECT_EQ(replaced.counts.replaced, 1);
  EXPECT_NE(message_of([&] { read({.files = {rows}}); }).find("rows.jsonl:1: \"text\" has half"), std::string::npos);
}

TEST(Source, endings_in_capitals_and_json_were_text) {
  const TemporaryFolder folder;
  const std::string lines = "{\"text\":\"one\"}\n{\"text\":\"two\"}\n";
  const std::string array = "\n [{\"text\":\"one\"},\n {\"text\":\n\"two\"}]\n";
  for (const char* name : {"a.JSONL", "a.NdJson", "a.json", "a.JSON"})
    EXPECT_EQ(read({.files = {folder.write(name, lines)}}).documents, (Texts{"one", "two"})) << name;
  EXPECT_EQ(read({.files = {folder.write("b.JSON.GZ", gzip(array))}}).documents, (Texts{"one", "two"}));
  EXPECT_EQ(read({.files = {folder.write("b.json", array)}}).documents, (Texts{"one", "two"}));
  EXPECT_NE(message_of([&] {
              read({.files = {folder.write("c.json", "[{\"text\":\"a\"},{}]")}});
            }).find("c.json: element 2: no member"),
            std::string::npos);
  EXPECT_NE(message_of([&] {
              read({.files = {folder.write("c.json", "[{\"text\":\"a\"},")}, .on_invalid = "skip"});
            }).find("c.json: not JSON: the array has no end"),
            std::string::npos);
}

TEST(Source, pipes_and_devices_are_refused) {
  const TemporaryFolder folder;
  const std::filesystem::path pipe = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const std::filesystem::path& path : {pipe, std::filesystem::path("/dev/null")})
    EXPECT_NE(message_of([&] { read({.files = {path}}); }).find("no regular file"), std::string::npos) << path;
}

TEST(Source, empty_files_and_byte_order_marks) {
  const TemporaryFolder folder;
  const auto empty = folder.write("empty.txt", ""), mark = folder.write("mark.txt", "\xEF\xBB\xBFtext");
  for (const char* format : {"text", "lines", "paragraphs"}) {
    EXPECT_EQ(read({.files = {empty, mark}, .format = format}).documents, Texts{"text"}) << format;
  }
}

}  // namespace
}  // namespace welt
