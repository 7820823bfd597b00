// Rows of a word plan back as text, for an encoder that reads words as such (core/tensor/own_words.h). Any thread.
#pragma once

#include <string>
#include <vector>

#include "core/model/plan_tensors.h"
#include "core/text/units.h"

namespace welt {

// Each row's units in UTF-8, without BOS, EOS and what is not seen. Waits for the device that the plan is on.
std::vector<std::string> word_texts(const WordTensors& words, Units units);

}  // namespace welt
