// How much of each source of a mixture an epoch has.
#pragma once

#include <vector>

#include "core/data/dataset.h"

namespace welt {

// Sets the rows of each source that an epoch has, and its share: those of a mixture whose words are in the wanted
// proportions, together as many words as all sources have, each at least one row. `sources` are counted, with one
// document each at least, and those of `options` in the same order.
void set_shares(const DatasetOptions& options, std::vector<SourceStatistics>& sources);

}  // namespace welt
