// What a Hugging Face style hub answers: which files a repository has, and their bytes, with patience where the network
// or the hub is at fault and a clear error where the question is. Where files are kept is hub_store.h's part.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/hub/http.h"

namespace welt {

// A repository at a revision: a branch, a tag or a commit.
struct HubId {
  std::string kind = "models";  // or "datasets", as the hub's addresses and the cache's folders have it
  std::string name;             // "org/name", or "name"
  std::string revision = "main";
  std::string text() const;  // "org/name@revision", without "@main"
};

// "org/name" or "org/name@revision"; nothing where it is no such name.
std::optional<HubId> hub_id(std::string_view text, std::string_view kind);

struct HubFile {
  std::string path;                        // below the repository's folder, checked: it leads nowhere else
  std::optional<std::uint64_t> size = {};  // where the hub says it
  std::string tag = {};                    // its entity tag, the name of its blob (git_hash.h); "": not said yet
};

struct HubListing {
  std::string commit;
  std::vector<HubFile> files;
};

struct HubSettings {
  std::string endpoint;  // HF_ENDPOINT, else https://huggingface.co
  std::string token;     // HF_TOKEN, HUGGING_FACE_HUB_TOKEN, the file HF_TOKEN_PATH, HF_HOME/token or
                         // ~/.cache/huggingface/token; none where HF_HUB_DISABLE_IMPLICIT_TOKEN is 1
  long stall_seconds;    // HF_HUB_DOWNLOAD_TIMEOUT: without a byte, then the connection is made anew
  int tries = 5;         // without one more byte
  std::chrono::milliseconds first_wait{1000};  // doubled each time, and at least what Retry-After says
  static HubSettings from_environment();       // throws Error for what cannot be meant
};

// HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE or HF_DATASETS_OFFLINE is 1, ON, YES or TRUE: nothing may be asked of a network.
bool hub_is_offline();

class HubClient {
 public:
  // Throws Error when nothing may be asked, or there is no libcurl.
  explicit HubClient(HubSettings settings = HubSettings::from_environment());
  const std::string& endpoint() const { return shown_endpoint_; }  // for messages: shown_address()

  // Throws Error: not_found with the nearest names of this machine, permission_denied with where to ask for access,
  // unavailable where nobody answers.
  HubListing list(const HubId& id);
  // The file with size and tag, which a listing need not have.
  HubFile look(const HubId& id, const std::string& commit, const HubFile& file);
  // Fills `part`, which may hold the first bytes already, and checks size and hash; calls got(bytes there) on the way.
  // Throws Error: what is there stays for the next try, unless its hash is wrong.
  void download(const HubId& id, const std::string& commit, const HubFile& file, const std::filesystem::path& part,
                const std::function<void(std::uint64_t)>& got);

 private:
  std::string address(const HubId& id, const std::string& commit, const std::string& path) const;
  HttpRequest request(std::string url) const;
  HttpAnswer ask(const HttpRequest& request);
  void wait(const HttpAnswer& answer, int failures) const;
  [[noreturn]] void fail_answer(const HubId& id, const std::string& path, const HttpAnswer& answer) const;

  HubSettings settings_;
  std::string shown_endpoint_;
  HttpClient http_;
  bool reached_ = false;  // somebody has answered: silence is a fault that may pass
};

// The answer to a question for a repository's files; `where` is named in errors.
HubListing read_hub_listing(std::string_view text, const std::string& where);

// Whether a path that somebody else made up stays below the folder it is meant for.
bool is_inner_path(std::string_view path);

}  // namespace welt
