// Files to documents: formats, compression, UTF-8. The first stage of a data set; knows nothing of words.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace welt {

// What a document of a file is. A new format is a function and a row in the table of source.cpp.
struct DocumentFormat {
  std::string_view name;
  std::string_view help;                       // a few words
  std::vector<std::string_view> endings = {};  // of files that `auto` takes for it
};
// `auto` first, which is no format itself but chooses one by the file's ending, in capitals or not, in front of a .gz
// too: text if none says otherwise.
const std::vector<DocumentFormat>& document_formats();

// What is compressed with gzip is decompressed, whatever its name; a byte order mark at the start is dropped; a file
// that is no text by its first bytes is refused (text_stream.h). Empty documents are passed over.
struct SourceOptions {
  std::vector<std::filesystem::path> files = {};  // `*`, `?` and `[…]` are expanded, in byte order of the names
  std::string name = "data";                      // starts messages
  std::string format = "auto";                    // one of document_formats()
  std::string field = "text";
  std::string on_invalid = "error";  // of rows, `skip` also leaves out those without a text in the field
  // Of rows: text made of several fields, as Python's str.format has it ("{translation[en]}"); "": `field` alone.
  std::string text_template = {};
  std::string language = {};     // of rows: those whose field "language" says so; "": all
  bool keep_linebreaks = false;  // of lines: "\n" stays at their end
  std::int64_t limit = 0;        // documents at most; 0: all
  bool reads_language = false;   // tells the rows' languages
};

struct SourceCounts {
  std::int64_t files = 0, documents = 0, skipped = 0, replaced = 0;
  std::int64_t other_language = 0;  // rows left out for their language
};

struct SourceDocument {
  std::string_view text;      // not empty
  std::string_view language;  // "": none is said, or nobody asked
};

// The files that the patterns name, each once, in the order of the patterns, within one in byte order. Throws Error for
// a pattern that fits nothing.
std::vector<std::filesystem::path> expand_files(const std::vector<std::filesystem::path>& patterns,
                                                std::string_view name);

// Calls take(document) for each non-empty document, in order; its text is well-formed UTF-8, valid during the call.
// Files are streamed: memory is bounded by the longest document, and by the file for one array of JSON. Throws Error
// naming file and byte or row.
SourceCounts read_documents(const SourceOptions& options, const std::function<void(const SourceDocument&)>& take);

// Says in one line what was left out or changed because it is no text; read_documents() has said so.
void warn_of_invalid(const SourceOptions& options, const SourceCounts& counts);

}  // namespace welt
