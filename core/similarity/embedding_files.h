// Which files a static embedding is, by the name that a person gives it.
#pragma once

#include <string>

#include "core/similarity/static_embedding.h"

namespace welt::similarity {

// What is meant where nothing is said: the 256 dimensions that come with the package wordllama.
inline constexpr const char* default_embedding = "l2_supercat";

// `name`: a folder of Model2Vec or WordLlama, a safetensors file with its tokenizer beside it, or a published name:
// l2_supercat, as scripts/setup.sh fetches it (in the build folder, or share/welt of an installation, found from
// `beside`, a file in bin/ or lib/), those of published_embeddings.h in the cache of the package wordllama or of the
// Hugging Face hub, and models in the latter by their names there ("org/name", "org/name@revision"). `tokenizer`, if
// not empty, is taken instead of the one found. Throws Error (not_found) with every place tried.
EmbeddingFiles find_embedding(const std::string& name, const std::filesystem::path& tokenizer,
                              const std::filesystem::path& beside);

// The same for the running program.
EmbeddingFiles find_embedding(const std::string& name, const std::filesystem::path& tokenizer = {});

}  // namespace welt::similarity
