// Files to documents: formats, compression, UTF-8. The first stage of a data set; knows nothing of words.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace welt {

// text: a file is a document. lines: each line (without its end) is one, empty ones are passed over. paragraphs: lines
// up to an empty line. jsonl: a member of the JSON object on each line. auto: jsonl by the ending .jsonl or .ndjson,
// else text. A file ending in .gz is decompressed. A byte order mark at the start is dropped.
struct SourceOptions {
  std::vector<std::filesystem::path> files;
  std::string name = "data";  // starts messages
  std::string format = "auto";
  std::string field = "text";
  std::string on_invalid = "error";
};

struct SourceCounts {
  std::int64_t files = 0, documents = 0, skipped = 0, replaced = 0;
};

// The files that the patterns name, each once, in the order of the patterns, within one in byte order. Throws Error for
// a pattern that fits nothing.
std::vector<std::filesystem::path> expand_files(const std::vector<std::filesystem::path>& patterns,
                                                std::string_view name);

// Calls document(text) for each non-empty document, in order; `text` is well-formed UTF-8, valid during the call.
// Uncompressed files are mapped, compressed ones streamed: memory is bounded by the longest document. Throws Error
// naming file and byte or line.
SourceCounts read_documents(const SourceOptions& options, const std::function<void(std::string_view)>& document);

}  // namespace welt
