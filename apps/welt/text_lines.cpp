// `welt text … --jsonl`: a line of JSON in, a line out. Keys of the requests are those of the package wordllama's
// functions; what a line does not say is as the options say.
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "apps/welt/jsonl.h"
#include "apps/welt/text_task.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/similarity/exact_sum.h"
#include "core/similarity/mini_batch.h"
#include "core/similarity/ranking.h"
#include "core/similarity/windows.h"

namespace welt {
namespace {

using nlohmann::json;
using similarity::Matrix;
using similarity::StaticEmbedding;

double number_field(const json& request, const char* name, double fallback) {
  const auto at = request.find(name);
  if (at == request.end() || at->is_null()) return fallback;
  if (!at->is_number()) {
    fail({.where = fmt::format("the field \"{}\"", name),
          .found = fmt::format("{} ({:.60})", at->type_name(), json_text(*at)),
          .expected = "a number"});
  }
  return at->get<double>();
}

int small_field(const json& request, const char* name, int fallback) {
  const std::int64_t value = integer_field(request, name, fallback);
  constexpr int largest = 999'999'999;
  if (value >= -largest && value <= largest) return static_cast<int>(value);
  fail({.where = fmt::format("the field \"{}\"", name),
        .found = fmt::format("{}", value),
        .expected = "a number of at most nine digits"});
}

std::vector<double> shortest_list(const std::vector<float>& values) {
  std::vector<double> out;
  for (const float value : values) out.push_back(shortest(value));
  return out;
}

StaticEmbedding of_line(const StaticEmbedding& embedding, const json& request) {
  const std::int64_t dim = integer_field(request, "dim", static_cast<std::int64_t>(embedding.dim()));
  if (dim < 1) {
    fail({.where = "the field \"dim\"",
          .found = fmt::format("{}", dim),
          .expected = fmt::format("1 to {}, as many as the weights have", embedding.full_dim())});
  }
  return embedding.with_dim(static_cast<std::size_t>(dim));
}

json tokenize(const StaticEmbedding& embedding, const json& request) {
  if (!request.contains("texts")) return {{"ids", embedding.tokenize(text_field(request, "text"))}};
  std::vector<std::vector<std::int32_t>> ids, mask;
  std::size_t longest = 0;
  for (const std::string& text : texts_field(request, "texts")) {
    ids.push_back(embedding.tokenize(text));
    longest = std::max(longest, ids.back().size());
  }
  for (auto& each : ids) {
    mask.emplace_back(each.size(), 1).resize(longest);
    each.resize(longest);
  }
  return {{"ids", ids}, {"mask", mask}};
}

json embed(const StaticEmbedding& embedding, const json& request) {
  const std::string text = text_field(request, "text");
  Matrix vector(1, embedding.dim());
  vector.values = embedding.embed(text);
  similarity::ExactSum sum, squares;
  for (const float value : vector.values) {
    sum.add(static_cast<double>(value));
    squares.add(static_cast<double>(value) * static_cast<double>(value));
  }
  const auto* bytes = reinterpret_cast<const Bytef*>(vector.values.data());
  const uLong crc = crc32(0, bytes, static_cast<uInt>(vector.values.size() * sizeof(float)));
  std::vector<float> first(vector.values.begin(),
                           vector.values.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(8, vector.dim)));
  json out = {{"tokens", embedding.tokenize(text).size()},
              {"first8", shortest_list(first)},
              {"crc32", fmt::format("{:08x}", crc)},
              {"sum", sum.value()},
              {"sum_sq", squares.value()},
              {"binary_words", nullptr}};
  if (embedding.dim() % 64 != 0) return out;
  out["binary_words"] = json::array();
  for (const std::uint64_t word : similarity::binarized(vector).values)
    out["binary_words"].push_back(fmt::format("{:016x}", word));
  return out;
}

json similarity_of(const StaticEmbedding& embedding, const json& request) {
  const std::string a = text_field(request, "a"), b = text_field(request, "b");
  json out = {{"dense", shortest(text_similarity(embedding, a, b, false))}, {"binary", nullptr}};
  if (embedding.dim() % 64 == 0) out["binary"] = shortest(text_similarity(embedding, a, b, true));
  return out;
}

std::vector<float> line_scores(const TextOptions& options, const StaticEmbedding& embedding, const json& request,
                               const char* candidates, bool as_key = false) {
  const bool binary = flag_field(request, "binary", options.binary);
  const std::string query = text_field(request, "query");
  return Compared(embedding, texts_field(request, candidates), binary, 1, as_key).scores(query);
}

json ranked(const std::vector<float>& scores) {
  return {{"scores", shortest_list(scores)}, {"order", similarity::order_of(scores)}};
}

json topk(const TextOptions& options, const StaticEmbedding& embedding, const json& request) {
  const std::int64_t k = integer_field(request, "k", options.top);
  if (k < 0) fail({.where = "the field \"k\"", .found = fmt::format("{}", k), .expected = "0 or more"});
  std::vector<std::size_t> order = similarity::order_of(line_scores(options, embedding, request, "docs"));
  order.resize(std::min(order.size(), static_cast<std::size_t>(k)));
  return {{"index", order}};
}

json filter(const TextOptions& options, const StaticEmbedding& embedding, const json& request) {
  const double threshold = number_field(request, "threshold", options.threshold);
  return {{"index", similarity::above(line_scores(options, embedding, request, "docs"), threshold)}};
}

json dedup(const TextOptions& options, const StaticEmbedding& embedding, const json& request) {
  similarity::DuplicateOptions duplicates = options.duplicates;
  duplicates.threshold = number_field(request, "threshold", duplicates.threshold);
  const std::int64_t block = integer_field(request, "batch_size", static_cast<std::int64_t>(duplicates.block));
  const auto given = request.find("batch_size");
  if (block < 0 || (block == 0 && given != request.end() && !given->is_null())) {
    fail({.where = "the field \"batch_size\"", .found = fmt::format("{}", block), .expected = "1 or more, or null"});
  }
  duplicates.block = static_cast<std::size_t>(block);
  duplicates.threads = 1;
  const bool binary = flag_field(request, "binary", options.binary);
  Compared compared(embedding, texts_field(request, "docs"), binary, 1);
  if (options.near) {
    const similarity::NearOptions near{.threshold = duplicates.threshold, .recall = options.recall, .threads = 1};
    return {{"drop", std::move(compared).near_duplicates(near)}};
  }
  return {{"drop", std::move(compared).duplicates(duplicates)}};
}

Matrix matrix_field(const json& request) {
  const json& rows = request["matrix"];
  const auto refuse = [] {
    fail(
        {.where = "the field \"matrix\"", .found = "something else", .expected = "rows of numbers, all of one length"});
  };
  if (!rows.is_array() || rows.empty() || !rows[0].is_array() || rows[0].empty()) refuse();
  Matrix out(rows.size(), rows[0].size());
  for (std::size_t i = 0; i < out.rows; ++i) {
    if (!rows[i].is_array() || rows[i].size() != out.dim) refuse();
    for (std::size_t k = 0; k < out.dim; ++k) {
      if (!rows[i][k].is_number()) refuse();
      out.row(i)[k] = rows[i][k].get<float>();
    }
  }
  return out;
}

json cluster(const TextOptions& options, const StaticEmbedding& embedding, const json& request) {
  if (flag_field(request, "binary", options.binary)) {
    fail({.where = "clusters", .found = "binary vectors", .expected = "floating-point ones"});
  }
  similarity::KMeansOptions kmeans = options.kmeans;
  const auto given = request.find("k");
  const bool choose = options.choose_k && (given == request.end() || given->is_null());
  const std::int64_t k = integer_field(request, "k", options.k);
  const std::int64_t mini_batch = integer_field(request, "mini_batch", static_cast<std::int64_t>(options.mini_batch));
  const std::int64_t state = integer_field(request, "random_state", kmeans.random_state);
  if (k < 1) fail({.where = "the field \"k\"", .found = fmt::format("{}", k), .expected = "1 or more"});
  if (mini_batch < 0) {
    fail({.where = "the field \"mini_batch\"", .found = fmt::format("{}", mini_batch), .expected = "0 or more"});
  }
  if (state < 0 || state > std::numeric_limits<std::uint32_t>::max()) {
    fail({.where = "the field \"random_state\"", .found = fmt::format("{}", state), .expected = "0 to 4294967295"});
  }
  kmeans.k = static_cast<std::size_t>(k);
  kmeans.random_state = static_cast<std::uint32_t>(state);
  kmeans.runs = small_field(request, "n_init", kmeans.runs);
  kmeans.min_iterations = small_field(request, "min_iterations", kmeans.min_iterations);
  kmeans.max_iterations = small_field(request, "max_iterations", kmeans.max_iterations);
  kmeans.tolerance = number_field(request, "tolerance", kmeans.tolerance);
  kmeans.threads = 1;
  Matrix rows;
  if (request.contains("matrix")) {
    rows = matrix_field(request);
  } else {
    const std::vector<std::string> docs = texts_field(request, "docs");
    rows = embedding.embed(views_of(docs), 1);
    similarity::normalize(rows);
  }
  if (choose) kmeans.k = similarity::choose_k(rows, kmeans, options.most_k).k;
  const similarity::Clusters found =
      mini_batch > 0 ? similarity::mini_batch_kmeans(rows, kmeans, static_cast<std::size_t>(mini_batch))
                     : similarity::kmeans(rows, kmeans);
  return {{"labels", found.labels}, {"inertia", shortest(static_cast<float>(found.inertia))}};
}

std::optional<similarity::Unit> unit_field(const json& request, std::optional<similarity::Unit> fallback) {
  const auto at = request.find("by");
  if (at == request.end() || at->is_null()) return fallback;
  const auto found = at->is_string() ? text_units().find(at->get<std::string>()) : text_units().end();
  if (found != text_units().end()) return found->second;
  fail({.where = "the field \"by\"",
        .found = fmt::format("{:.60}", json_text(*at)),
        .expected = "\"tokens\", \"characters\" or \"bytes\""});
}

json split(const TextOptions& options, const StaticEmbedding& embedding, const json& request) {
  if (flag_field(request, "binary", options.binary)) {
    fail({.where = "splitting", .found = "binary vectors", .expected = "floating-point ones"});
  }
  const std::string text = text_field(request, "text");
  similarity::SplitOptions split = options.split;
  split.target_size = integer_field(request, "target_size", split.target_size);
  split.intermediate_size = integer_field(request, "intermediate_size", split.intermediate_size);
  split.cleanup_size = integer_field(request, "cleanup_size", split.cleanup_size);
  split.window_size = small_field(request, "window_size", split.window_size);
  split.savgol_window = small_field(request, "savgol_window", split.savgol_window);
  split.poly_order = small_field(request, "poly_order", split.poly_order);
  split.threads = 1;
  const std::optional<similarity::Unit> by = unit_field(request, options.by);
  const std::int64_t overlap = integer_field(request, "overlap", options.overlap);
  if (!by && overlap != 0) {
    fail({.where = "the field \"overlap\"",
          .found = fmt::format("{} without \"by\"", overlap),
          .expected = "\"by\", tokens, characters or bytes: what it is counted in"});
  }
  if (by) {
    json chunks = json::array(), offsets = json::array();
    for (const similarity::Window& window : similarity::windows(embedding, text, {*by, split.target_size, overlap})) {
      chunks.push_back(text.substr(window.begin, window.end - window.begin));
      offsets.push_back(window.begin);
    }
    return {{"chunks", chunks}, {"offsets", offsets}};
  }
  if (flag_field(request, "keep_text", false)) {
    json chunks = json::array(), offsets = json::array();
    std::size_t begin = 0;
    for (const std::size_t end : similarity::split_ends(embedding, text, split)) {
      chunks.push_back(text.substr(begin, end - begin));
      offsets.push_back(begin);
      begin = end;
    }
    return {{"chunks", chunks}, {"offsets", offsets}};
  }
  const similarity::ReferenceSplit found = similarity::reference_split(embedding, text, split);
  json out = {{"chunks", found.chunks}};
  if (!flag_field(request, "return_minima", false)) return out;
  out["pieces"] = found.pieces;
  out["minima_index"] = found.minima_index;
  out["minima_value"] = shortest_list(found.minima_value);
  out["window_average"] = shortest_list(found.averages);
  return out;
}

}  // namespace

json answer_text(TextVerb verb, const TextOptions& options, const StaticEmbedding& whole, const json& request) {
  const StaticEmbedding embedding = of_line(whole, request);
  switch (verb) {
    case TextVerb::tokenize:
      return tokenize(embedding, request);
    case TextVerb::embed:
      return embed(embedding, request);
    case TextVerb::similarity:
      return similarity_of(embedding, request);
    case TextVerb::rank:
      return ranked(line_scores(options, embedding, request, "docs"));
    case TextVerb::topk:
      return topk(options, embedding, request);
    case TextVerb::filter:
      return filter(options, embedding, request);
    case TextVerb::dedup:
      return dedup(options, embedding, request);
    case TextVerb::cluster:
      return cluster(options, embedding, request);
    case TextVerb::split:
      return split(options, embedding, request);
    case TextVerb::key:
      break;
  }
  return ranked(line_scores(options, embedding, request, "candidates", flag_field(request, "norm", true)));
}

}  // namespace welt
