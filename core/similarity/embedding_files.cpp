// See embedding_files.h.
#include "core/similarity/embedding_files.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "core/base/error.h"
#include "core/base/file.h"

namespace welt::similarity {
namespace {

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

// Of the files in `folder` with this ending the only one.
std::optional<fs::path> only_file(const fs::path& folder, const std::string& ending) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator at(folder, error); !error && at != fs::directory_iterator(); at.increment(error))
    if (at->path().filename().string().ends_with(ending)) found.push_back(at->path());
  if (found.size() == 1) return found[0];
  return std::nullopt;
}

std::optional<fs::path> tokenizer_in(const fs::path& folder) {
  if (is_file(folder / "tokenizer.json")) return folder / "tokenizer.json";
  return only_file(folder, "_tokenizer_config.json");
}

// Model2Vec's three layouts, then WordLlama's: weights and a tokenizer.
std::optional<EmbeddingFiles> in_folder(const fs::path& folder) {
  const fs::path weights = folder / "model.safetensors", tokenizer = folder / "tokenizer.json";
  const fs::path config = folder / "config.json", other_config = folder / "config_sentence_transformers.json";
  if (is_file(weights) && is_file(tokenizer)) {
    for (const fs::path& each : {config, other_config})
      if (is_file(each)) return EmbeddingFiles{weights, tokenizer, each};
  }
  const fs::path nested = folder / "0_StaticEmbedding";
  if (is_file(other_config) && is_file(nested / "model.safetensors") && is_file(nested / "tokenizer.json")) {
    return EmbeddingFiles{nested / "model.safetensors", nested / "tokenizer.json", other_config};
  }
  const auto any_weights = only_file(folder, ".safetensors"), any_tokenizer = tokenizer_in(folder);
  if (any_weights && any_tokenizer) return EmbeddingFiles{*any_weights, *any_tokenizer, {}};
  return std::nullopt;
}

fs::path from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? fs::path() : fs::path(value);
}

// The hub's own cache: models--org--name/snapshots/<commit>.
std::vector<fs::path> snapshots(const std::string& name) {
  fs::path cache = from_environment("HF_HUB_CACHE");
  if (cache.empty() && !from_environment("HF_HOME").empty()) cache = from_environment("HF_HOME") / "hub";
  if (cache.empty()) cache = from_environment("HOME") / ".cache/huggingface/hub";
  std::string folder = "models--" + name;
  folder.replace(folder.find('/'), 1, "--");
  std::vector<fs::path> out;
  std::error_code error;
  for (fs::directory_iterator at(cache / folder / "snapshots", error); !error && at != fs::directory_iterator();
       at.increment(error))
    out.push_back(at->path());
  std::ranges::sort(out);
  if (out.empty()) out.push_back(cache / folder / "snapshots");
  return out;
}

std::vector<fs::path> places_of(const std::string& name, const fs::path& beside) {
  const fs::path prefix = beside.parent_path().parent_path();
  if (name.empty() || name == default_embedding) {
    // build/bin or build/tests/bin, above which lies the link build/wordllama; and an installation.
    return {prefix / "wordllama", prefix.parent_path() / "wordllama", prefix / "share/welt/wordllama"};
  }
  std::vector<fs::path> out{name};
  const bool is_of_hub =
      std::ranges::count(name, '/') == 1 && name.front() != '/' && name.front() != '.' && name.back() != '/';
  if (is_of_hub) std::ranges::copy(snapshots(name), std::back_inserter(out));
  return out;
}

}  // namespace

EmbeddingFiles find_embedding(const std::string& name, const fs::path& tokenizer, const fs::path& beside) {
  const std::vector<fs::path> places = places_of(name, beside);
  for (const fs::path& place : places) {
    std::optional<EmbeddingFiles> found = in_folder(place);
    if (!found && is_file(place)) {
      const auto own = tokenizer_in(place.parent_path());
      if (own || !tokenizer.empty()) found = EmbeddingFiles{place, own.value_or(tokenizer), {}};
    }
    if (!found) continue;
    if (!tokenizer.empty()) found->tokenizer = tokenizer;
    return *found;
  }
  std::vector<std::string> names;
  for (const fs::path& place : places) {
    refuse_unreachable(place);
    names.push_back(place.string());
  }
  const bool is_default = name.empty() || name == default_embedding;
  fail({.where = fmt::format("the static embedding \"{}\"", is_default ? default_embedding : name),
        .found = fmt::format("none in {}", fmt::join(names, ", ")),
        .expected = "a safetensors file and its tokenizer.json, or a folder of Model2Vec",
        .mend = is_default ? "Run scripts/setup.sh, which fetches it, or name one with --model"
                           : "Name a folder or file that is there, or fetch it: hf download ORG/NAME"},
       ErrorCode::not_found);
}

EmbeddingFiles find_embedding(const std::string& name, const fs::path& tokenizer) {
  std::error_code error;
  return find_embedding(name, tokenizer, fs::read_symlink("/proc/self/exe", error));
}

}  // namespace welt::similarity
