// welt runs: what run folders hold, listed, shown and compared.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "apps/welt/repeatable.h"
#include "apps/welt/verb.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/printable.h"
#include "core/base/table.h"
#include "core/train/html_report.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

std::vector<RunLog> read_all(const std::vector<std::string>& folders) {
  std::vector<RunLog> runs;
  for (const std::string& folder : folders) runs.push_back(RunLog::read(folder));
  return runs;
}

void add_list(CLI::App& runs) {
  auto parent = std::make_shared<std::string>("runs");
  CLI::App* verb = runs.add_subcommand("list", "The runs in a folder, a line each");
  verb->add_option("folder", *parent, "Folder with run folders")->type_name("DIR")->capture_default_str();
  verb->footer("Examples:\n  welt runs list");
  verb->callback([parent] {
    std::vector<RunLog> all;
    for (const fs::path& folder : list_runs(*parent)) all.push_back(RunLog::read(folder));
    if (all.empty())
      fail({*parent, "no run is in it", "a folder with run folders", "Train first: welt run RECIPE"},
           ErrorCode::not_found);
    fmt::print("{}", format_table(comparison_table(all)));
  });
}

void show(const RunLog& run) {
  fmt::print("{}", format_table(comparison_table({run})));
  std::vector<std::vector<std::string>> rows{{"evaluation", "loss", "bits/byte", "bytes right", "words right"}};
  if (const auto loss = run.evaluation.find("loss"); loss != run.evaluation.end())
    for (std::size_t i = 0; i < loss->second.size(); ++i) {
      std::vector<std::string> row{fmt::format("step {}", loss->second[i].first)};
      for (const char* figure : {"loss", "bits_per_byte", "byte_accuracy", "word_accuracy"}) {
        const auto at = run.evaluation.find(figure);
        const bool there = at != run.evaluation.end() && i < at->second.size();
        row.push_back(there ? fmt::format("{:.4f}", at->second[i].second) : "");
      }
      rows.push_back(std::move(row));
    }
  if (rows.size() > 1) fmt::print("\n{}", format_table(rows));
  for (const auto& [prompt, text] : run.samples) fmt::print("\n{}{}\n", printable(prompt), printable(text));
}

void add_show(CLI::App& runs) {
  struct Options {
    std::string folder;
    bool csv = false, html = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* verb = runs.add_subcommand("show", "Figures, evaluations and samples of a run");
  verb->add_option("run", options->folder, "Run folder")->required()->type_name("DIR");
  auto* csv = verb->add_flag("--csv", options->csv, "All lines of its log as comma-separated values")->group("Output");
  verb->add_flag("--html", options->html, "Write report.html in the run folder anew")->excludes(csv)->group("Output");
  verb->footer("Examples:\n  welt runs show runs/quickstart\n  welt runs show runs/quickstart --csv > log.csv");
  verb->callback([options] {
    const RunLog run = RunLog::read(options->folder);
    if (options->csv) {
      fmt::print("{}", log_csv(options->folder));
    } else if (options->html) {
      write_html_report(options->folder);
      fmt::print("{}\n", (fs::path(options->folder) / "report.html").string());
    } else {
      show(run);
    }
  });
}

void add_compare(CLI::App& runs) {
  struct Options {
    std::vector<std::string> folders;
    std::string html;
  };
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      runs.add_subcommand("compare", "Runs beside each other: figures, and keys of their recipes that differ");
  all_arguments(verb->add_option("runs", options->folders, "Run folders")->required()->type_name("DIR"));
  verb->add_option("--html", options->html, "Also write a page with their curves over each other")
      ->type_name("FILE")
      ->group("Output");
  verb->footer("Examples:\n  welt runs compare --html compare.html runs/quickstart runs/quickstart-2");
  verb->callback([options] {
    const std::vector<RunLog> all = read_all(options->folders);
    fmt::print("{}", format_table(comparison_table(all)));
    const std::vector<std::vector<std::string>> differences = recipe_differences(all);
    if (differences.size() > 1) fmt::print("\n{}", format_table(differences));
    if (options->html.empty()) return;
    write_file(options->html, comparison_page(all));
    fmt::print("\n{}\n", options->html);
  });
}

}  // namespace

void add_runs(CLI::App& app) {
  CLI::App* runs = app.add_subcommand("runs", "List, show and compare training runs");
  runs->require_subcommand(1);
  runs->footer(
      "Examples:\n  welt runs list\n  welt runs show runs/quickstart\n"
      "  welt runs compare --html compare.html runs/quickstart runs/quickstart-2");
  add_list(*runs);
  add_show(*runs);
  add_compare(*runs);
}

}  // namespace welt
