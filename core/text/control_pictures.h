// Control characters made visible (Unicode block "Control Pictures"), as a renderer or a terminal shows them.
#pragma once

#include <string>
#include <string_view>

namespace welt {

enum class WhiteSpace : bool { keep, show };  // of tab, line feed, vertical tab, form feed, carriage return

// 00–08 and 0E–1F become U+2400 and up, 7F becomes U+2421; 09–0D too when they are to be shown. All else stays, space
// and the C1 controls too. Any bytes, any thread. Reference: utf8_tokenizer.control.
std::string control_pictures(std::string_view text, WhiteSpace white_space);

}  // namespace welt
