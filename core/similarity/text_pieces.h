// Cutting a text into lines, sentences and pieces the way Python and WordLlama do, piece for piece. Lengths are in
// characters (code points); texts are well-formed UTF-8. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace welt::similarity {

struct TextPiece {
  std::string text;
  std::size_t length;  // characters
};

std::size_t characters(std::string_view text);
TextPiece text_piece(std::string text);

// A line of a text is [begin, end); the line end behind it ends at `next`.
struct LinePlace {
  std::size_t begin, end, next;
};
std::vector<LinePlace> line_places(std::string_view text);
// str.splitlines().
std::vector<TextPiece> split_lines(std::string_view text);
// Sentences end behind a mark and a space, before a capital letter or a line end; they are stripped of white space. A
// text without marks is one, as it is.
std::vector<TextPiece> split_sentences(std::string_view text);
// Joins neighbours two by two, over and over (100 times at most), where both and the separator have at most `largest`
// characters.
std::vector<TextPiece> coalesced(std::vector<TextPiece> pieces, std::size_t largest, std::string_view separator);
// Appends pieces of fewer than `least` characters to the one before.
std::vector<TextPiece> merged_back(std::vector<TextPiece> pieces, std::size_t least, std::string_view separator);

bool is_blank(std::string_view text);  // nothing but white space of Python
bool ends_sentence(char32_t c);        // one of the marks
bool is_upper_case(char32_t c);        // str.isupper() of one character

}  // namespace welt::similarity
