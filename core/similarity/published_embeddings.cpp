// See published_embeddings.h.
#include "core/similarity/published_embeddings.h"

#include <array>
#include <cctype>

namespace welt::similarity {
namespace {

struct WordLlama {
  std::string_view name, repository;
};
constexpr std::array wordllamas{WordLlama{"l2_supercat", "dleemiller/word-llama-l2-supercat"},
                                WordLlama{"l3_supercat", "dleemiller/wordllama-l3-supercat"}};
constexpr std::array dims{"64", "128", "256", "512", "1024"};

struct Model2Vec {
  std::string_view name, repository;  // name: of the package wordllama; "": it has none
};
constexpr std::array model2vecs{Model2Vec{"potion_base_8m", "minishlab/potion-base-8M"},
                                Model2Vec{"potion_base_4m", "minishlab/potion-base-4M"},
                                Model2Vec{"potion_base_2m", "minishlab/potion-base-2M"},
                                Model2Vec{"", "minishlab/potion-base-32M"},
                                Model2Vec{"", "minishlab/potion-retrieval-32M"},
                                Model2Vec{"", "minishlab/potion-multilingual-128M"},
                                Model2Vec{"", "minishlab/M2V_base_output"},
                                Model2Vec{"m2v_multilingual", "minishlab/M2V_multilingual_output"},
                                Model2Vec{"m2v_glove", "minishlab/M2V_base_glove"},
                                Model2Vec{"m2v_glove_subword", "minishlab/M2V_base_glove_subword"}};

std::string plain(std::string_view name) {
  std::string out;
  for (const char c : name) out += c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string_view last_part(std::string_view repository) { return repository.substr(repository.find('/') + 1); }

}  // namespace

std::optional<PublishedEmbedding> published_embedding(std::string_view name) {
  const std::string wanted = plain(name);
  for (const WordLlama& model : wordllamas) {
    const std::string start(model.name);
    for (const char* dim : dims) {
      const std::string sized = start + "_" + dim;
      if (wanted != sized && !(wanted == start && std::string_view(dim) == "256")) continue;
      return PublishedEmbedding{sized, std::string(model.repository), sized + ".safetensors",
                                start + "_tokenizer_config.json", ""};
    }
  }
  for (const Model2Vec& model : model2vecs)
    if ((!model.name.empty() && wanted == model.name) || wanted == plain(last_part(model.repository)))
      return PublishedEmbedding{std::string(last_part(model.repository)), std::string(model.repository),
                                "model.safetensors", "tokenizer.json", "config.json"};
  return std::nullopt;
}

std::vector<std::string> published_names() {
  std::vector<std::string> out;
  for (const WordLlama& model : wordllamas) {
    out.emplace_back(model.name);
    for (const char* dim : dims) out.push_back(std::string(model.name) + "_" + dim);
  }
  for (const Model2Vec& model : model2vecs) {
    if (!model.name.empty()) out.emplace_back(model.name);
    out.emplace_back(last_part(model.repository));
  }
  return out;
}

}  // namespace welt::similarity
