// A Hugging Face model: its config.json and its .safetensors weights, downloaded where they are not on this machine.
//
// Used by `from = "…"` in recipes and by `welt component forward`. What the tensors mean is
// core/huggingface/hf_load.h's part.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/safetensors.h"

namespace welt {

// All tensors of a model, out of one file or of several shards. Movable; tensors are read when asked for.
class HfWeights {
 public:
  struct Item {
    const SafetensorsFile* file;
    const SafetensorsEntry* entry;
    bool alias = false;  // a further name, from a file's metadata
  };

  // model.safetensors, else model.safetensors.index.json with its shards. A folder with `.bin` files only is refused
  // with the command that converts them. A name that a file's metadata gives to another tensor of it ("lm_head.weight":
  // "model.embed_tokens.weight", as safetensors' save_model writes tied ones) is a name of that tensor. What
  // torch.compile puts into the names of a part ("layers.0._orig_mod.") is left out.
  static HfWeights open(const std::filesystem::path& folder);
  static bool is_in(const std::filesystem::path& folder);  // one of the two files is there

  // What a program has put in front of every name (torch.compile "_orig_mod.", DataParallel "module.", a model around
  // this one): the shortest beginning, up to a dot, behind which `finds` is content; "" where it is so without one, or
  // never.
  std::string wrapper(const std::function<bool(const std::string& prefix)>& finds) const;
  // The tensors whose names start with `prefix`, without it.
  HfWeights below(std::string_view prefix) &&;
  // Of a WeLT checkpoint: without a wrapper.
  HfWeights of_welt() &&;
  // Of a part of a WeLT checkpoint: of a byte table only the folded tensor, which stands for all three, is left.
  HfWeights folded() &&;

  const std::vector<std::unique_ptr<SafetensorsFile>>& files() const { return files_; }
  const Item* find(std::string_view name) const;  // null: absent
  const std::map<std::string, Item, std::less<>>& items() const { return items_; }
  const std::filesystem::path& path() const { return path_; }  // the file that names the tensors, for messages

 private:
  void drop_compiled_names();
  const SafetensorsFile& add_file(const std::filesystem::path& path);
  void add_shards(const std::filesystem::path& folder);

  std::filesystem::path path_;
  std::vector<std::unique_ptr<SafetensorsFile>> files_;
  std::map<std::string, Item, std::less<>> items_;
};

class HfSource {
 public:
  // `from`: a folder, or a hub name ("org/name", "org/name@revision") that is looked up in the local cache: HF_HUB_CACHE,
  // HUGGINGFACE_HUB_CACHE, HF_HOME/hub, XDG_CACHE_HOME/huggingface/hub, ~/.cache/huggingface/hub; then on the hub
  // (hf_snapshot.h). Not found: Error with every path tried.
  static HfSource find(std::string_view from);

  const std::string& name() const { return name_; }  // as asked for
  const std::filesystem::path& folder() const { return folder_; }
  const nlohmann::json& config() const { return config_; }  // config.json
  std::string architecture() const;                         // architectures[0]; "" when it names none
  HfWeights weights() const;
  // A model to take one part of a WeLT model from: that part ("bytes_encoder", …) where this is a WeLT checkpoint,
  // else the whole. Throws Error when the checkpoint has no such part.
  HfSource part(const std::string& slot) const;
  // Of a model of several parts, whose config.json has one table for its language model and one for its image encoder
  // (`text_config`, `vision_config`): the part that `role` asks for; else this. Where that part's tensors stand is for
  // load_weights() to find.
  HfSource for_role(std::string_view role) const;

 private:
  HfSource(std::string name, std::filesystem::path folder);
  std::string prefix_;  // of the tensors' names: of a part of a WeLT checkpoint
  std::string name_;
  std::filesystem::path folder_;
  nlohmann::json config_;
};

}  // namespace welt
