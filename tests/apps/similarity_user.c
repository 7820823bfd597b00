/* A user of libwelt_similarity in C11, compiled against an installed tree by the tests: every function once, and what
 * each does with arguments that cannot be. Prints "done" when all is as the header says. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <welt/similarity.h>

static welt_string text(const char* bytes) {
  welt_string out = {bytes, strlen(bytes)};
  return out;
}

#define CHECK(condition)                                             \
  do {                                                               \
    if (!(condition)) {                                              \
      printf("line %d: %s: %s\n", __LINE__, #condition, why(error)); \
      return 1;                                                      \
    }                                                                \
  } while (0)

static const char* why(const welt_error* error) { return welt_similarity_error_message(error); }

static int misuse(const welt_embedding* embedding, welt_error* error) {
  welt_embedding* none = NULL;
  float score = 7;
  size_t count = 7, place = 7;
  int32_t ids[1];
  welt_cluster_options options = welt_cluster_defaults();
  const welt_string broken = {"\xFF", 1}, missing = {NULL, 3}, one = {"a", 1};
  int64_t label = 7;
  double inertia = 7;
  CHECK(welt_embedding_open("/nowhere/at/all", NULL, 0, &none, error) == WELT_NOT_FOUND && none == NULL);
  CHECK(strstr(why(error), "/nowhere/at/all") != NULL);
  CHECK(welt_embedding_open(NULL, NULL, 100000, &none, error) == WELT_INVALID_ARGUMENT && none == NULL);
  CHECK(welt_embedding_open(NULL, NULL, 0, NULL, error) == WELT_INVALID_ARGUMENT);
  CHECK(welt_embedding_similarity(embedding, broken, text("a"), 0, &score, error) == WELT_DATA_LOSS && score == 7);
  CHECK(welt_embedding_similarity(embedding, missing, text("a"), 0, &score, error) == WELT_INVALID_ARGUMENT);
  CHECK(welt_embedding_similarity(NULL, text("a"), text("a"), 0, &score, NULL) == WELT_INVALID_ARGUMENT && score == 7);
  CHECK(welt_embedding_tokenize(embedding, text("a long text of words"), ids, 1, &count, error) == WELT_OUT_OF_RANGE);
  CHECK(count > 1);
  CHECK(welt_embedding_filter(embedding, one, &one, 1, 0, NAN, &place, &count, error) == WELT_INVALID_ARGUMENT);
  options.k = 2;
  CHECK(welt_embedding_cluster(embedding, &missing, 0, &options, &label, &inertia, error) == WELT_INVALID_ARGUMENT);
  options.struct_size = 4;
  CHECK(welt_embedding_cluster(embedding, &missing, 0, &options, &label, &inertia, error) == WELT_INVALID_ARGUMENT);
  CHECK(label == 7 && inertia == 7);
  return 0;
}

int main(void) {
  welt_error* error = welt_similarity_error_create();
  welt_embedding* embedding = NULL;
  const welt_string docs[4] = {text("i went to the park"), text("i went to the shop"), text("i went to the truck"),
                               text("i went to the vehicle")};
  const welt_string query = text("i went to the car");
  float vectors[4 * 256], scores[4], score = 0;
  uint64_t bits[4 * 4];
  size_t order[4], found = 0, ends[8];
  int32_t ids[32];
  int64_t labels[4];
  double inertia = 0;
  welt_cluster_options clusters = welt_cluster_defaults();
  welt_split_options chunks = welt_split_defaults();

  CHECK(welt_embedding_open(NULL, NULL, 0, &embedding, error) == WELT_OK);
  CHECK(welt_embedding_dim(embedding) == 256);
  CHECK(welt_embedding_tokenize(embedding, query, ids, 32, &found, error) == WELT_OK && found == 5);
  CHECK(welt_embedding_embed(embedding, docs, 4, 2, vectors, error) == WELT_OK);
  CHECK(welt_embedding_embed_bits(embedding, docs, 4, 0, bits, error) == WELT_OK);
  CHECK(((bits[0] >> 7 & 1) != 0) == (vectors[0] > 0));
  CHECK(welt_embedding_similarity(embedding, query, text("i went to the pawn shop"), 0, &score, error) == WELT_OK);
  CHECK(fabs(score - 0.0664125) < 1e-6);
  CHECK(welt_embedding_rank(embedding, query, docs, 4, 0, scores, order, error) == WELT_OK);
  CHECK(order[0] == 3 && order[1] == 2 && order[2] == 1 && order[3] == 0 && fabs(scores[3] - 0.7441646) < 1e-6);
  CHECK(welt_embedding_topk(embedding, query, docs, 4, 1, 9, order, &found, error) == WELT_OK && found == 4);
  CHECK(welt_embedding_filter(embedding, query, docs, 4, 0, 0.3, order, &found, error) == WELT_OK);
  CHECK(found == 1 && order[0] == 3);
  CHECK(welt_embedding_dedup(embedding, docs, 4, 0, 0.5, 1, order, &found, error) == WELT_OK);
  CHECK(found == 1 && order[0] == 3);
  clusters.k = 3;
  clusters.random_state = 42;
  CHECK(welt_embedding_cluster(embedding, docs, 4, &clusters, labels, &inertia, error) == WELT_OK);
  CHECK(labels[0] == 2 && labels[1] == 1 && labels[2] == 0 && labels[3] == 0);
  chunks.target_size = 100;
  CHECK(welt_embedding_split(embedding, query, &chunks, ends, 8, &found, error) == WELT_OK);
  CHECK(found == 1 && ends[0] == query.size);
  if (misuse(embedding, error) != 0) return 1;
  welt_embedding_close(embedding);
  welt_similarity_error_destroy(error);
  puts("done");
  return 0;
}
