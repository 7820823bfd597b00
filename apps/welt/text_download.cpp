// See text_download.h.
#include "apps/welt/text_download.h"

#include <set>
#include <string_view>

#include "core/base/error.h"
#include "core/hub/hub_fetch.h"
#include "core/similarity/embedding_files.h"
#include "core/similarity/published_embeddings.h"

namespace welt {

bool download_embedding(const std::string& name) {
  if (hub_is_offline()) return false;
  // Model2Vec's layouts; of a published one its own files.
  std::set<std::string, std::less<>> wanted{"model.safetensors",
                                            "tokenizer.json",
                                            "config.json",
                                            "config_sentence_transformers.json",
                                            "0_StaticEmbedding/model.safetensors",
                                            "0_StaticEmbedding/tokenizer.json"};
  std::optional<HubId> id = hub_id(name, "models");
  if (const auto published = similarity::published_embedding(name.empty() ? similarity::default_embedding : name)) {
    id = HubId{.name = published->repository};
    wanted = {published->weights, published->tokenizer, published->config};
  } else if (name.find('/') == std::string::npos) {
    return false;  // a folder or file that is not there, more likely than a repository of an old name
  }
  if (!id) return false;
  HubClient client;
  const HubListing listing = client.list(*id);
  const HubFetched got =
      hub_fetch(client, *id, listing, [&](std::string_view path) { return wanted.find(path) != wanted.end(); });
  if (got.files < 2)
    fail({id->text() + " on " + client.endpoint(), "no static embedding", "model.safetensors and tokenizer.json"},
         ErrorCode::not_found);
  return true;
}

}  // namespace welt
