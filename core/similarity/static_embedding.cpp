// See static_embedding.h.
#include "core/similarity/static_embedding.h"

#include <welt/common/file_kind.h>
#include <welt/tokenizers/tokenizer.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>
#include <optional>
#include <stdexcept>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/safetensors.h"
#include "core/base/utf8.h"
#include "core/similarity/kernels.h"
#include "core/similarity/parallel.h"
#include "core/similarity/ranking.h"
#include "core/similarity/text_pieces.h"

namespace welt::similarity {
namespace {

constexpr std::size_t cache_bytes = 16 << 20;  // of pieces seen before, for each thread
constexpr std::uintmax_t largest_config = 1 << 20;
constexpr std::size_t default_max_length = 512;  // tokens: Model2Vec's

double number_at(const SafetensorsEntry& entry, std::size_t i) {
  const auto read = [&]<typename T>(T) {
    T value;
    std::memcpy(&value, entry.data.data() + i * sizeof(T), sizeof(T));
    return static_cast<double>(value);
  };
  if (entry.dtype == "F32") return read(float{});
  if (entry.dtype == "F64") return read(double{});
  std::uint16_t half = 0;
  float out = 0;
  std::memcpy(&half, entry.data.data() + 2 * i, 2);
  kernels().add_f16(&out, &half, 1);
  return static_cast<double>(out);
}

// The nearest float16, of two the even one: what Model2Vec keeps of means of float16 vectors.
float rounded_to_half(float value) {
  const float size = std::fabs(value);
  if (!(size < 65520.0F)) return value < 0 ? -HUGE_VALF : value > 0 ? HUGE_VALF : value;
  const int exponent = size < 0x1p-14F ? -14 : std::ilogb(size);
  const float step = std::ldexp(1.0F, exponent - 10);
  return std::nearbyint(value / step) * step;
}

tokenizers::Tokenizer read_tokenizer(const std::filesystem::path& path) {
  const std::string json = read_file(path);
  refuse_other_kind(std::string_view(json).substr(0, file_head), path.string(), "a tokenizer.json");
  try {
    return tokenizers::Tokenizer(json, cache_bytes);
  } catch (const std::runtime_error& error) {
    fail({.where = path.string(), .found = error.what()}, ErrorCode::data_loss);
  }
}

}  // namespace

struct StaticEmbedding::Table {
  enum class Form { f16, f32, i8 };

  Table(const EmbeddingFiles& files) : tokenizer(read_tokenizer(files.tokenizer)) {
    read_weights(files);
    if (!files.config.empty()) read_config(files);
    check_vocabulary(files);
  }

  void read_weights(const EmbeddingFiles& files) {
    const SafetensorsFile file = SafetensorsFile::open(files.weights);
    mapping = file.mapping();
    const SafetensorsEntry* entry = file.find("embedding.weight");
    if (entry == nullptr) entry = file.find("embeddings");
    if (entry == nullptr && file.entries().size() == 1) entry = &file.entries()[0];
    const auto refuse = [&](const std::string& found, const std::string& expected) {
      fail({.where = files.weights.string(), .found = found, .expected = expected}, ErrorCode::data_loss);
    };
    if (entry == nullptr) refuse("no tensor embedding.weight or embeddings", "a table of token vectors");
    if (entry->shape.size() != 2 || entry->shape[0] < 1 || entry->shape[1] < 1) {
      refuse(fmt::format("{} is not a table of rows and columns", entry->name), "two dimensions of 1 or more");
    }
    rows = static_cast<std::size_t>(entry->shape[0]);
    dim = static_cast<std::size_t>(entry->shape[1]);
    data = entry->data.data();
    if (entry->dtype == "F16")
      form = Form::f16;
    else if (entry->dtype == "F32")
      form = Form::f32;
    else if (entry->dtype == "I8")
      form = Form::i8;
    else
      refuse(fmt::format("{} of type {}", entry->name, entry->dtype), "F16, F32 or I8");
    // Behind a header of odd length, which the format's own writers do not make, numbers cannot be read in place.
    const std::size_t size = form == Form::f32 ? sizeof(float) : form == Form::f16 ? sizeof(std::uint16_t) : 1;
    if (reinterpret_cast<std::uintptr_t>(data) % size != 0) {
      auto copy = std::make_shared<const std::vector<std::byte>>(entry->data.begin(), entry->data.end());
      data = copy->data();
      mapping = std::move(copy);
    }
    if (const SafetensorsEntry* found = file.find("weights")) read_token_weights(files, *found);
    if (const SafetensorsEntry* found = file.find("mapping")) read_mapping(files, *found);
  }

  void read_token_weights(const EmbeddingFiles& files, const SafetensorsEntry& entry) {
    if (entry.shape.size() != 1 || (entry.dtype != "F64" && entry.dtype != "F32" && entry.dtype != "F16")) {
      fail({.where = files.weights.string(),
            .found = "weights that are no list of numbers",
            .expected = "F64, F32 or F16"},
           ErrorCode::data_loss);
    }
    wide_weights = entry.dtype == "F64";
    for (std::size_t i = 0; i < static_cast<std::size_t>(entry.shape[0]); ++i) weights.push_back(number_at(entry, i));
  }

  void read_mapping(const EmbeddingFiles& files, const SafetensorsEntry& entry) {
    const std::size_t size = entry.dtype == "I64" ? 8 : entry.dtype == "I32" ? 4 : 0;
    for (std::size_t i = 0; size > 0 && entry.shape.size() == 1 && i < static_cast<std::size_t>(entry.shape[0]); ++i) {
      std::int64_t row = 0;
      std::memcpy(&row, entry.data.data() + i * size, size);
      if (row < 0 || static_cast<std::size_t>(row) >= rows) break;
      row_of.push_back(static_cast<std::uint32_t>(row));
    }
    if (entry.shape.size() == 1 && row_of.size() == static_cast<std::size_t>(entry.shape[0])) return;
    fail({.where = files.weights.string(),
          .found = "a mapping of tokens to rows that are not there",
          .expected = fmt::format("I64 or I32 from 0 to {}", rows - 1)},
         ErrorCode::data_loss);
  }

  void read_config(const EmbeddingFiles& files) {
    const nlohmann::json config = read_json_object(files.config, largest_config);
    const auto refuse = [&](const char* key, const char* expected) {
      fail({.where = files.config.string() + ", " + key, .found = json_text(config[key]), .expected = expected});
    };
    is_model2vec = true;
    if (const auto at = config.find("normalize"); at != config.end() && !at->is_null()) {
      if (!at->is_boolean()) refuse("normalize", "true or false");
      normalize = at->get<bool>();
    }
    max_length = default_max_length;
    if (const auto at = config.find("max_length"); at != config.end()) {
      if (!at->is_null() && !at->is_number_unsigned()) refuse("max_length", "a number of tokens, or null");
      constexpr std::size_t most = std::size_t{1} << 32;  // times a token's length it is a number still
      max_length = at->is_null() ? std::optional<std::size_t>() : std::min(at->get<std::size_t>(), most);
    }
    // A text is cut to so many characters before it is tokenized, as Model2Vec does.
    std::vector<std::size_t> lengths;
    for (const auto& [token, id] : tokenizer.vocabulary()) lengths.push_back(characters(token));
    std::ranges::sort(lengths);
    const std::size_t count = lengths.size();
    median_length = count == 0 ? 0 : (lengths[(count - 1) / 2] + lengths[count / 2]) / 2;
    unknown = tokenizer.unknown_id();
  }

  // WordLlama takes the last row for ids behind the table; a whole vocabulary behind it is another model's.
  void check_vocabulary(const EmbeddingFiles& files) {
    const std::size_t known = !row_of.empty() ? row_of.size() : rows;
    const bool all_inside = static_cast<std::int64_t>(tokenizer.largest_id()) < static_cast<std::int64_t>(known);
    if (all_inside && (weights.empty() || weights.size() >= known)) return;
    std::size_t beyond = 0, count = 0;
    for (const auto& [token, id] : tokenizer.vocabulary()) {
      ++count;
      beyond += static_cast<std::size_t>(id) >= known ? 1 : 0;
    }
    const bool weights_fit = weights.empty() || weights.size() >= known;
    if (weights_fit && (is_model2vec ? beyond == 0 : beyond <= count / 100)) return;
    fail({.where = fmt::format("{} and {}", files.tokenizer.string(), files.weights.string()),
          .found = fmt::format("{} tokens, but {} rows", count, known),
          .expected = "a tokenizer and weights of one model"},
         ErrorCode::failed_precondition);
  }

  tokenizers::Tokenizer tokenizer;
  std::shared_ptr<const void> mapping;
  const std::byte* data = nullptr;
  std::size_t rows = 0, dim = 0;
  Form form = Form::f16;
  std::vector<double> weights;        // of tokens; empty: none
  bool wide_weights = false;          // they are double in the file
  std::vector<std::uint32_t> row_of;  // of tokens; empty: their ids
  bool is_model2vec = false, normalize = false;
  std::optional<std::size_t> max_length;
  std::size_t median_length = 0;
  std::int32_t unknown = -1;
};

StaticEmbedding::StaticEmbedding(std::shared_ptr<const Table> table, std::size_t dim)
    : table_(std::move(table)), dim_(dim) {}
StaticEmbedding::StaticEmbedding(StaticEmbedding&&) noexcept = default;
StaticEmbedding::~StaticEmbedding() = default;

StaticEmbedding StaticEmbedding::load(const EmbeddingFiles& files, std::size_t dim) {
  auto table = std::make_shared<const Table>(files);
  const std::size_t full = table->dim;
  StaticEmbedding whole(std::move(table), full);
  return dim == 0 ? std::move(whole) : whole.with_dim(dim);
}

StaticEmbedding StaticEmbedding::with_dim(std::size_t dim) const {
  if (dim < 1 || dim > table_->dim) {
    fail({.where = "the number of dimensions",
          .found = fmt::format("{}", dim),
          .expected = fmt::format("1 to {}, as many as the weights have", table_->dim)});
  }
  return {table_, dim};
}

std::size_t StaticEmbedding::dim() const { return dim_; }
std::size_t StaticEmbedding::full_dim() const { return table_->dim; }
std::size_t StaticEmbedding::rows() const { return table_->rows; }
bool StaticEmbedding::normalizes() const { return table_->normalize; }

namespace {

std::string_view first_characters(std::string_view text, std::size_t count) {
  if (text.size() <= count) return text;
  std::size_t at = 0;
  for (; at < text.size(); ++at)
    if ((static_cast<std::uint8_t>(text[at]) & 0xC0) != 0x80 && count-- == 0) break;
  return text.substr(0, at);
}

}  // namespace

std::vector<std::int32_t> StaticEmbedding::tokenize(std::string_view text) const {
  if (const std::size_t fault = find_invalid_utf8(text); fault != utf8_ok) {
    fail({"the text", fmt::format("byte {} is not UTF-8", fault), "text in UTF-8"}, ErrorCode::data_loss);
  }
  std::vector<std::int32_t> ids;
  try {
    table_->tokenizer.encode(text, ids);
  } catch (const std::runtime_error& error) {
    throw Error(error.what());
  }
  return ids;
}

struct StaticEmbedding::Room {
  std::vector<std::int32_t> ids;
  std::vector<double> wide;   // sums
  std::vector<float> narrow;  // sums
  std::vector<float> row;
};

// WordLlama takes the last row for ids behind the table.
std::size_t StaticEmbedding::row_of(std::size_t token) const {
  const Table& table = *table_;
  return table.row_of.empty() ? std::min(token, table.rows - 1)
                              : table.row_of[std::min(token, table.row_of.size() - 1)];
}

void StaticEmbedding::add_rows(Room& room, float* sum) const {
  const Table& table = *table_;
  for (const std::int32_t id : room.ids) {
    const std::size_t at = row_of(static_cast<std::size_t>(id)) * table.dim;
    if (table.form == Table::Form::f16)
      kernels().add_f16(sum, reinterpret_cast<const std::uint16_t*>(table.data) + at, dim_);
    else
      kernels().add_f32(sum, reinterpret_cast<const float*>(table.data) + at, dim_);
  }
  const auto count = static_cast<float>(std::max<std::size_t>(1, room.ids.size()));
  for (std::size_t i = 0; i < dim_; ++i) sum[i] /= count;
}

// As numpy does it for Model2Vec: products and sums are of the weights' type, and whole numbers are summed in double.
template <typename Sum>
void StaticEmbedding::add_weighted_rows(Room& room, std::vector<Sum>& sums, float* mean) const {
  const Table& table = *table_;
  sums.assign(dim_, Sum{});
  room.row.resize(dim_);
  for (const std::int32_t id : room.ids) {
    const auto token = static_cast<std::size_t>(id);
    const std::size_t at = row_of(token) * table.dim;
    std::ranges::fill(room.row, 0.0F);
    if (table.form == Table::Form::f16)
      kernels().add_f16(room.row.data(), reinterpret_cast<const std::uint16_t*>(table.data) + at, dim_);
    else if (table.form == Table::Form::f32)
      kernels().add_f32(room.row.data(), reinterpret_cast<const float*>(table.data) + at, dim_);
    else
      std::copy_n(reinterpret_cast<const std::int8_t*>(table.data) + at, dim_, room.row.data());
    const auto weight =
        static_cast<Sum>(table.weights.empty() ? 1.0 : table.weights[std::min(token, table.weights.size() - 1)]);
    for (std::size_t i = 0; i < dim_; ++i) sums[i] += static_cast<Sum>(room.row[i]) * weight;
  }
  const auto count = static_cast<Sum>(std::max<std::size_t>(1, room.ids.size()));
  for (std::size_t i = 0; i < dim_; ++i) mean[i] = static_cast<float>(sums[i] / count);
}

void StaticEmbedding::embed_into(std::string_view text, Room& room, float* out) const {
  const Table& table = *table_;
  room.ids.clear();
  if (table.max_length) text = first_characters(text, *table.max_length * table.median_length);
  try {
    table.tokenizer.encode(text, room.ids);
  } catch (const std::runtime_error& error) {
    throw Error(error.what());
  }
  if (table.max_length && room.ids.size() > *table.max_length) room.ids.resize(*table.max_length);
  if (table.is_model2vec) std::erase(room.ids, table.unknown);
  if (table.weights.empty() && table.form != Table::Form::i8)
    add_rows(room, out);
  else if (table.weights.empty() || table.wide_weights)
    add_weighted_rows(room, room.wide, out);
  else
    add_weighted_rows(room, room.narrow, out);
  if (!table.is_model2vec || table.form != Table::Form::f16) return;
  for (std::size_t i = 0; i < dim_; ++i) out[i] = rounded_to_half(out[i]);
}

Matrix StaticEmbedding::embed(std::span<const std::string_view> texts, int threads,
                              const std::function<void(std::size_t)>& progress) const {
  constexpr std::size_t grain = 32;
  Matrix out(texts.size(), dim_);
  std::mutex mutex;
  std::size_t done = 0;
  for_parts(texts.size(), grain, threads, [&](std::size_t begin, std::size_t end, std::size_t) {
    Room room;
    for (std::size_t i = begin; i < end; ++i) {
      if (const std::size_t fault = find_invalid_utf8(texts[i]); fault != utf8_ok) {
        fail({fmt::format("text {}", i + 1), fmt::format("byte {} is not UTF-8", fault), "text in UTF-8"},
             ErrorCode::data_loss);
      }
      embed_into(texts[i], room, out.row(i));
    }
    if (!progress) return;
    const std::lock_guard lock(mutex);
    progress(done += end - begin);
  });
  if (!table_->normalize) return out;
  similarity::normalize(out);
  if (table_->form == Table::Form::f16)
    for (float& value : out.values) value = rounded_to_half(value);
  return out;
}

std::vector<float> StaticEmbedding::embed(std::string_view text) const { return embed(std::span(&text, 1), 1).values; }

}  // namespace welt::similarity
