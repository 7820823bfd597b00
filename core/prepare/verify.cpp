// See verify.h.
#include "core/prepare/verify.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/ranges.h>
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/data/json_rows.h"
#include "core/data/prepared_metadata.h"
#include "core/prepare/dedup.h"
#include "core/prepare/prepared_folder.h"
#include "core/prepare/shard_lines.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class Verifier {
 public:
  explicit Verifier(const VerifyOptions& options) : options_(options) {}

  std::vector<Finding> run() {
    find_parts();
    for (PreparedPart& part : parts_) {
      check_shards(part);
      check_examples(part);
    }
    check_overlap();
    return std::move(findings_);
  }

 private:
  void say(std::string level, std::string label, std::string check, json numbers, std::string message) {
    findings_.push_back({std::move(level), std::move(label), std::move(check), std::move(numbers), std::move(message)});
  }

  void find_parts() {
    PreparedFolder found = find_prepared(options_.folder);
    if (found.metadata_files == 0) {
      const std::string why = found.unreadable.empty() ? "" : fmt::format(" ({})", found.unreadable);
      say("FAIL", "", "metadata", json::object(),
          fmt::format("No *{} in {}{}: a preparation writes it last, when all shards are there", metadata_ending,
                      options_.folder.string(), why));
      return;
    }
    parts_ = std::move(found.parts);
    std::set<std::string> prefixes, splits;
    for (const PreparedPart& part : parts_) prefixes.insert(part.prefix), splits.insert(part.split);
    say("INFO", "", "metadata",
        {{"metadata_files", found.metadata_files}, {"datasets", prefixes.size()}, {"splits", splits}},
        fmt::format("Found {} metadata file(s): {} dataset(s), splits: {}", found.metadata_files, prefixes.size(),
                    fmt::join(splits, ", ")));
    for (const auto& [name, fault] : found.faults) say("FAIL", name, "metadata", json::object(), fault);
    if (!options_.deep) return;
    for (const std::string& name : found.strays)
      say("WARN", name, "shards", json::object(), "belongs to no metadata file, but the Python loader would read it");
  }

  void compare(const PreparedPart& part, const char* check, const char* field, std::int64_t found) {
    const auto expected = part.metadata[field].get<std::int64_t>();
    const bool is_right = expected == found;
    say(is_right ? "OK" : "FAIL", part.label(), check, {{"expected", expected}, {"found", found}},
        is_right ? fmt::format("{} {}", found, check)
                 : fmt::format("Expected {} {}, found {}", expected, check, found));
  }

  void check_shards(const PreparedPart& part) {
    compare(part, "shards", "num_shards", std::ssize(part.shards));
    if (!options_.deep) return;
    for (std::size_t i = 0; i < part.shards.size(); ++i) {
      const std::string name = part.shards[i].filename().string();
      const std::string wanted = fmt::format("{}{:08d}{}", part.start(), i, shard_ending);
      if (name == wanted) continue;
      say("WARN", part.label(), "shards", json::object(), fmt::format("{} stands where {} should be", name, wanted));
      break;
    }
    if (part.metadata.value("format", json()) != prepared_format)
      say("FAIL", part.label(), "metadata", json::object(),
          fmt::format("\"format\" is {:.60}, expected \"{}\"", json_text(part.metadata.value("format", json())),
                      prepared_format));
  }

  // Of the lines of one part.
  struct Lines {
    std::int64_t count = 0, units = 0, bad = 0, long_ones = 0;
    std::string first_bad, first_long;
  };

  void check_examples(const PreparedPart& part) {
    Lines lines;
    bool is_readable = true;
    for (const fs::path& shard : part.shards) {
      std::int64_t number = 0;
      try {
        each_shard_line(shard, [&](std::string_view line) {
          ++lines.count;
          ++number;
          if (options_.deep) look_at(part, line, fmt::format("{}:{}", shard.filename().string(), number), lines);
        });
      } catch (const std::exception& error) {
        is_readable = false;
        say("FAIL", part.label(), "examples", {{"expected", part.metadata["num_examples"]}, {"found", nullptr}},
            error.what());
      }
    }
    if (!is_readable) return;
    compare(part, "examples", "num_examples", lines.count);
    if (options_.deep) say_lines(part, lines);
  }

  void look_at(const PreparedPart& part, std::string_view line, const std::string& where, Lines& lines) {
    const JsonRow text = read_json_row(line, "text"), language = read_json_row(line, "language");
    const bool has_text = text.fault == RowFault::none && !text.replaced && !text.text.empty();
    if (!has_text || language.fault != RowFault::none) {
      if (lines.bad++ == 0) lines.first_bad = where;
      return;
    }
    std::vector<std::uint64_t> ends;
    options_.split(text.text, ends);
    const auto words = static_cast<std::int64_t>(ends.size());
    const bool is_chars = part.metadata.value("unit_type", json()) == "chars";
    lines.units += is_chars ? std::ranges::count_if(text.text, [](char c) { return (c & 0xC0) != 0x80; }) : words;
    const json most = part.metadata.value("max_seq_length", json());
    if (most.is_number_integer() && words > most.get<std::int64_t>() && lines.long_ones++ == 0)
      lines.first_long = where;
    Texts& texts = texts_[part.prefix][part.split];
    const TextHash hash = hash_text(text.text);
    texts.duplicates += texts.exact.add(hash) ? 0 : 1;
    texts.hashes.push_back(hash);
    texts.sketches.push_back(sketch_text(text.text, ends));
  }

  void say_lines(const PreparedPart& part, const Lines& lines) {
    const std::int64_t good = lines.count - lines.bad;
    say(lines.bad == 0 ? "OK" : "FAIL", part.label(), "lines", {{"good", good}, {"bad", lines.bad}},
        lines.bad == 0 ? fmt::format("{} lines with text and language", good)
                       : fmt::format("{} of {} lines are no JSON object with text and language, the first {}",
                                     lines.bad, lines.count, lines.first_bad));
    if (part.metadata.value("total_units", json()).is_number_integer())
      compare(part, "units", "total_units", lines.units);
    if (!part.metadata.value("max_seq_length", json()).is_null())
      say(lines.long_ones == 0 ? "OK" : "FAIL", part.label(), "limits", {{"too_long", lines.long_ones}},
          lines.long_ones == 0 ? std::string("no example is longer than max_seq_length")
                               : fmt::format("{} examples are longer than max_seq_length, the first {}",
                                             lines.long_ones, lines.first_long));
    const std::int64_t duplicates = texts_[part.prefix][part.split].duplicates;
    say(duplicates == 0 ? "OK" : "WARN", part.label(), "duplicates", {{"exact", duplicates}},
        fmt::format("{} examples were there before in this split", duplicates));
  }

  void check_overlap() {
    std::map<std::string, std::map<std::string, const PreparedPart*>> sets;
    for (const PreparedPart& part : parts_) sets[part.prefix][part.split] = &part;
    for (const auto& [prefix, splits] : sets) {
      if (!splits.contains("train") || !splits.contains("validation")) continue;
      const json &train = splits.at("train")->metadata, &validation = splits.at("validation")->metadata;
      bool is_same = true;
      std::string missing;
      for (const char* field : {"source_dataset", "source_config", "source_split"}) {
        for (const json* metadata : {&train, &validation})
          if (!metadata->contains(field)) missing = field;
        is_same = is_same && train.value(field, json()) == validation.value(field, json());
      }
      if (!missing.empty()) {
        say("FAIL", prefix, "metadata", json::object(), fmt::format("a metadata file lacks \"{}\"", missing));
        continue;
      }
      if (is_same) {
        const auto together = [](const json& metadata) {
          return metadata.value("created_with_another_split", json()) == true;
        };
        if (together(train) && together(validation))
          say("OK", prefix, "overlap", json::object(), "Train and validation were made together");
        else
          say("WARN", prefix, "overlap", json::object(),
              "Train and validation are of one source but were not made together: examples may be in both");
      }
      if (options_.deep) say_overlap(prefix);
    }
  }

  void say_overlap(const std::string& prefix) {
    const Texts &train = texts_[prefix]["train"], &validation = texts_[prefix]["validation"];
    NearIndex near;
    for (const Sketch& sketch : train.sketches) near.add(sketch);
    std::int64_t exact = 0, alike = 0;
    for (std::size_t i = 0; i < validation.hashes.size(); ++i) {
      const bool is_there = train.exact.contains(validation.hashes[i]);
      exact += is_there ? 1 : 0;
      alike += !is_there && near.contains(validation.sketches[i]) ? 1 : 0;
    }
    say(exact > 0   ? "FAIL"
        : alike > 0 ? "WARN"
                    : "OK",
        prefix, "overlap", {{"exact", exact}, {"near", alike}, {"validation", validation.hashes.size()}},
        fmt::format("Of {} validation examples {} are in train, and {} nearly so", validation.hashes.size(), exact,
                    alike));
  }

  struct Texts {
    ExactIndex exact;
    std::vector<TextHash> hashes;
    std::vector<Sketch> sketches;
    std::int64_t duplicates = 0;
  };

  const VerifyOptions& options_;
  std::vector<Finding> findings_;
  std::vector<PreparedPart> parts_;
  std::map<std::string, std::map<std::string, Texts>> texts_;
};

}  // namespace

std::vector<Finding> verify_data(const VerifyOptions& options) { return Verifier(options).run(); }

bool passes(const std::vector<Finding>& findings) {
  return std::ranges::none_of(findings, [](const Finding& finding) { return finding.level == "FAIL"; });
}

}  // namespace welt
