// What a file is by its first bytes, where it is not what its name or its place says: a download that brought a web
// page, a pointer in place of the file, another format. Host and plugins say it in the same words.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace welt {

// As many bytes of a file's start as tell every kind.
inline constexpr std::size_t file_head = 512;

struct FileKind {
  std::string_view name;  // "an HTML page"
  std::string_view mend;  // what to do about it, with the command
};

namespace file_kinds {

struct Row {
  std::string_view start;
  FileKind kind;
};

inline constexpr FileKind html{"an HTML page",
                               "A server sent a page in place of the file: download the file itself "
                               "(`hf download ORG/NAME`, or the address behind \"download\")"};
inline constexpr FileKind git_lfs{"a Git LFS pointer, not the file itself", "Run `git lfs pull` in its folder"};
inline constexpr FileKind utf_16{"text in UTF-16", "Run `iconv -f UTF-16 -t UTF-8 FILE > NEW`"};
inline constexpr FileKind utf_32{"text in UTF-32", "Run `iconv -f UTF-32 -t UTF-8 FILE > NEW`"};
inline constexpr FileKind tar{"a tar archive", "Run `tar -xf FILE` and name what is in it"};

// UTF-32's mark begins with UTF-16's.
inline constexpr std::array rows = std::to_array<Row>({
    {"version https://git-lfs", git_lfs},
    {"version https://hawser.github.com/", git_lfs},
    {"/annex/objects/", {"a git-annex pointer, not the file itself", "Run `git annex get FILE`"}},
    {{"\xFF\xFE\0\0", 4}, utf_32},
    {{"\0\0\xFE\xFF", 4}, utf_32},
    {"\xFF\xFE", utf_16},
    {"\xFE\xFF", utf_16},
    {"\x1F\x8B", {"compressed with gzip", "Run `gzip -dc FILE > NEW`"}},
    {"\x28\xB5\x2F\xFD", {"compressed with zstd", "Run `zstd -d FILE`"}},
    {{"\xFD"
      "7zXZ\0",
      6},
     {"compressed with xz", "Run `xz -d FILE`"}},
    {"\x04\x22\x4D\x18", {"compressed with lz4", "Run `lz4 -d FILE`"}},
    {"PK\x03\x04", {"a zip archive", "Run `unzip FILE` and name what is in it"}},
    {"PK\x05\x06", {"an empty zip archive", "Copy or download the file again"}},
    {"7z\xBC\xAF\x27\x1C", {"a 7z archive", "Run `7z x FILE` and name what is in it"}},
    {"PAR1",
     {"a Parquet table",
      "Run `python -c \"import pandas; pandas.read_parquet('FILE').to_json('NEW.jsonl', "
      "orient='records', lines=True)\"`"}},
    {"ARROW1",
     {"an Arrow table",
      "Run `python -c \"import pandas; pandas.read_feather('FILE').to_json('NEW.jsonl', "
      "orient='records', lines=True)\"`"}},
    {"SQLite format 3", {"an SQLite database", "Export its text to a file"}},
    {"%PDF-", {"a PDF document", "Run `pdftotext FILE NEW`"}},
    {"\x89HDF\r\n", {"an HDF5 file", "Save it again with `save_pretrained(…)`, which writes model.safetensors"}},
    {"GGUF", {"a GGUF file", "Take the model's own model.safetensors"}},
    {"\x80\x02", {"a Python pickle", "Save it again with `save_pretrained(…)`, which writes model.safetensors"}},
    {"\x80\x04\x95", {"a Python pickle", "Save it again with `save_pretrained(…)`, which writes model.safetensors"}},
});

inline bool begins_tag(std::string_view text, std::string_view tag) {
  if (text.size() <= tag.size()) return false;
  for (std::size_t i = 0; i < tag.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != tag[i]) return false;
  }
  return std::string_view(" \t\r\n>").find(text[tag.size()]) != std::string_view::npos;
}

inline bool is_html(std::string_view head) {
  if (head.substr(0, 3) == "\xEF\xBB\xBF") head.remove_prefix(3);
  head.remove_prefix(std::min(head.find_first_not_of(" \t\r\n"), head.size()));
  return begins_tag(head, "<!doctype html") || begins_tag(head, "<html");
}

// Without a mark: every character of width `width` whose bytes but the one at `place` are NUL. Latin text is like that,
// and text in UTF-8 is not.
inline bool is_wide(std::string_view head, std::size_t width, std::size_t place) {
  if (head.size() < 3 * width) return false;
  const std::size_t units = head.size() / width;
  std::size_t latin = 0;
  for (std::size_t unit = 0; unit < units; ++unit) {
    bool only = head[unit * width + place] != '\0';
    for (std::size_t i = 0; i < width; ++i) only = only && (i == place || head[unit * width + i] == '\0');
    latin += only ? 1 : 0;
  }
  return 4 * latin >= 3 * units;
}

}  // namespace file_kinds

// Of a file that begins with `head`: what it is, or null: nothing that is known by its first bytes (text is not).
inline const FileKind* file_kind(std::string_view head) {
  using namespace file_kinds;
  for (const Row& row : rows)
    if (head.substr(0, row.start.size()) == row.start) return &row.kind;
  if (is_html(head)) return &html;
  if (head.size() >= 262 && head.substr(257, 5) == "ustar") return &tar;
  if (is_wide(head, 4, 0) || is_wide(head, 4, 3)) return &utf_32;
  if (is_wide(head, 2, 0) || is_wide(head, 2, 1)) return &utf_16;
  return nullptr;
}

}  // namespace welt
