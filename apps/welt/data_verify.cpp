// welt data verify: whether prepared data is whole. Leaves with status 1 where it is not.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "apps/welt/data_words.h"
#include "apps/welt/verb.h"
#include "core/base/json.h"
#include "core/prepare/verify.h"

namespace welt {
namespace {

using nlohmann::json;

struct Options {
  std::string folder;
  bool json = false, deep = false, reference_compatible = false;
  std::int64_t max_bytes = 126;
};

void print_json(const std::vector<Finding>& findings) {
  json list = json::array();
  for (const Finding& finding : findings) {
    const json label = finding.label.empty() ? json() : json(finding.label);
    list.push_back({{"level", finding.level},
                    {"label", label},
                    {"check", finding.check},
                    {"numbers", finding.numbers},
                    {"message", finding.message}});
  }
  fmt::print("{}\n", json_text(json{{"status", passes(findings) ? "pass" : "fail"}, {"findings", list}}));
}

void print_lines(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    const std::string label = finding.label.empty() ? "" : fmt::format(" [{}]", finding.label);
    fmt::print("{:4}{} {}: {}\n", finding.level, label, finding.check, finding.message);
  }
}

void run(const Options& options) {
  VerifyOptions verify{.folder = options.folder, .deep = options.deep};
  std::unique_ptr<DataWords> words;
  if (options.deep) {
    words = std::make_unique<DataWords>("words", options.max_bytes, options.reference_compatible);
    verify.split = words->split();
  }
  const std::vector<Finding> findings = verify_data(verify);
  if (options.json)
    print_json(findings);
  else
    print_lines(findings);
  if (!passes(findings)) throw CLI::RuntimeError(1);
}

}  // namespace

void add_data_verify(CLI::App& data) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = data.add_subcommand("verify", "Check that prepared data is whole");
  verb->add_option("--data_path,--data-path", options->folder, "Folder that was prepared")->required();
  verb->add_flag("--deep", options->deep,
                 "Read the lines too: JSON, fields, lengths, units, and what train and validation have in common");
  verb->add_option("--max_bytes_per_word,--max-bytes-per-word", options->max_bytes,
                   "With --deep: the longest word the preparation made")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->add_flag("--reference_compatible,--reference-compatible", options->reference_compatible,
                 "With --deep: words as the Python tool cuts them");
  verb->add_flag("--json", options->json, "One object: {status, findings: [{level, label, check, numbers, message}]}");
  verb->footer(
      "Status 1 when something is wrong; a warning passes.\n\nExamples:\n  welt data verify --data_path out\n"
      "  welt data verify --data_path out --deep --json");
  verb->callback([options] { run(*options); });
}

}  // namespace welt
