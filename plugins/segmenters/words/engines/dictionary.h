// Where the engines' data is, how it is read, and how a fault in it is told. scripts/setup.sh puts the data there.
#pragma once

#include <welt/sdk/base.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace welt::words {

// The folders where the dictionary `name` ("jieba", "unidic-lite", "pythainlp") may be, the preferred one first: that
// of this name in `configured`, and nowhere else, if that is given. Otherwise dictionaries/ of the build folder, or of
// share/welt of the installation, that this plugin lies in.
std::vector<std::filesystem::path> dictionary_places(std::string_view name,
                                                     const std::filesystem::path& configured = {});

// The first of them that is a folder. [concurrent]
std::optional<std::filesystem::path> find_dictionary(std::string_view name,
                                                     const std::filesystem::path& configured = {});

// "dictionary "jieba": not found; tried …; run scripts/setup.sh": for whoever wants it all the same.
sdk::Failure missing_dictionary(std::string_view name, const std::filesystem::path& configured = {});

// A fault in a file of a dictionary; `line` 0: in the file as a whole.
sdk::Failure damaged(const std::filesystem::path& file, std::size_t line, const std::string& found,
                     const std::string& expected);

// The file's bytes. Throws sdk::Failure where it cannot be read or is larger than a dictionary may be (256 MB).
std::string read_dictionary_file(const std::filesystem::path& file);

// The same for text, checked to be UTF-8, without a byte order mark.
std::string read_dictionary_text(const std::filesystem::path& file);

// What setup wrote into the folder's file VERSION ("0.42.1"), or "unknown".
std::string dictionary_version(const std::filesystem::path& folder);

// The first 12 hex digits of the SHA-256 of the texts, one behind the other. Of a text over 8 MB it takes the size and
// 256 blocks from its beginning to its end: a model asks each time it is opened, and 260 MB take a second.
std::string digest(const std::vector<std::string_view>& texts);

// Takes the text's next line, without its end ("\n" or "\r\n"), off its front. False at the end of the text.
bool next_line(std::string_view& text, std::string_view& line);

}  // namespace welt::words
