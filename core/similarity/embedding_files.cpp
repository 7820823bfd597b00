// See embedding_files.h.
#include "core/similarity/embedding_files.h"

#include <fmt/ranges.h>
#include <welt/common/shipped_folder.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <optional>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/hub_cache.h"
#include "core/similarity/published_embeddings.h"

namespace welt::similarity {
namespace {

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

bool is_default_name(const std::string& name) {
  return name.empty() || name == default_embedding || name == std::string(default_embedding) + "_256";
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

// In the hub's caches: the snapshot that refs/REVISION names, or that is the revision; of main, where there is no such
// file (an old cache), each.
std::vector<fs::path> snapshots(std::string_view name, std::string_view revision) {
  std::vector<fs::path> out;
  for (const fs::path& cache : hub_caches()) {
    const fs::path repository = hub_repository(cache, "models", name), folder = repository / "snapshots";
    const std::size_t before = out.size();
    std::error_code error;
    if (const std::optional<std::string> commit = hub_commit(repository, revision)) {
      if (is_plain_name(*commit)) out.push_back(folder / *commit);
    } else if (revision != "main") {
      if (is_plain_name(revision)) out.push_back(folder / revision);
    } else {
      for (fs::directory_iterator at(folder, error); !error && at != fs::directory_iterator(); at.increment(error))
        out.push_back(at->path());
      std::sort(out.begin() + static_cast<std::ptrdiff_t>(before), out.end());
    }
    if (out.size() == before) out.push_back(folder);
  }
  return out;
}

std::vector<fs::path> places_of(const std::string& name, const fs::path& beside) {
  if (is_default_name(name)) return shipped_folders(beside, "wordllama");
  std::vector<fs::path> out{name};
  const std::size_t at = std::min(name.find('@'), name.size());
  const std::string_view model = std::string_view(name).substr(0, at);
  if (is_hub_name(model)) {
    const std::string_view revision = at < name.size() ? std::string_view(name).substr(at + 1) : "main";
    std::ranges::copy(snapshots(model, revision), std::back_inserter(out));
  }
  return out;
}

// Of a published one, the files by their own names; `tried` gets the places.
std::optional<EmbeddingFiles> find_published(const PublishedEmbedding& published, std::vector<std::string>& tried) {
  std::vector<EmbeddingFiles> all;
  if (const char* home = std::getenv("HOME"); home != nullptr && published.config.empty()) {
    const fs::path own = fs::path(home) / ".cache/wordllama";
    all.push_back({own / "weights" / published.weights, own / "tokenizers" / published.tokenizer, {}});
  }
  for (const fs::path& folder : snapshots(published.repository, "main"))
    all.push_back({folder / published.weights, folder / published.tokenizer,
                   published.config.empty() ? fs::path() : folder / published.config});
  for (const EmbeddingFiles& files : all) {
    if (is_file(files.weights) && is_file(files.tokenizer) && (files.config.empty() || is_file(files.config)))
      return files;
    tried.push_back(files.weights.string());
  }
  return std::nullopt;
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
  if (const auto published = published_embedding(name.empty() ? default_embedding : name)) {
    if (std::optional<EmbeddingFiles> found = find_published(*published, names)) {
      if (!tokenizer.empty()) found->tokenizer = tokenizer;
      return *found;
    }
  }
  const std::string near = nearest(name, published_names());
  const bool is_default = is_default_name(name);
  fail({.where = fmt::format("the static embedding \"{}\"", is_default ? default_embedding : name),
        .found = fmt::format("none in {}", fmt::join(names, ", ")),
        .expected = "a safetensors file and its tokenizer.json, or a folder of Model2Vec",
        .mend = is_default ? "Run scripts/setup.sh, which fetches it, or name one with --model"
                : near.empty()
                    ? "Name a folder or file that is there, or fetch it: welt hub get ORG/NAME"
                    : fmt::format("The nearest published name is {}; or name a folder or file that is there", near)},
       ErrorCode::not_found);
}

EmbeddingFiles find_embedding(const std::string& name, const fs::path& tokenizer) {
  std::error_code error;
  return find_embedding(name, tokenizer, fs::read_symlink("/proc/self/exe", error));
}

}  // namespace welt::similarity
