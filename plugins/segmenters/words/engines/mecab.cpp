// See mecab.h. The model is shared, each thread has a lattice of its own.
#include "mecab.h"

#include <mecab.h>

#include <array>
#include <cstring>

#include "dictionary.h"
#include "pool.h"

namespace welt::words {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_sentence = 64 << 10;
constexpr std::string_view full_stop = "\xE3\x80\x82";
constexpr std::array files = {"sys.dic", "unk.dic", "matrix.bin", "char.bin", "dicrc"};

// MeCab maps its files and believes their tables; what can be checked quickly is checked before.
void check_files(const fs::path& folder) {
  std::error_code error;
  for (const char* name : files) {
    if (fs::file_size(folder / name, error) == 0 || error) {
      throw damaged(folder / name, 0, error ? error.message() : "the file is empty", "a file of a MeCab dictionary");
    }
  }
}

class Mecab final : public Engine {
 public:
  explicit Mecab(const fs::path& folder) : folder_(folder) {
    check_files(folder);
    const fs::path settings = folder / "mecabrc";  // may be empty, and need not be there: dicrc is what counts
    std::error_code error;
    const std::string rc = fs::exists(settings, error) ? settings.string() : "/dev/null", words = folder.string();
    std::array<std::string, 7> arguments = {"welt", "-r", rc, "-d", words, "-O", "wakati"};
    std::array<char*, 7> pointers{};
    for (std::size_t i = 0; i < pointers.size(); ++i) pointers[i] = arguments[i].data();
    model_.reset(MeCab::createModel(static_cast<int>(pointers.size()), pointers.data()));
    if (model_ != nullptr) tagger_.reset(model_->createTagger());
    if (tagger_ == nullptr) {
      const char* reason = MeCab::getLastError();
      throw damaged(folder, 0, std::string("MeCab: ") + (reason != nullptr ? reason : "no reason given"),
                    "a compiled MeCab dictionary");
    }
    const std::string charset = model_->dictionary_info()->charset;
    if (charset != "UTF-8" && charset != "utf8" && charset != "utf-8") {
      throw damaged(folder, 0, "the dictionary is in " + charset, "UTF-8");
    }
  }

  // The files are large (250 MB): they are read when somebody asks, a second's work.
  std::string identity() const override;
  void cut(std::string_view span, std::vector<std::uint32_t>& ends) const override;

 private:
  void cut_sentence(MeCab::Lattice& lattice, std::string_view text, std::uint32_t offset,
                    std::vector<std::uint32_t>& ends) const;

  fs::path folder_;
  std::unique_ptr<MeCab::Model> model_;
  std::unique_ptr<MeCab::Tagger> tagger_;
  mutable Pool<MeCab::Lattice> pool_;
  mutable std::mutex mutex_;
  mutable std::string identity_;
};

std::string Mecab::identity() const {
  const std::lock_guard lock(mutex_);
  if (identity_.empty()) {
    std::vector<std::string> texts;
    for (const char* name : files) texts.push_back(read_dictionary_file(folder_ / name));
    identity_ = std::string("mecab ") + MeCab::Model::version() + " unidic-lite " + dictionary_version(folder_) + " " +
                digest({texts.begin(), texts.end()});
  }
  return identity_;
}

void Mecab::cut_sentence(MeCab::Lattice& lattice, std::string_view text, std::uint32_t offset,
                         std::vector<std::uint32_t>& ends) const {
  lattice.set_sentence(text.data(), text.size());
  if (!tagger_->parse(&lattice)) {
    throw sdk::Failure(WELT_INTERNAL, std::string("MeCab cannot cut ") + std::to_string(text.size()) +
                                          " bytes of text: " + lattice.what());
  }
  // The white space that MeCab skips before a word is a word of its own: nothing of the text is lost.
  std::size_t end = 0;
  for (const MeCab::Node* node = lattice.bos_node()->next; node != nullptr && node->stat != MECAB_EOS_NODE;
       node = node->next) {
    const auto begin = static_cast<std::size_t>(node->surface - text.data());
    if (begin > end) ends.push_back(offset + static_cast<std::uint32_t>(begin));
    end = begin + node->length;
    ends.push_back(offset + static_cast<std::uint32_t>(end));
  }
  if (end < text.size()) ends.push_back(offset + static_cast<std::uint32_t>(text.size()));
  lattice.clear();
}

// How much of a text that is too long MeCab is given at once.
std::size_t sentence_size(std::string_view text) {
  if (text.size() <= max_sentence) return text.size();
  const std::size_t stop = text.rfind(full_stop, max_sentence - full_stop.size());
  if (stop != text.npos) return stop + full_stop.size();
  std::size_t size = max_sentence;
  while ((static_cast<std::uint8_t>(text[size]) & 0xC0) == 0x80) --size;
  return size;
}

void Mecab::cut(std::string_view span, std::vector<std::uint32_t>& ends) const {
  const auto lattice = pool_.take([&] { return std::unique_ptr<MeCab::Lattice>(model_->createLattice()); });
  for (std::size_t at = 0; at < span.size();) {
    const std::size_t size = sentence_size(span.substr(at));
    cut_sentence(*lattice, span.substr(at, size), static_cast<std::uint32_t>(at), ends);
    at += size;
  }
}

}  // namespace

std::unique_ptr<Engine> make_mecab(const fs::path& dictionary_folder) {
  return std::make_unique<Mecab>(dictionary_folder);
}

}  // namespace welt::words
