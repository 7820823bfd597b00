// Training text: the first bytes pick a format, what becomes of ill-formed text, and whether the file is compressed.
// Any file is documents in UTF-8 or an Error.
#include <array>

#include "core/base/utf8.h"
#include "core/data/source.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace welt;

// One file in memory under both names: what ends in .gz is decompressed.
struct Files {
  fuzz::MemoryFile file;
  fuzz::MemoryFolder folder;
  Files() {
    folder.link("plain", file);
    folder.link("packed.gz", file);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Files files;
  static constexpr std::array<const char*, 7> formats = {"text", "lines", "paragraphs", "jsonl", "json", "csv", "tsv"};
  static constexpr std::array<const char*, 3> rules = {"error", "replace", "skip"};
  fuzz::Input input(data, size);
  SourceOptions options;
  const std::uint64_t choice = input.number(4 * formats.size());
  options.format = formats[choice % formats.size()];
  if (choice / formats.size() % 2 == 1) options.text_template = "{text} {translation[en]}";
  options.reads_language = choice / formats.size() / 2 == 1;
  options.on_invalid = rules[input.number(rules.size())];
  options.files = {files.folder.path() / (input.number(2) == 0 ? "plain" : "packed.gz")};
  files.file.put(input.rest());
  fuzz::answers([&] {
    std::int64_t documents = 0;
    const SourceCounts counts = read_documents(options, [&](const SourceDocument& taken) {
      const std::string_view document = taken.text;
      ++documents;
      fuzz::require(!document.empty(), "a document is not empty");
      fuzz::require(find_invalid_utf8(document) == utf8_ok, "a document is UTF-8");
    });
    fuzz::require(counts.documents == documents && counts.files == 1, "every document is counted");
    fuzz::require(options.on_invalid == "skip" || counts.skipped == 0, "nothing is skipped unless it is asked for");
  });
  return 0;
}
