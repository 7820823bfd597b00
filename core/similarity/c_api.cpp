// welt/similarity.h over the C++ of this folder: checks arguments, turns exceptions into a status and a message.
#include <dlfcn.h>
#include <welt/similarity.h>

#include <algorithm>
#include <new>
#include <string>

#include "core/base/error.h"
#include "core/similarity/duplicates.h"
#include "core/similarity/embedding_files.h"
#include "core/similarity/kmeans.h"
#include "core/similarity/ranking.h"
#include "core/similarity/splitter.h"

struct welt_embedding {
  welt::similarity::StaticEmbedding value;
};

namespace {

using namespace welt;
using namespace welt::similarity;

struct ErrorText {  // what a welt_error of this library is
  std::string message;
};

ErrorText* text_of(welt_error* error) { return reinterpret_cast<ErrorText*>(error); }

void say(welt_error* error, const char* message) noexcept {
  if (error == nullptr) return;
  try {
    text_of(error)->message = message;
  } catch (...) {
    text_of(error)->message.clear();
  }
}

template <typename Body>
welt_status guarded(welt_error* error, Body&& body) noexcept {
  say(error, "");
  try {
    body();
    return WELT_OK;
  } catch (const Error& failure) {
    say(error, failure.what());
    return static_cast<welt_status>(failure.code());
  } catch (const std::bad_alloc&) {
    say(error, "out of memory");
    return WELT_RESOURCE_EXHAUSTED;
  } catch (const std::exception& failure) {
    say(error, failure.what());
    return WELT_INTERNAL;
  } catch (...) {
    say(error, "an exception of no known type");
    return WELT_INTERNAL;
  }
}

void need(bool there, const char* what) {
  if (!there) fail({.where = what, .found = "a null pointer", .expected = "a place in memory"});
}

std::string_view view(welt_string text) {
  need(text.data != nullptr || text.size == 0, "a text with a length");
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}

std::vector<std::string_view> views(const welt_string* texts, std::size_t count) {
  need(texts != nullptr || count == 0, "a list of texts");
  std::vector<std::string_view> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(view(texts[i]));
  return out;
}

int threads_of(std::uint32_t threads) { return static_cast<int>(std::min(threads, 1024u)); }

const StaticEmbedding& checked(const welt_embedding* embedding) {
  need(embedding != nullptr, "the embedding");
  return embedding->value;
}

std::vector<float> scores_of(const welt_embedding* embedding, welt_string query, const welt_string* texts,
                             std::size_t count, std::uint32_t binary) {
  const StaticEmbedding& with = checked(embedding);
  Matrix wanted(1, with.dim());
  wanted.values = with.embed(view(query));
  const Matrix rows = with.embed(views(texts, count));
  if (binary == 0) return scores(wanted.values, rows);
  return scores(binarized(wanted).values, binarized(rows));
}

void copy_out(const std::vector<std::size_t>& places, std::size_t* index, std::size_t* found) {
  need(found != nullptr, "the number of places found");
  need(index != nullptr || places.empty(), "the places found");
  std::ranges::copy(places, index);
  *found = places.size();
}

// Nothing where there is too little room: then the number is told.
template <typename Values, typename Out>
void copy_in_room(const Values& values, Out* out, std::size_t room, std::size_t* count) {
  need(count != nullptr, "the number of values");
  need(out != nullptr || room == 0, "the values");
  *count = values.size();
  if (values.size() > room) {
    fail({.where = "the room for values",
          .found = fmt::format("{}", room),
          .expected = fmt::format("{} or more", values.size())},
         ErrorCode::out_of_range);
  }
  std::ranges::copy(values, out);
}

template <typename Options>
const Options& checked_options(const Options* options) {
  need(options != nullptr, "the options");
  if (options->struct_size < sizeof(Options)) {
    fail({.where = "the options",
          .found = fmt::format("struct_size {}", options->struct_size),
          .expected = fmt::format("{}: start from the defaults", sizeof(Options))});
  }
  return *options;
}

std::filesystem::path own_file() {
  Dl_info info{};
  const bool known =
      dladdr(reinterpret_cast<const void*>(&welt_embedding_open), &info) != 0 && info.dli_fname != nullptr;
  std::error_code error;
  return known ? std::filesystem::weakly_canonical(info.dli_fname, error) : std::filesystem::path();
}

}  // namespace

extern "C" {

welt_error* welt_similarity_error_create(void) { return reinterpret_cast<welt_error*>(new (std::nothrow) ErrorText()); }

void welt_similarity_error_destroy(welt_error* error) { delete text_of(error); }

const char* welt_similarity_error_message(const welt_error* error) {
  return error == nullptr ? "" : reinterpret_cast<const ErrorText*>(error)->message.c_str();
}

welt_status welt_embedding_open(const char* name, const char* tokenizer, uint32_t dim, welt_embedding** embedding,
                                welt_error* error) {
  return guarded(error, [&] {
    need(embedding != nullptr, "the place for the embedding");
    const std::filesystem::path other = tokenizer == nullptr ? "" : tokenizer;
    const EmbeddingFiles files = find_embedding(name == nullptr ? "" : name, other, own_file());
    *embedding = new welt_embedding{StaticEmbedding::load(files, dim)};
  });
}

void welt_embedding_close(welt_embedding* embedding) { delete embedding; }

uint32_t welt_embedding_dim(const welt_embedding* embedding) {
  return embedding == nullptr ? 0 : static_cast<uint32_t>(embedding->value.dim());
}

welt_status welt_embedding_tokenize(const welt_embedding* embedding, welt_string text, int32_t* ids, size_t room,
                                    size_t* count, welt_error* error) {
  return guarded(error, [&] { copy_in_room(checked(embedding).tokenize(view(text)), ids, room, count); });
}

welt_status welt_embedding_embed(const welt_embedding* embedding, const welt_string* texts, size_t count,
                                 uint32_t threads, float* vectors, welt_error* error) {
  return guarded(error, [&] {
    need(vectors != nullptr || count == 0, "the vectors");
    std::ranges::copy(checked(embedding).embed(views(texts, count), threads_of(threads)).values, vectors);
  });
}

welt_status welt_embedding_embed_bits(const welt_embedding* embedding, const welt_string* texts, size_t count,
                                      uint32_t threads, uint64_t* bits, welt_error* error) {
  return guarded(error, [&] {
    need(bits != nullptr || count == 0, "the bits");
    const Matrix rows = checked(embedding).embed(views(texts, count), threads_of(threads));
    std::ranges::copy(binarized(rows).values, bits);
  });
}

welt_status welt_embedding_similarity(const welt_embedding* embedding, welt_string a, welt_string b, uint32_t binary,
                                      float* score, welt_error* error) {
  return guarded(error, [&] {
    need(score != nullptr, "the score");
    *score = scores_of(embedding, a, &b, 1, binary)[0];
  });
}

welt_status welt_embedding_rank(const welt_embedding* embedding, welt_string query, const welt_string* texts,
                                size_t count, uint32_t binary, float* scores, size_t* order, welt_error* error) {
  return guarded(error, [&] {
    const std::vector<float> found = scores_of(embedding, query, texts, count, binary);
    if (scores != nullptr) std::ranges::copy(found, scores);
    if (order != nullptr) std::ranges::copy(order_of(found), order);
  });
}

welt_status welt_embedding_topk(const welt_embedding* embedding, welt_string query, const welt_string* texts,
                                size_t count, uint32_t binary, size_t k, size_t* index, size_t* found,
                                welt_error* error) {
  return guarded(error, [&] {
    std::vector<std::size_t> order = order_of(scores_of(embedding, query, texts, count, binary));
    order.resize(std::min(order.size(), k));
    copy_out(order, index, found);
  });
}

welt_status welt_embedding_filter(const welt_embedding* embedding, welt_string query, const welt_string* texts,
                                  size_t count, uint32_t binary, double threshold, size_t* index, size_t* found,
                                  welt_error* error) {
  return guarded(error,
                 [&] { copy_out(above(scores_of(embedding, query, texts, count, binary), threshold), index, found); });
}

welt_status welt_embedding_dedup(const welt_embedding* embedding, const welt_string* texts, size_t count,
                                 uint32_t binary, double threshold, uint32_t threads, size_t* index, size_t* found,
                                 welt_error* error) {
  return guarded(error, [&] {
    Matrix rows = checked(embedding).embed(views(texts, count), threads_of(threads));
    const DuplicateOptions options{.threshold = threshold, .threads = threads_of(threads)};
    copy_out(binary == 0 ? duplicates(std::move(rows), options) : duplicates(binarized(rows), options), index, found);
  });
}

welt_cluster_options welt_cluster_defaults(void) {
  const KMeansOptions defaults;
  return {sizeof(welt_cluster_options), defaults.random_state,   defaults.k, defaults.runs,
          defaults.min_iterations,      defaults.max_iterations, 0,          defaults.tolerance};
}

welt_status welt_embedding_cluster(const welt_embedding* embedding, const welt_string* texts, size_t count,
                                   const welt_cluster_options* options, int64_t* labels, double* inertia,
                                   welt_error* error) {
  return guarded(error, [&] {
    const welt_cluster_options& given = checked_options(options);
    need(labels != nullptr && inertia != nullptr, "labels or inertia");
    Matrix rows = checked(embedding).embed(views(texts, count), threads_of(given.threads));
    normalize(rows);
    const Clusters found = kmeans(rows, {.k = given.k,
                                         .random_state = given.random_state,
                                         .runs = given.runs,
                                         .min_iterations = given.min_iterations,
                                         .max_iterations = given.max_iterations,
                                         .tolerance = given.tolerance,
                                         .threads = threads_of(given.threads)});
    std::ranges::copy(found.labels, labels);
    *inertia = found.inertia;
  });
}

welt_split_options welt_split_defaults(void) {
  const SplitOptions defaults;
  return {sizeof(welt_split_options),
          defaults.window_size,
          defaults.savgol_window,
          defaults.poly_order,
          defaults.target_size,
          defaults.intermediate_size,
          defaults.cleanup_size,
          0,
          0};
}

welt_status welt_embedding_split(const welt_embedding* embedding, welt_string text, const welt_split_options* options,
                                 size_t* ends, size_t room, size_t* count, welt_error* error) {
  return guarded(error, [&] {
    const welt_split_options& given = checked_options(options);
    const SplitOptions split{.target_size = given.target_size,
                             .intermediate_size = given.intermediate_size,
                             .cleanup_size = given.cleanup_size,
                             .window_size = given.window_size,
                             .savgol_window = given.savgol_window,
                             .poly_order = given.poly_order,
                             .threads = threads_of(given.threads)};
    copy_in_room(split_ends(checked(embedding), view(text), split), ends, room, count);
  });
}

}  // extern "C"
