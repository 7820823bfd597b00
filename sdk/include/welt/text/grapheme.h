// Extended grapheme clusters (Unicode 17, UAX #29, rules GB3–GB13 with GB9c) over well-formed UTF-8.
//
// GB9c joins a linker and a following consonant whatever stands before the linker, as the regex module of the Python
// reference does (the standard asks for a consonant there; it matters for Bengali vowels followed by a conjunct).
// Not ICU's break iterator: word borders must not change with the ICU version of the machine. Any thread, no
// allocation.
#pragma once

#include <cstddef>
#include <string_view>

namespace welt::text {

// The end of the cluster that starts at `begin` < text.size(). `begin` must be a cluster border.
std::size_t cluster_end(std::string_view text, std::size_t begin);

// Is there a cluster border between two neighbours? `depends`: on what stands in front of them.
enum class Border { no, yes, depends };
Border border_between(char32_t left, char32_t right);

// border_between() is `yes` behind everything but a Prepend.
bool begins_cluster_after_all_but_prepend(char32_t code_point);

}  // namespace welt::text
