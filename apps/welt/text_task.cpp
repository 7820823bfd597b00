// See text_task.h.
#include "apps/welt/text_task.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <iterator>

#include "apps/welt/text_download.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/progress.h"
#include "core/data/line_reader.h"
#include "core/similarity/embedding_files.h"
#include "core/similarity/ranking.h"

namespace welt {

namespace fs = std::filesystem;
using similarity::StaticEmbedding;

namespace {

// Of a folder every file below it, by name.
std::vector<std::string> files_of(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return {path};
  std::vector<std::string> out;
  for (fs::recursive_directory_iterator at(path, error); !error && at != fs::recursive_directory_iterator();
       at.increment(error))
    if (at->is_regular_file(error)) out.push_back(at->path().string());
  if (error) fail({path, error.message(), "a folder that can be read"}, ErrorCode::not_found);
  std::ranges::sort(out);
  return out;
}

void each_of_reader(LineReader reader, bool whole, const std::function<void(std::string)>& take) {
  if (whole) return take(std::string(reader.rest()));
  std::string_view line;
  for (std::uint64_t offset = 0; reader.next(line, offset);) take(std::string(line));
}

}  // namespace

StaticEmbedding load_embedding(const TextOptions& options) {
  if (options.dim < 0) {
    fail({.where = "--dim",
          .found = fmt::format("{}", options.dim),
          .expected = "a number of dimensions, or 0 for all"});
  }
  const auto find = [&] { return similarity::find_embedding(options.model, options.tokenizer); };
  similarity::EmbeddingFiles files;
  try {
    files = find();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found) throw;
    bool is_here = false;
    try {
      is_here = download_embedding(options.model);
    } catch (const Error& why) {
      throw Error(fmt::format("{} It could not be downloaded: {}", error.what(), why.what()), why.code());
    }
    if (!is_here) throw;
    files = find();
  }
  return StaticEmbedding::load(files, static_cast<std::size_t>(options.dim));
}

void each_text(const TextOptions& options, const std::function<void(std::string text)>& take) {
  for (const std::string& text : options.arguments) take(text);
  for (const std::string& path : options.files)
    for (const std::string& file : files_of(path))
      each_of_reader(LineReader::of_file_or_stdin(file), options.whole_files, take);
  if (options.arguments.empty() && options.files.empty())
    each_of_reader(LineReader(TextStream::standard_input()), options.whole_files, take);
}

std::vector<std::string> texts_of(const TextOptions& options) {
  std::vector<std::string> out;
  each_text(options, [&](std::string text) { out.push_back(std::move(text)); });
  return out;
}

std::vector<std::string_view> views_of(const std::vector<std::string>& texts) { return {texts.begin(), texts.end()}; }

similarity::Matrix vectors_of(const StaticEmbedding& embedding, const std::vector<std::string>& texts, int threads) {
  constexpr std::size_t many = 10'000;
  if (texts.size() < many) return embedding.embed(views_of(texts), threads);
  Progress progress("embed", std::ssize(texts));
  return embedding.embed(views_of(texts), threads,
                         [&](std::size_t done) { progress.update(static_cast<std::int64_t>(done), "texts"); });
}

Compared::Compared(const StaticEmbedding& embedding, const std::vector<std::string>& texts, bool binary, int threads,
                   bool as_key)
    : embedding_(embedding), binary_(binary), as_key_(as_key), dense_(vectors_of(embedding, texts, threads)) {
  if (binary) bits_ = bits_of(dense_);
}

similarity::BitMatrix Compared::bits_of(const similarity::Matrix& rows) const {
  similarity::BitMatrix out = similarity::binarized(rows);
  for (std::size_t i = 0; as_key_ && i < rows.rows; ++i) {
    const bool has_length = std::any_of(rows.row(i), rows.row(i) + rows.dim, [](float value) { return value != 0; });
    if (!has_length) std::fill_n(out.row(i), out.words, ~std::uint64_t{0});
  }
  return out;
}

std::vector<float> Compared::scores(std::string_view query) const {
  similarity::Matrix wanted(1, embedding_.dim());
  wanted.values = embedding_.embed(query);
  if (!binary_) return similarity::scores(wanted.values, dense_);
  return similarity::scores(bits_of(wanted).values, bits_);
}

std::vector<std::size_t> Compared::duplicates(const similarity::DuplicateOptions& options) && {
  return binary_ ? similarity::duplicates(bits_, options) : similarity::duplicates(std::move(dense_), options);
}

std::vector<std::size_t> Compared::near_duplicates(const similarity::NearOptions& options) && {
  if (binary_) fail({.where = "--near", .found = "--binary", .expected = "floating-point vectors"});
  return similarity::near_duplicates(std::move(dense_), options);
}

float text_similarity(const StaticEmbedding& embedding, std::string_view a, std::string_view b, bool binary) {
  return Compared(embedding, {std::string(b)}, binary, 1).scores(a)[0];
}

const std::map<std::string, similarity::Unit>& text_units() {
  static const std::map<std::string, similarity::Unit> all{{"tokens", similarity::Unit::tokens},
                                                           {"characters", similarity::Unit::characters},
                                                           {"bytes", similarity::Unit::bytes}};
  return all;
}

double shortest(float value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text - 1, value).ptr;
  *end = '\0';
  return std::strtod(text, nullptr);
}

}  // namespace welt
