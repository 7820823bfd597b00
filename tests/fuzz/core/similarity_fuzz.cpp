// The C API of static embeddings (welt/similarity.h): any texts, numbers and options give an answer or a status with a
// message; what is not to be written stays untouched; chunks put together are the text.
#include <welt/similarity.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/safetensors.h"
#include "core/base/utf8.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace welt;

constexpr std::uint32_t dim = 64;

// A table of nine tokens, made once.
const welt_embedding* small_embedding() {
  static const welt_embedding* made = [] {
    const fuzz::MemoryFolder folder;
    const nlohmann::json tokenizer = {
        {"model",
         {{"type", "WordPiece"},
          {"vocab",
           {{"[UNK]", 0}, {"a", 1}, {"b", 2}, {"##a", 3}, {"##b", 4}, {".", 5}, {"A", 6}, {"\xC3\xA9", 7}, {"the", 8}}},
          {"unk_token", "[UNK]"}}},
        {"pre_tokenizer", {{"type", "BertPreTokenizer"}}}};
    std::vector<float> values(9 * dim);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i * 7919 % 101) - 50.0F;
    write_safetensors(folder.path() / "model.safetensors", {{"embedding.weight", "F32", {9, dim}, values.data()}});
    write_file(folder.path() / "tokenizer.json", tokenizer.dump());
    welt_embedding* out = nullptr;
    fuzz::require(welt_embedding_open(folder.path().c_str(), nullptr, 0, &out, nullptr) == WELT_OK, "the table opens");
    return out;
  }();
  return made;
}

class Call {
 public:
  Call() : error_(welt_similarity_error_create()) {}
  ~Call() { welt_similarity_error_destroy(error_); }
  welt_error* error() const { return error_; }
  // A failure has a message that is text, and nothing else has one.
  bool good(welt_status status) const {
    const std::string_view message = welt_similarity_error_message(error_);
    fuzz::require((status == WELT_OK) == message.empty(), "a failure, and only one, has a message");
    fuzz::require(find_invalid_utf8(message) == utf8_ok, "a message is text");
    fuzz::require(status != WELT_INTERNAL, "no defect");
    return status == WELT_OK;
  }

 private:
  welt_error* error_;
};

void split(fuzz::Input& input, std::string_view text) {
  const Call call;
  welt_split_options options = welt_split_defaults();
  options.target_size = static_cast<std::int64_t>(input.number(300));
  options.intermediate_size = static_cast<std::int64_t>(input.number(100));
  options.cleanup_size = static_cast<std::int64_t>(input.number(40));
  options.window_size = static_cast<std::int32_t>(input.number(9));
  options.savgol_window = static_cast<std::int32_t>(input.number(12));
  options.poly_order = static_cast<std::int32_t>(input.number(6));
  std::vector<std::size_t> ends(text.size() + 1, 7);
  std::size_t count = 0;
  const welt_string given{text.data(), text.size()};
  if (!call.good(
          welt_embedding_split(small_embedding(), given, &options, ends.data(), ends.size(), &count, call.error())))
    return;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < count; ++i) {
    fuzz::require(ends[i] > begin, "chunks are not empty");
    begin = ends[i];
  }
  fuzz::require(begin == text.size(), "chunks put together are the text");
}

void compare(fuzz::Input& input, const std::vector<welt_string>& texts) {
  const Call call;
  const welt_embedding* embedding = small_embedding();
  const auto binary = static_cast<std::uint32_t>(input.number(2));
  const double threshold = static_cast<double>(input.number(300)) / 100 - 1;
  std::vector<float> scores(texts.size(), 9);
  std::vector<std::size_t> places(texts.size(), texts.size());
  std::size_t found = 0;
  const welt_string query = texts[0];
  if (call.good(welt_embedding_rank(embedding, query, texts.data(), texts.size(), binary, scores.data(), places.data(),
                                    call.error())))
    for (const float score : scores) fuzz::require(score >= -1.001F && score <= 1.001F, "scores are −1 to 1");
  call.good(welt_embedding_topk(embedding, query, texts.data(), texts.size(), binary, input.number(20), places.data(),
                                &found, call.error()));
  call.good(welt_embedding_filter(embedding, query, texts.data(), texts.size(), binary, threshold, places.data(),
                                  &found, call.error()));
  if (call.good(welt_embedding_dedup(embedding, texts.data(), texts.size(), binary, threshold, 2, places.data(), &found,
                                     call.error())))
    fuzz::require(found < texts.size(), "the first text is never a duplicate");
  welt_cluster_options options = welt_cluster_defaults();
  options.k = input.number(12);
  options.runs = static_cast<std::int32_t>(input.number(4));
  options.random_state = static_cast<std::uint32_t>(input.number(1000));
  options.threads = 1;
  std::vector<std::int64_t> labels(texts.size(), -1);
  double inertia = 0;
  if (call.good(welt_embedding_cluster(embedding, texts.data(), texts.size(), &options, labels.data(), &inertia,
                                       call.error())))
    for (const std::int64_t label : labels)
      fuzz::require(label >= 0 && static_cast<std::uint64_t>(label) < options.k, "labels are those of clusters");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  fuzz::Input numbers(data, std::min<std::size_t>(size, 64));
  std::vector<welt_string> texts;
  std::string_view text;
  while (texts.size() < 12 && input.text(text)) texts.push_back({text.data(), text.size()});
  if (texts.empty()) texts.push_back({nullptr, 0});
  const std::string_view whole(reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 2000));
  split(numbers, whole);
  compare(numbers, texts);
  const Call call;
  std::vector<std::int32_t> ids(64);
  std::size_t count = 0;
  const bool fits =
      call.good(welt_embedding_tokenize(small_embedding(), texts[0], ids.data(), ids.size(), &count, call.error()));
  fuzz::answers([&] {
    if (!fits) throw Error(welt_similarity_error_message(call.error()));
  });
  return 0;
}
