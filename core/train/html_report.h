// A run's page, report.html in its folder: curves, samples, configuration, environment. One file that needs no other
// and no network, made of what the run folder holds, so that it can be made of any run at any time.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/grey_image.h"
#include "core/train/run_log.h"

namespace welt {

// The words of a text with their images; null: none is drawn.
using DrawnWords = std::vector<std::pair<std::string, std::shared_ptr<const GreyImage>>>;
using WordPictures = std::function<DrawnWords(const std::string& text)>;

// `pictures`: how a model that reads images sees the samples; may be empty.
std::string html_report(const RunLog& log, const WordPictures& pictures = {});
// Replaces folder/report.html as a whole. Without `pictures` what an earlier one drew is not kept.
void write_html_report(const std::filesystem::path& folder, const WordPictures& pictures = {});

// What such pages are made of: a page with its style, and a table whose first row is the heading.
std::string html_page(const std::string& title, const std::string& body);
std::string html_table(const std::vector<std::vector<std::string>>& rows);

// Several runs on one page: curves over each other, last figures, keys of the recipes that differ.
std::string comparison_page(const std::vector<RunLog>& runs);
// The rows of such a table: heading, then a row for each run.
std::vector<std::vector<std::string>> comparison_table(const std::vector<RunLog>& runs);
// Keys of the recipes that are not the same in all runs: key, then each run's value.
std::vector<std::vector<std::string>> recipe_differences(const std::vector<RunLog>& runs);

}  // namespace welt
