// welt hub: models and data sets of a Hugging Face style hub, in the cache that its own tools use too.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/welt/export_options.h"
#include "apps/welt/repeatable.h"
#include "apps/welt/verb.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/progress.h"
#include "core/base/table.h"
#include "core/checkpoint/pack.h"
#include "core/hub/hub_fetch.h"
#include "core/hub/hub_shelf.h"
#include "core/hub/hub_store.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Options {
  std::string name;
  std::vector<std::string> include, exclude;
  bool dataset = false, json = false, dry = false, remote = false;

  std::string kind() const { return dataset ? "datasets" : "models"; }
  HubId id() const {
    if (std::optional<HubId> id = hub_id(name, kind())) return *id;
    fail({"the name", fmt::format("\"{}\"", name), "org/name, or org/name@revision, as the hub has it"});
  }
  bool takes(const std::string& path) const {
    return (include.empty() || fits_hub_pattern(path, include)) && !fits_hub_pattern(path, exclude);
  }
};

void print_size(std::string_view name, std::uint64_t size) { fmt::print("{}  {}\n", size_text(size), name); }

// What the hub has: `get --dry-run` and `list NAME --remote`.
void print_listing(const Options& options, const HubId& id, const HubListing& listing) {
  const HubStore store(id, cache_for(id, listing.commit));
  json files = json::array();
  for (const HubFile& file : listing.files) {
    if (!options.takes(file.path)) continue;
    const bool is_there = store.has(listing.commit, file);
    files.push_back({{"path", file.path}, {"size", file.size ? json(*file.size) : json()}, {"cached", is_there}});
    if (!options.json) print_size(file.path + (is_there ? "  (here)" : ""), file.size.value_or(0));
  }
  if (options.json)
    fmt::print("{}\n",
               json_text(json{{"name", id.name}, {"kind", id.kind}, {"commit", listing.commit}, {"files", files}}));
}

void get(const Options& options) {
  const HubId id = options.id();
  HubClient client;
  const HubListing listing = client.list(id);
  const auto wanted = [&](std::string_view path) { return options.takes(std::string(path)); };
  if (std::ranges::none_of(listing.files, wanted, &HubFile::path)) {
    std::vector<std::string> names;
    for (const HubFile& file : listing.files) names.push_back(file.path);
    const std::string near = options.include.empty() ? "" : nearest(options.include.front(), names);
    fail({fmt::format("{} on {}", id.text(), client.endpoint()),
          fmt::format("none of its {} files is wanted", names.size()), "a pattern of --include that fits some",
          near.empty() ? fmt::format("`welt hub list {} --remote` names them", options.name)
                       : fmt::format("Did you mean {}?", near)},
         ErrorCode::not_found);
  }
  if (options.dry) return print_listing(options, id, listing);
  const HubFetched got = hub_fetch(client, id, listing, wanted);
  if (options.json)
    fmt::print("{}\n", json_text(json{{"folder", got.folder.string()},
                                      {"commit", got.commit},
                                      {"files", got.files},
                                      {"downloaded", got.downloaded},
                                      {"bytes", got.bytes}}));
  else
    fmt::print("{}\n", got.folder.string());
}

// Those of the name and revision that were given; all where none was.
struct Chosen {
  std::vector<CachedRepository> repositories;
  std::string commit;  // where a revision was given
};

bool is_named(const CachedRevision& revision, const std::string& name) {
  return revision.commit == name || std::ranges::find(revision.names, name) != revision.names.end();
}

Chosen choose(const Options& options) {
  Chosen out{.repositories = cached_repositories(), .commit = {}};
  if (options.name.empty()) return out;
  const HubId id = options.id();
  std::erase_if(out.repositories,
                [&](const CachedRepository& one) { return one.name != id.name || one.kind != id.kind; });
  if (out.repositories.empty()) {
    const std::string near = nearest(id.name, cached_names(id.kind));
    fail({id.name, fmt::format("not among the cached {}", id.kind), "a name of `welt hub list`",
          near.empty() ? "" : fmt::format("Did you mean {}?", near)},
         ErrorCode::not_found);
  }
  if (options.name.find('@') == std::string::npos) return out;
  std::vector<std::string> known;
  for (const CachedRepository& repository : out.repositories)  // it may lie in several caches
    for (const CachedRevision& revision : repository.revisions) {
      known.push_back(revision.commit);
      known.insert(known.end(), revision.names.begin(), revision.names.end());
      if (out.commit.empty() && is_named(revision, id.revision)) out.commit = revision.commit;
    }
  if (out.commit.empty())
    fail({id.name, fmt::format("no revision \"{}\" in the cache", id.revision),
          fmt::format("one of {}", fmt::join(known, ", "))},
         ErrorCode::not_found);
  for (CachedRepository& repository : out.repositories)
    std::erase_if(repository.revisions, [&](const CachedRevision& one) { return one.commit != out.commit; });
  std::erase_if(out.repositories, [](const CachedRepository& one) { return one.revisions.empty(); });
  return out;
}

json json_of(const CachedRepository& repository) {
  json revisions = json::array();
  for (const CachedRevision& revision : repository.revisions) {
    json files = json::array();
    for (const CachedFile& file : revision.files)
      files.push_back({{"path", file.path}, {"size", file.size}, {"there", file.is_there}});
    revisions.push_back({{"commit", revision.commit}, {"names", revision.names}, {"files", files}});
  }
  return {{"name", repository.name},   {"kind", repository.kind}, {"folder", repository.folder.string()},
          {"bytes", repository.bytes}, {"revisions", revisions},  {"unfinished", repository.partial.size()}};
}

void list(const Options& options) {
  if (options.remote) {
    const HubId id = options.id();
    HubClient client;
    return print_listing(options, id, client.list(id));
  }
  const Chosen chosen = choose(options);
  if (options.json) {
    json all = json::array();
    for (const CachedRepository& repository : chosen.repositories) all.push_back(json_of(repository));
    fmt::print("{}\n", json_text(all));
    return;
  }
  if (!options.name.empty()) {
    for (const CachedRepository& repository : chosen.repositories)
      for (const CachedRevision& revision : repository.revisions) {
        fmt::print("{}/snapshots/{}  {}\n", repository.folder.string(), revision.commit,
                   fmt::join(revision.names, ", "));
        for (const CachedFile& file : revision.files)
          print_size(file.path + (file.is_there ? "" : "  (missing)"), file.size);
      }
    return;
  }
  std::vector<std::vector<std::string>> rows{{"kind", "name", "size", "revisions", "folder"}};
  for (const CachedRepository& one : chosen.repositories) {
    std::vector<std::string> revisions;
    for (const CachedRevision& revision : one.revisions)
      revisions.push_back(revision.names.empty() ? revision.commit.substr(0, 8)
                                                 : fmt::format("{}", fmt::join(revision.names, "=")));
    std::string about = fmt::format("{}", fmt::join(revisions, ", "));
    if (!one.partial.empty()) about += fmt::format(" ({} unfinished)", one.partial.size());
    rows.push_back({one.kind, one.name, size_text(one.bytes), about, one.folder.string()});
  }
  if (rows.size() == 1)
    fmt::print("Nothing in the cache yet.\n");
  else
    fmt::print("{}", format_table(rows));
}

void verify(const Options& options) {
  const Chosen chosen = choose(options);
  std::uint64_t bytes = 0, done = 0;
  std::int64_t files = 0;
  for (const CachedRepository& one : chosen.repositories) bytes += one.bytes;
  bool fails = false;
  json findings = json::array();
  {
    Progress progress("verify (MB)", static_cast<std::int64_t>(bytes / 1000000));
    for (const CachedRepository& one : chosen.repositories) {
      for (const CachedRevision& revision : one.revisions) files += static_cast<std::int64_t>(revision.files.size());
      const std::vector<CacheFinding> found = verify_cached(one, [&](std::uint64_t size) {
        done += size;
        progress.update(static_cast<std::int64_t>(done / 1000000));
      });
      for (const CacheFinding& finding : found) {
        fails = fails || finding.level == "fail";
        findings.push_back({{"level", finding.level}, {"path", finding.path.string()}, {"message", finding.message}});
      }
    }
  }
  if (options.json) {
    fmt::print("{}\n", json_text(json{{"status", fails ? "fail" : "pass"}, {"files", files}, {"findings", findings}}));
  } else {
    for (const json& finding : findings)
      fmt::print("{:4} {}: {}\n", finding["level"].get<std::string>(), finding["path"].get<std::string>(),
                 finding["message"].get<std::string>());
    fmt::print("{} files, {} MB read: {}\n", files, done / 1000000, fails ? "damaged" : "whole");
  }
  if (fails) throw CLI::RuntimeError(1);
}

void remove(const Options& options) {
  const Chosen chosen = choose(options);
  for (const CachedRepository& listed : chosen.repositories) {
    // All revisions again: choose() has left those that were not named out, and their blobs must stay.
    for (const CachedRepository& one : cached_repositories()) {
      if (one.folder != listed.folder) continue;
      const RemovedFiles removed = remove_cached(one, chosen.commit, options.dry);
      fmt::print("{}{}: {} files, {:.1f} MB{}\n", one.name, chosen.commit.empty() ? "" : "@" + chosen.commit,
                 removed.files, static_cast<double>(removed.bytes) / 1e6,
                 options.dry ? " would be removed" : " removed");
    }
  }
}

void pack(const ExportOptions& options) {
  const PackReport report =
      pack_model(options.from, options.part, options.to, static_cast<std::int64_t>(options.largest));
  fmt::print("{}: {} with {} tensors, {} files, {:.1f} MB\n", options.to, report.exported.class_name,
             report.exported.tensors, report.files + 1, static_cast<double>(report.bytes) / 1e6);
  for (const std::string& line : report.exported.told) fmt::print("  {}\n", line);
}

CLI::Option* add_name(CLI::App& verb, Options& options) {
  verb.add_flag("--dataset", options.dataset, "A data set, not a model");
  return verb.add_option("name", options.name, "org/name, or org/name@revision (branch, tag, commit)")
      ->type_name("NAME");
}

void add_patterns(CLI::App& verb, Options& options) {
  repeatable(
      verb.add_option("--include", options.include, "Only files that fit: \"*.json\", \"data/*\"; again for more"))
      ->type_name("PATTERN");
  repeatable(verb.add_option("--exclude", options.exclude, "Not those that fit"))->type_name("PATTERN");
}

constexpr const char* shared_notes =
    "The cache is that of the hub's own tools: HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub.\n"
    "Endpoint: HF_ENDPOINT. Token: HF_TOKEN, or what `hf auth login` has left. HF_HUB_OFFLINE=1: no network.\n\n";

void add_get(CLI::App& hub) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = hub.add_subcommand("get", "Download a repository, or files of it; prints the folder");
  add_name(*verb, *options)->required();
  add_patterns(*verb, *options);
  verb->add_flag("--dry-run", options->dry, "Only list what would be there");
  verb->add_flag("--json", options->json, "One object: {folder, commit, files, downloaded, bytes}");
  verb->footer(
      std::string("What is whole in the cache is not downloaded again; what was cut off goes on where it was.\n") +
      shared_notes +
      "Examples:\n"
      "  welt hub get sentence-transformers/all-MiniLM-L6-v2 --include \"*.json\" --include model.safetensors\n"
      "  welt hub get org/name@refs/pr/1\n"
      "  welt hub get org/texts --dataset --include \"data/train-*\"");
  verb->callback([options] { get(*options); });
}

void add_list(CLI::App& hub) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = hub.add_subcommand("list", "What is in the cache, or the files of one repository");
  CLI::Option* name = add_name(*verb, *options);
  verb->add_flag("--remote", options->remote, "Ask the hub, not the cache")->needs(name);
  verb->add_flag("--json", options->json, "A list of {name, kind, folder, bytes, revisions, unfinished}");
  verb->footer("Examples:\n  welt hub list\n  welt hub list org/name\n  welt hub list org/texts --dataset --remote");
  verb->callback([options] { list(*options); });
}

void add_verify(CLI::App& hub) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = hub.add_subcommand("verify", "Compare every cached file with its hash");
  add_name(*verb, *options);
  verb->add_flag("--json", options->json, "One object: {status, files, findings: [{level, path, message}]}");
  verb->footer(
      "Without a name all of the cache. Status 1 when something is damaged.\n\nExamples:\n  welt hub verify\n"
      "  welt hub verify org/name --json");
  verb->callback([options] { verify(*options); });
}

void add_rm(CLI::App& hub) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = hub.add_subcommand("rm", "Remove a repository, or one revision, from the cache");
  add_name(*verb, *options)->required();
  verb->add_flag("--dry-run", options->dry, "Only tell what would be removed");
  verb->footer(
      "Files that another revision has too stay.\n\nExamples:\n  welt hub rm org/name --dry-run\n"
      "  welt hub rm org/name@main\n  welt hub rm org/texts --dataset");
  verb->callback([options] { remove(*options); });
}

void add_pack(CLI::App& hub) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* verb = hub.add_subcommand("pack", "The folder to upload: model, card, hashes");
  options->add_to(*verb);
  verb->footer(
      "What `welt checkpoint export` writes, and: in README.md the hashes of the recipe and of the training text;\n"
      ".gitattributes; SHA256SUMS, which `sha256sum -c SHA256SUMS` checks. Nothing is uploaded.\n\nExamples:\n"
      "  welt hub pack runs/quickstart my-model\n  (cd my-model && sha256sum -c SHA256SUMS)\n"
      "  hf upload org/my-model my-model");
  verb->callback([options] { pack(*options); });
}

}  // namespace

void add_hub(CLI::App& app) {
  CLI::App* verb = app.add_subcommand("hub", "Models and data sets of a hub: get, list, verify, remove, pack");
  verb->require_subcommand(1);
  add_get(*verb);
  add_list(*verb);
  add_verify(*verb);
  add_rm(*verb);
  add_pack(*verb);
  verb->footer(std::string(shared_notes) +
               "Examples:\n  welt hub get org/name\n  welt hub list\n  welt hub verify\n  welt hub rm org/name\n"
               "  welt hub pack runs/quickstart my-model");
}

}  // namespace welt
