// SignWriting in Unicode (Formal SignWriting): a whole sign is a word, what belongs to none is a word a character.
//
// A sign: (sort symbol+)? box coordinate coordinate (symbol coordinate coordinate)*, with the sort mark U+1D800, boxes
// U+1D801–1D804, coordinates U+1D80C–1DFFF, symbols U+40001–4FFFF.
#pragma once

#include <memory>

#include "engine.h"

namespace welt::words {

std::unique_ptr<Engine> make_signs();

}  // namespace welt::words
