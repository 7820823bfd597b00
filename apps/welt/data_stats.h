// The figures of `welt data stats` as a person reads them: a table on the terminal, and a page with plots.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace welt {

// `figures`: what CorpusStats::finish() gives, with "source" and "files" in front.
std::string stats_text(const nlohmann::ordered_json& figures);
// HTML that needs no other file and no network.
std::string stats_page(const nlohmann::ordered_json& figures);

}  // namespace welt
