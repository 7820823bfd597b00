// Where the Hugging Face hub's own tools keep what they downloaded: models--ORG--NAME/refs/REVISION names the folder
// below snapshots/. Any thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace welt {

// HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME/hub, XDG_CACHE_HOME/huggingface/hub, ~/.cache/huggingface/hub: those
// that are set, each once.
std::vector<std::filesystem::path> hub_caches();

// "name" or "org/name" of letters, digits, '-', '_' and '.', as the hub allows.
bool is_hub_name(std::string_view name);

// A name without folder parts: neither a file nor a snapshot may lead out of its folder.
bool is_plain_name(std::string_view name);

// The folder of a repository in a cache; kind: "models", "datasets".
std::filesystem::path hub_repository(const std::filesystem::path& cache, std::string_view kind, std::string_view name);

// What refs/REVISION says, without blanks; none: there is no such file. It need not be a plain name.
std::optional<std::string> hub_commit(const std::filesystem::path& repository, std::string_view revision);

}  // namespace welt
