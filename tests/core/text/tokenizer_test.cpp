// Ids and masks of all encodings against tests/goldens/text/{tokenizer,decode}.jsonl: as recorded, and by the default.
#include "core/text/tokenizer.h"

#include <gtest/gtest.h>

#include <random>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "tests/core/text/golden_lines.h"

namespace welt {
namespace {

using OrderedJson = nlohmann::ordered_json;
using Ids = std::vector<std::uint32_t>;

struct EncodedRows {
  std::vector<Ids> ids, masks;
  bool operator==(const EncodedRows&) const = default;
};

template <typename Unit>
EncodedRows rows_of(const std::vector<std::string>& texts, const TokenizeOptions& options) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  TokenRows<Unit> rows;
  // What an earlier batch left behind must not show.
  tokenize(std::vector<std::string_view>{"something longer than all", "x"}, {.padding = true}, rows);
  tokenize(views, options, rows);
  EncodedRows all;
  for (std::int64_t i = 0; i < rows.rows(); ++i) {
    all.ids.emplace_back(rows.row(i).begin(), rows.row(i).end());
    all.masks.emplace_back(rows.row_mask(i).begin(), rows.row_mask(i).end());
  }
  return all;
}

EncodedRows rows_of(Encoding encoding, const std::vector<std::string>& texts, const TokenizeOptions& options) {
  if (encoding == Encoding::utf8) return rows_of<std::uint8_t>(texts, options);
  if (encoding == Encoding::utf16) return rows_of<std::uint16_t>(texts, options);
  return rows_of<std::uint32_t>(texts, options);
}

TokenizeOptions options_of(const OrderedJson& given) {
  TokenizeOptions options{.special = given.value("add_special_tokens", true), .padding = given.value("padding", false)};
  if (given.value("truncation", false) && given.contains("max_length")) options.max_length = given["max_length"];
  return options;
}

EncodedRows recorded(const OrderedJson& row) { return {row["input_ids"], row["attention_mask"]}; }

// The recorded rows without the part of a character that the reference cut off, and masks that follow their lengths:
// decoding drops that part.
EncodedRows mended(const OrderedJson& row, Encoding encoding, const TokenizeOptions& options) {
  EncodedRows rows;
  std::size_t width = 0;
  for (std::size_t i = 0; i < row["texts"].size(); ++i) {
    Ids ids = row["input_ids"][i];
    const auto& text = row["texts"][i].get_ref<const std::string&>();
    if (text.find('\0') == std::string::npos) std::erase(ids, 0u);  // padding
    Ids own(ids.begin() + (options.special ? 1 : 0), ids.end() - (options.special ? 1 : 0));
    if (options.max_length && text.find('\0') == std::string::npos) {
      const EncodedRows again = rows_of(encoding, {decode(own, encoding, false)}, {.special = options.special});
      ids = again.ids[0];
    }
    rows.masks.emplace_back(ids.size(), 1);
    rows.ids.push_back(ids);
    width = std::max(width, ids.size());
  }
  if (options.padding)
    for (std::size_t i = 0; i < rows.ids.size(); ++i) rows.ids[i].resize(width, 0), rows.masks[i].resize(width, 0);
  return rows;
}

TEST(TokenizerParity, EveryCaseAsRecorded) {
  const auto cases = test::golden_lines("tokenizer.jsonl");
  ASSERT_EQ(cases.size(), 63U);
  for (const OrderedJson& row : cases) {
    TokenizeOptions options = options_of(row["options"]);
    options.reference_compatible = true;
    EXPECT_EQ(rows_of(*find_encoding(row["encoding"].get<std::string>()), row["texts"], options), recorded(row))
        << row.dump();
  }
}

TEST(TokenizerParity, EveryCaseAsItShouldBe) {
  int changed = 0;
  for (const OrderedJson& row : test::golden_lines("tokenizer.jsonl")) {
    const Encoding encoding = *find_encoding(row["encoding"].get<std::string>());
    const TokenizeOptions options = options_of(row["options"]);
    EncodedRows expected = row.contains("fixed") ? EncodedRows{row["input_ids"], row["fixed"]["attention_mask"]}
                                                 : mended(row, encoding, options);
    EXPECT_EQ(rows_of(encoding, row["texts"], options), expected) << row.dump();
    changed += expected != recorded(row);
  }
  EXPECT_EQ(changed, 8) << "three with a NUL, five cut inside a character";
}

TEST(TokenizerParity, EveryDecodedCase) {
  const auto cases = test::golden_lines("decode.jsonl");
  ASSERT_EQ(cases.size(), 31U);
  for (const OrderedJson& row : cases) {
    const Encoding encoding = *find_encoding(row["encoding"].get<std::string>());
    const Ids ids = row["ids"];
    if (row.contains("error")) {
      EXPECT_THROW(decode(ids, encoding, false), Error) << row.dump();
      continue;
    }
    EXPECT_EQ(decode(ids, encoding, false), row["text"].get<std::string>()) << row.dump();
    EXPECT_EQ(decode(ids, encoding, true), row["text_skip_special"].get<std::string>()) << row.dump();
  }
}

// For any text and any limit: at most that many ids, a beginning of the text, and no longer one would fit.
TEST(Tokenizer, KeepsAsManyWholeCharactersAsFit) {
  std::mt19937 random(3);
  const std::vector<std::string> characters = {"a", "é", "€", "😀", "\x01", "ש", "\U0010FFFF"};
  for (int trial = 0; trial < 300; ++trial) {
    std::vector<std::string> text(random() % 7);
    std::string whole;
    for (std::string& character : text) whole += character = characters[random() % characters.size()];
    const std::int64_t limit = 2 + static_cast<std::int64_t>(random() % 12);
    for (const Encoding encoding : {Encoding::utf8, Encoding::utf16, Encoding::utf32}) {
      const Ids ids = rows_of(encoding, {whole}, {.max_length = limit}).ids[0];
      std::string begin;
      Ids longest = rows_of(encoding, {begin}, {}).ids[0];
      for (const std::string& character : text) {
        const Ids longer = rows_of(encoding, {begin += character}, {}).ids[0];
        if (static_cast<std::int64_t>(longer.size()) > limit) break;
        longest = longer;
      }
      EXPECT_EQ(ids, longest) << whole << " limit " << limit;
    }
  }
}

TEST(Tokenizer, EveryTextComesBack) {
  std::mt19937 random(4);
  for (int trial = 0; trial < 200; ++trial) {
    std::string text;
    for (int i = trial % 40; i > 0; --i) {
      const char32_t c = random() % (trial % 2 ? 0x80 : 0x110000);
      if (c < 0xD800 || c > 0xDFFF) append_utf8(text, c);
    }
    for (const Encoding encoding : {Encoding::utf8, Encoding::utf16, Encoding::utf32}) {
      Ids ids = rows_of(encoding, {text}, {.special = false}).ids[0];
      EXPECT_EQ(decode(ids, encoding, false), text);
    }
  }
}

TEST(Tokenizer, NoTextsAndEmptyTexts) {
  EXPECT_TRUE(rows_of(Encoding::utf8, {}, {.padding = true}).ids.empty());
  EXPECT_TRUE(rows_of(Encoding::utf16, {}, {.padding = true}).ids.empty());
  EXPECT_EQ(rows_of(Encoding::utf32, {"", ""}, {.special = false, .padding = true}).ids, std::vector<Ids>(2));
}

TEST(Tokenizer, BadInputIsAnError) {
  const std::vector<std::string> ill = {"ok", "\xED\xA0\x80"};
  EXPECT_THROW(rows_of(Encoding::utf16, ill, {}), Error);
  EXPECT_THROW(rows_of(Encoding::utf32, ill, {}), Error);
  EXPECT_EQ(rows_of(Encoding::utf8, ill, {}).ids[1], (Ids{2, 0xED, 0xA0, 0x80, 3}));
  EXPECT_THROW(rows_of(Encoding::utf8, {"a"}, {.max_length = -1}), Error);
  EXPECT_EQ(rows_of(Encoding::utf16, {"a"}, {.max_length = INT64_MAX}).ids[0], (Ids{2, 'a', 3}));
  EXPECT_THROW(decode(Ids{256}, Encoding::utf8, false), Error);
  EXPECT_THROW(decode(Ids{0x10000}, Encoding::utf16, false), Error);
  EXPECT_THROW(decode(Ids{UINT32_MAX}, Encoding::utf32, true), Error);
}

TEST(Tokenizer, PaddingThatNoMemoryHoldsIsRefused) {
  std::vector<std::string> texts(100'000);
  texts[7].assign(1 << 20, 'x');
  EXPECT_THROW(rows_of(Encoding::utf8, texts, {.padding = true}), Error);
  EXPECT_THROW(rows_of(Encoding::utf16, texts, {.padding = true}), Error);
}

TEST(Tokenizer, EncodingsByName) {
  EXPECT_EQ(find_encoding("utf-16"), Encoding::utf16);
  EXPECT_EQ(find_encoding("UTF-32"), Encoding::utf32);
  EXPECT_EQ(find_encoding("utf8"), std::nullopt);
  EXPECT_EQ(find_encoding(""), std::nullopt);
}

}  // namespace
}  // namespace welt
