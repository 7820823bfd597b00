/* Static embeddings of texts from C: tokens, vectors, similarity, ranking, duplicates, clusters, chunks. Link
 * libwelt_similarity. C11, also valid C++.
 *
 * Conventions, as in the plugin ABI (welt/abi/base.h):
 *  - Texts are UTF-8 with a length, {0, 0} is the empty one; a list is a pointer and a count.
 *  - A function that can fail returns a welt_status, 0 for done, and takes a welt_error* last, which may be null. On
 *    failure the error says why in one paragraph, and what should have been written is untouched.
 *  - Arrays that a function writes belong to the caller. Where their length is not known before, the function takes the
 *    room there is and says the number there are: with less room nothing is written and WELT_OUT_OF_RANGE comes back.
 *  - Options are structs that begin with their size: fill them by the function that gives the defaults.
 *  - An embedding may be used by any number of threads at once; an error by one at a time.
 *  - threads 0 means one a core. */
#ifndef WELT_SIMILARITY_H
#define WELT_SIMILARITY_H
#include <stddef.h>
#include <welt/abi/base.h>
#ifdef __cplusplus
extern "C" {
#endif

#define WELT_SIMILARITY_API __attribute__((visibility("default")))

typedef struct welt_embedding welt_embedding;

WELT_SIMILARITY_API welt_error* welt_similarity_error_create(void); /* null: out of memory */
WELT_SIMILARITY_API void welt_similarity_error_destroy(welt_error* error);
/* "" where nothing went wrong; valid until the error is used again. */
WELT_SIMILARITY_API const char* welt_similarity_error_message(const welt_error* error);

/* `name`: a folder of WordLlama or Model2Vec, a safetensors file with its tokenizer beside it, or null for the one that
 * was installed with the library. `tokenizer`: a tokenizer.json, or null for the one found. `dim`: the first so many
 * columns, or 0 for all. */
WELT_SIMILARITY_API welt_status welt_embedding_open(const char* name, const char* tokenizer, uint32_t dim,
                                                    welt_embedding** embedding, welt_error* error);
WELT_SIMILARITY_API void welt_embedding_close(welt_embedding* embedding);
WELT_SIMILARITY_API uint32_t welt_embedding_dim(const welt_embedding* embedding);

/* Ids of the tokens, without special ones. */
WELT_SIMILARITY_API welt_status welt_embedding_tokenize(const welt_embedding* embedding, welt_string text, int32_t* ids,
                                                        size_t room, size_t* count, welt_error* error);
/* vectors: [count, dim], the mean of each text's tokens. */
WELT_SIMILARITY_API welt_status welt_embedding_embed(const welt_embedding* embedding, const welt_string* texts,
                                                     size_t count, uint32_t threads, float* vectors, welt_error* error);
/* bits: [count, dim / 64], a bit where a value is above zero. dim must be a multiple of 64. */
WELT_SIMILARITY_API welt_status welt_embedding_embed_bits(const welt_embedding* embedding, const welt_string* texts,
                                                          size_t count, uint32_t threads, uint64_t* bits,
                                                          welt_error* error);

/* binary 0: the cosine; 1: 1 - 2 * hamming / dim. */
WELT_SIMILARITY_API welt_status welt_embedding_similarity(const welt_embedding* embedding, welt_string a, welt_string b,
                                                          uint32_t binary, float* score, welt_error* error);
/* scores: [count], in the order of the texts; order: [count], the best first, equal ones in their order. Either may be
 * null. */
WELT_SIMILARITY_API welt_status welt_embedding_rank(const welt_embedding* embedding, welt_string query,
                                                    const welt_string* texts, size_t count, uint32_t binary,
                                                    float* scores, size_t* order, welt_error* error);
/* index: [min(k, count)] places in the texts. */
WELT_SIMILARITY_API welt_status welt_embedding_topk(const welt_embedding* embedding, welt_string query,
                                                    const welt_string* texts, size_t count, uint32_t binary, size_t k,
                                                    size_t* index, size_t* found, welt_error* error);
/* index: room for [count]; those whose score is above the threshold, in their order. */
WELT_SIMILARITY_API welt_status welt_embedding_filter(const welt_embedding* embedding, welt_string query,
                                                      const welt_string* texts, size_t count, uint32_t binary,
                                                      double threshold, size_t* index, size_t* found,
                                                      welt_error* error);
/* index: room for [count]; texts whose score with an earlier one is above the threshold, ascending. */
WELT_SIMILARITY_API welt_status welt_embedding_dedup(const welt_embedding* embedding, const welt_string* texts,
                                                     size_t count, uint32_t binary, double threshold, uint32_t threads,
                                                     size_t* index, size_t* found, welt_error* error);

typedef struct welt_cluster_options {
  uint32_t struct_size;
  uint32_t random_state; /* of numpy's RandomState */
  uint64_t k;
  int32_t runs, min_iterations, max_iterations;
  uint32_t threads;
  double tolerance;
} welt_cluster_options;
WELT_SIMILARITY_API welt_cluster_options welt_cluster_defaults(void);
/* labels: [count]. */
WELT_SIMILARITY_API welt_status welt_embedding_cluster(const welt_embedding* embedding, const welt_string* texts,
                                                       size_t count, const welt_cluster_options* options,
                                                       int64_t* labels, double* inertia, welt_error* error);

typedef struct welt_split_options {
  uint32_t struct_size;
  int32_t window_size, savgol_window, poly_order;
  int64_t target_size, intermediate_size, cleanup_size; /* characters */
  uint32_t threads;
  uint32_t reserved;
} welt_split_options;
WELT_SIMILARITY_API welt_split_options welt_split_defaults(void);
/* ends: where each chunk ends in the text, in bytes. Chunks put together are the text, and none has more than
 * target_size characters. */
WELT_SIMILARITY_API welt_status welt_embedding_split(const welt_embedding* embedding, welt_string text,
                                                     const welt_split_options* options, size_t* ends, size_t room,
                                                     size_t* count, welt_error* error);

#ifdef __cplusplus
}
#endif
#endif
