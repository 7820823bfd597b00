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
inline constexpr FileKind bzip2{"compressed with bzip2", "Run `bzip2 -dk FILE`"};
inline constexpr FileKind picture{"a picture", "Name files of text"};
inline constexpr FileKind pickle{"a Python pickle",
                                 "Save it again with `save_pretrained(…)`, which writes model.safetensors"};

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
    {"\x1F\x9D", {"compressed with compress", "Run `gzip -dc FILE > NEW`"}},
    {"Rar!\x1A\x07", {"a RAR archive", "Run `unrar x FILE` and name what is in it"}},
    {"PK\x03\x04", {"a zip archive", "Run `unzip FILE` and name what is in it"}},
    {"PK\x05\x06", {"an empty zip archive", "Copy or download the file again"}},
    {"7z\xBC\xAF\x27\x1C", {"a 7z archive", "Run `7z x FILE` and name what is in it"}},
    {"PAR1",
     {"a Parquet table",
      "It is read where its name ends in .parquet: rename it, or set format = \"parquet\" (data.train.format of a "
      "recipe, --format)"}},
    {"ARROW1",
     {"an Arrow table",
      "Run `python -c \"import pandas; pandas.read_feather('FILE').to_json('NEW.jsonl', "
      "orient='records', lines=True)\"`"}},
    {"SQLite format 3", {"an SQLite database", "Export its text to a file"}},
    {"%PDF-", {"a PDF document", "Run `pdftotext FILE NEW`"}},
    {"\x89HDF\r\n", {"an HDF5 file", "Save it again with `save_pretrained(…)`, which writes model.safetensors"}},
    {"GGUF", {"a GGUF file", "Take the model's own model.safetensors"}},
    {"\x80\x02", pickle},
    {"\x80\x03", pickle},
    {"\x80\x04\x95", pickle},
    {"\x80\x05\x95", pickle},
    {"\x93NUMPY", {"an array of NumPy", "Export its text to a file"}},
    {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1",
     {"an old Office document", "Run `libreoffice --headless --convert-to txt:Text FILE`"}},
    {"{\\rtf", {"an RTF document", "Run `unrtf --text FILE > NEW`"}},
    {"\x89PNG\r\n\x1A\n", picture},
    {"\xFF\xD8\xFF", picture},
    {"GIF87a", picture},
    {"GIF89a", picture},
    {"\x7F"
     "ELF",
     {"a program or library (ELF)", "Name the file that was meant"}},
});

inline bool begins_tag(std::string_view text, std::string_view tag) {
  if (text.size() <= tag.size()) return false;
  for (std::size_t i = 0; i < tag.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != tag[i]) return false;
  }
  return std::string_view(" \t\r\n>").find(text[tag.size()]) != std::string_view::npos;
}

// Also behind an XML declaration and comments, which pages may begin with.
inline bool is_html(std::string_view head) {
  if (head.substr(0, 3) == "\xEF\xBB\xBF") head.remove_prefix(3);
  while (true) {
    head.remove_prefix(std::min(head.find_first_not_of(" \t\r\n"), head.size()));
    const std::string_view end = head.substr(0, 5) == "<?xml" ? "?>" : head.substr(0, 4) == "<!--" ? "-->" : "";
    const std::size_t at = end.empty() ? std::string_view::npos : head.find(end);
    if (at == std::string_view::npos) break;
    head.remove_prefix(at + end.size());
  }
  return begins_tag(head, "<!doctype html") || begins_tag(head, "<html");
}

// "BZh" and a digit begin words too; the number of the first block does not.
inline bool is_bzip2(std::string_view head) {
  return head.size() >= 10 && head.substr(0, 3) == "BZh" && head.substr(4, 6) == "1AY&SY";
}

// The length of the header, below 4 GB, and the header, which is JSON. What reads weights takes such a file.
inline bool is_safetensors(std::string_view head) {
  return head.size() >= 10 && head.substr(4, 4) == std::string_view("\0\0\0\0", 4) && head[8] == '{' &&
         (head[9] == '"' || head[9] == '}' || head[9] == ' ');
}

// Of 100 characters that many at least.
inline bool is_share(std::size_t part, std::size_t all, std::size_t percent) { return 100 * part >= percent * all; }

// Without a mark, characters of four bytes: all of them have NULs where the high bytes stand, which no text in UTF-8
// has.
inline bool is_utf_32(std::string_view head, bool little) {
  const std::size_t units = head.size() / 4, high = little ? 2 : 0;
  std::size_t fit = 0;
  for (std::size_t unit = 0; unit < units; ++unit) {
    const std::string_view of = head.substr(4 * unit, 4);
    const bool any = of[2 - high] != '\0' || of[3 - high] != '\0';
    fit += of[high] == '\0' && of[high + 1] == '\0' && any ? 1 : 0;
  }
  return units >= 3 && is_share(fit, units, 75);
}

// Without a mark, characters of two bytes: of Latin, Greek, Cyrillic, Hebrew, Arabic, Indic and other scripts below
// U+2000 the high byte is a control character. Lines of one character each have "\n" there, but never others; of a few
// characters, some may be those that mark blocks.
inline bool is_utf_16(std::string_view head, bool little) {
  const std::size_t units = head.size() / 2, high = little ? 1 : 0;
  const std::string_view in_text = units < 16 ? "\t\n\v\f\r\x0E\x0F\x1B" : "\t\n\v\f\r\x1B";
  std::size_t fit = 0, never_in_text = 0;
  for (std::size_t unit = 0; unit < units; ++unit) {
    const char of = head[2 * unit + high], other = head[2 * unit + 1 - high];
    if (static_cast<unsigned char>(of) >= 0x20 || (of == '\0' && other == '\0')) continue;
    ++fit;
    never_in_text += in_text.find(of) == std::string_view::npos ? 1 : 0;
  }
  return units >= 3 && is_share(fit, units, 75) && is_share(never_in_text, units, 10);
}

}  // namespace file_kinds

// Of a file that begins with `head`: what it is, or null: nothing that is known by its first bytes (text is not).
inline const FileKind* file_kind(std::string_view head) {
  using namespace file_kinds;
  for (const Row& row : rows)
    if (head.substr(0, row.start.size()) == row.start) return &row.kind;
  if (is_html(head)) return &html;
  if (head.size() >= 262 && head.substr(257, 5) == "ustar") return &tar;
  if (is_bzip2(head)) return &bzip2;
  if (is_safetensors(head)) return nullptr;  // whose numbers may look like wide text
  if (is_utf_32(head, true) || is_utf_32(head, false)) return &utf_32;
  if (is_utf_16(head, true) || is_utf_16(head, false)) return &utf_16;
  return nullptr;
}

}  // namespace welt
