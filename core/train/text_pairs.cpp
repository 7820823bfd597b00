// See text_pairs.h.
#include "core/train/text_pairs.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <utility>

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/philox.h"
#include "core/base/utf8.h"
#include "core/data/csv.h"
#include "core/data/json_rows.h"
#include "core/data/line_reader.h"
#include "core/data/source.h"
#include "core/recipe/choices.h"
#include "core/similarity/text_pieces.h"
#include "core/train/recipe_text.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t held_out_stream = 4, order_stream = 5;  // of Philox; the first ones are other purposes'

std::string line_of(const fs::path& file, std::uint64_t line) {
  return fmt::format("{}, line {}", file.string(), line);
}

// Of a row with something in it that is no character: whether it is taken, with U+FFFD there.
bool takes_replaced(const Recipe& recipe, const std::string& table, const std::string& where) {
  const std::string on_invalid = recipe.string(table + ".on_invalid");
  if (on_invalid == "error")
    fail({.where = where,
          .found = "bytes that are not UTF-8, or half of a surrogate pair",
          .expected = "text in UTF-8",
          .mend = fmt::format("Convert the file (iconv), or set {}.on_invalid to \"replace\" or \"skip\"", table)},
         ErrorCode::data_loss);
  return on_invalid == "replace";
}

void read_fields(const Recipe& recipe, const std::string& table, const fs::path& file, const TakePair& take) {
  const std::string names[2] = {recipe.string("pairs.first"), recipe.string("pairs.second")};
  LineReader lines(file);
  std::string_view line;
  std::uint64_t offset = 0;
  for (std::uint64_t number = 1; lines.next(line, offset); ++number) {
    if (similarity::is_blank(line)) continue;
    std::string texts[2];
    bool replaced = false;
    for (int side = 0; side < 2; ++side) {
      JsonRow row = read_json_row(line, names[side]);
      const bool absent = row.fault == RowFault::no_field;
      if (row.fault != RowFault::none)
        fail({.where = line_of(file, number),
              .found = absent ? fmt::format("no field \"{}\"; there are {}", names[side],
                                            fmt::join(json_row_fields(line), ", "))
                              : fmt::format("{} in place of a text of the field \"{}\"", row.found, names[side]),
              .expected = fmt::format("an object with the texts \"{}\" and \"{}\"", names[0], names[1]),
              .mend = absent ? "Name the fields with pairs.first and pairs.second" : ""},
             ErrorCode::data_loss);
      texts[side] = std::move(row.text);
      replaced = replaced || row.replaced;
    }
    if (!replaced || takes_replaced(recipe, table, line_of(file, number)))
      take(texts[0], texts[1], line_of(file, number));
  }
}

void read_columns(const Recipe& recipe, const std::string& table, const fs::path& file, const TakePair& take) {
  const char separator = small_ending(without_compression(file)) == ".csv" ? ',' : '\t';
  LineReader lines(file);
  std::string record;
  std::uint64_t read = 0, line = 0;
  while (next_csv_record(lines, separator, read, record, line)) {
    if (find_invalid_utf8(record) != utf8_ok) {
      if (!takes_replaced(recipe, table, line_of(file, line))) continue;
      record = replace_invalid_utf8(record);
    }
    const std::vector<std::string> fields = csv_fields(record, separator);
    if (fields.size() < 2)
      fail({.where = line_of(file, line),
            .found = "one column",
            .expected = separator == ',' ? "two texts with a comma between them" : "two texts with a tab between them"},
           ErrorCode::data_loss);
    take(fields[0], fields[1], line_of(file, line));
  }
}

// Calls take(document, number) for each that is not blank.
void read_texts(const Recipe& recipe, const std::string& table, const fs::path& file,
                const std::function<void(std::string_view, std::int64_t)>& take) {
  std::int64_t number = 0;
  read_documents({.files = {file},
                  .name = table,
                  .format = recipe.string(table + ".format"),
                  .field = recipe.string(table + ".field"),
                  .on_invalid = recipe.string(table + ".on_invalid")},
                 [&](const SourceDocument& document) {
                   ++number;
                   if (!similarity::is_blank(document.text)) take(document.text, number);
                 });
}

// Each text is in one pair only, so that none is both learnt from and held out.
void read_neighbours(const Recipe& recipe, const std::string& table, const fs::path& file, const TakePair& take) {
  std::string before;
  read_texts(recipe, table, file, [&](std::string_view text, std::int64_t number) {
    if (before.empty()) {
      before = text;
      return;
    }
    take(before, text, fmt::format("{}, document {}", file.string(), number));
    before.clear();
  });
}

void read_sentences(const Recipe& recipe, const std::string& table, const fs::path& file, const TakePair& take) {
  read_texts(recipe, table, file, [&](std::string_view text, std::int64_t number) {
    std::vector<similarity::TextPiece> sentences;
    for (const similarity::TextPiece& line : similarity::split_lines(text))
      for (similarity::TextPiece& sentence : similarity::split_sentences(line.text))
        if (!similarity::is_blank(sentence.text)) sentences.push_back(std::move(sentence));
    for (std::size_t i = 0; i + 1 < sentences.size(); i += 2)
      take(sentences[i].text, sentences[i + 1].text, fmt::format("{}, document {}", file.string(), number));
  });
}

// Pairs of data.train or data.validation as ids.
void read_table(const Recipe& recipe, const std::string& table, const similarity::TextIds& ids,
                const std::function<void(std::span<const std::int32_t>, std::span<const std::int32_t>)>& take) {
  const auto most = static_cast<std::size_t>(recipe.integer("embedding.max_tokens"));
  const PairSource& source = find_choice(pair_sources(), recipe.string("pairs.from"), "pairs.from");
  const std::string key = table + ".files";
  for (const fs::path& file : recipe.resolve_files(key))
    source.read(recipe, table, file, [&](std::string_view first, std::string_view second, const std::string& where) {
      std::vector<std::int32_t> tokens[2];
      for (int side = 0; side < 2; ++side) {
        const std::string_view text = side == 0 ? first : second;
        const char* which = side == 0 ? "first" : "second";
        if (similarity::is_blank(text))
          fail({.where = where, .found = fmt::format("the {} text is empty", which), .expected = "two texts"},
               ErrorCode::data_loss);
        tokens[side] = with_context(where, [&] { return ids(text); });
        if (tokens[side].empty())
          fail({.where = where,
                .found = fmt::format("the {} text has no token of the tokenizer", which),
                .expected = "two texts"},
               ErrorCode::data_loss);
        if (tokens[side].size() > most) tokens[side].resize(most);
      }
      take(tokens[0], tokens[1]);
    });
}

void require_pairs(const Recipe& recipe, const std::string& key, const TokenPairs& pairs, std::int64_t least) {
  if (pairs.size() >= least) return;
  fail({.where = fmt::format("{}: {}", recipe.where(key), key),
        .found = fmt::format("{} pairs of texts", pairs.size()),
        .expected = fmt::format("{} or more: a text is told from the others of its batch", least),
        .mend = "Name more text, lower train.batch, or say with pairs.from where the pairs are"});
}

}  // namespace

const std::vector<PairSource>& pair_sources() {
  static const std::vector<PairSource> all{
      {"documents", "neighbouring documents of the files, two by two (data.train.format: lines, paragraphs, …)",
       read_neighbours},
      {"sentences", "neighbouring sentences of a document, two by two", read_sentences},
      {"fields", "the fields pairs.first and pairs.second of each line of JSON", read_fields},
      {"columns", "the first two columns of a table: .csv by commas, others by tabs", read_columns}};
  return all;
}

void add_pair_keys(std::vector<RecipeKey>& keys) {
  keys.push_back(table_key("pairs.from", "documents",
                           "How data.train.files and data.validation.files become pairs of texts", pair_sources()));
  keys.push_back({"pairs.first", "string", "first", "Field of a line of JSON that holds the first text of a pair"});
  keys.push_back({"pairs.second", "string", "second", "Field that holds the second one"});
}

void TokenPairs::add(std::span<const std::int32_t> first, std::span<const std::int32_t> second) {
  for (const std::span<const std::int32_t> text : {first, second}) {
    ids_.insert(ids_.end(), text.begin(), text.end());
    ends_.push_back(ids_.size());
  }
}

std::span<const std::int32_t> TokenPairs::text(std::int64_t number) const {
  const auto at = static_cast<std::size_t>(number);
  const std::size_t begin = at == 0 ? 0 : ends_[at - 1];
  return std::span(ids_).subspan(begin, ends_[at] - begin);
}

void check_pairs(const Recipe& recipe) {
  if (!recipe.string("data.prepared").empty())
    fail({recipe.where("data.prepared") + ": data.prepared", "prepared text has no pairs", "data.train.files", {}});
  if (!names_training_text(recipe))
    fail({recipe.where("data.train.files") + ": data.train.files",
          "no file is named",
          "files with pairs of texts: files = [\"…\"]",
          {}});
  if (const std::int64_t batch = recipe.integer("train.batch"); batch < 2)
    fail({recipe.where("train.batch") + ": train.batch",
          fmt::format("{}", batch),
          "2 or more pairs: a text is told from the others of its batch",
          {}});
  training_text(recipe);
  held_out_text(recipe);
}

PairSplit read_pairs(const Recipe& recipe, const similarity::TextIds& ids) {
  check_pairs(recipe);
  PairSplit out;
  const double share = held_out_share(recipe);
  std::uint64_t number = 0;
  read_table(recipe, "data.train", ids, [&](auto first, auto second) {
    const double draw = static_cast<double>(philox64(0, held_out_stream << 32, number++) >> 11) * 0x1p-53;
    (draw < share ? out.held_out : out.train).add(first, second);
  });
  require_pairs(recipe, "data.train.files", out.train, recipe.integer("train.batch"));
  const std::string key = "data.validation.files";
  if (!recipe.strings(key).empty()) {
    read_table(recipe, "data.validation", ids, [&](auto first, auto second) { out.held_out.add(first, second); });
    require_pairs(recipe, key, out.held_out, 2);
  } else if (share > 0) {
    require_pairs(recipe, "data.validation.fraction", out.held_out, 2);
  }
  return out;
}

std::vector<std::int64_t> epoch_order(std::int64_t pairs, std::uint64_t seed, std::uint64_t epoch, bool shuffle) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(pairs));
  std::iota(order.begin(), order.end(), 0);
  if (!shuffle) return order;
  for (std::uint64_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[philox64(seed, (order_stream << 32) | epoch, i) % i]);
  return order;
}

}  // namespace welt
