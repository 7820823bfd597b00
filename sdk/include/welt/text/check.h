// What a segmenter says to text that is not UTF-8.
#pragma once

#include <welt/text/utf8.h>
#include <string>
#include <welt/sdk/base.hpp>

namespace welt::text {

// Throws sdk::invalid naming the byte. A sequence that the end of the text cuts off may still come when !is_final.
inline void check_well_formed(std::string_view text, bool is_final) {
  bool cut_off = false;
  const std::size_t fault = find_ill_formed(text, cut_off);
  if (fault == well_formed || (cut_off && !is_final)) return;
  throw sdk::invalid("the text is not UTF-8: byte " + std::to_string(fault) +
                     (cut_off ? " starts a character that the end of the text cuts off" : " fits no character") +
                     "; expected well-formed UTF-8");
}

}  // namespace welt::text
