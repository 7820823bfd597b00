// What stands for mecab.cpp in a build without libmecab.
#include "dictionary.h"
#include "mecab.h"

namespace welt::words {

std::unique_ptr<Engine> make_mecab(const std::filesystem::path&) {
  throw sdk::Failure(WELT_UNIMPLEMENTED,
                     "engine \"mecab\": welt was built without libmecab. Mend: install libmecab-dev (scripts/setup.sh "
                     "does), configure and build again; or choose another engine");
}

}  // namespace welt::words
