// The engine mecab on small dictionaries that the tests write: ways of equal cost, unknown words, white space, damage.
#include <array>
#include <cstdint>
#include <map>
#include <random>

#include "engines_support.h"
#include "plugins/segmenters/words/engines/mecab.h"

namespace welt::words {
namespace {

// A MeCab dictionary by hand: 2 contexts, the categories DEFAULT (grouped), SPACE and KANJI (one or two characters).
class MecabFiles {
 public:
  struct Reading {
    std::uint16_t left, right;
    std::int16_t cost;
  };

  void word(const std::string& text, std::vector<Reading> readings) { words_[text] = std::move(readings); }

  std::string words_file(std::uint32_t type) const {
    // Every node has 512 units of its own.
    std::vector<std::pair<std::int32_t, std::uint32_t>> units(512, {0, 0xFFFFFFFF});
    std::string tokens;
    units[0].first = 512;
    units.resize(1024, {0, 0xFFFFFFFF});
    std::uint32_t count = 0;
    for (const auto& [text, readings] : words_) {
      std::size_t base = 512;
      for (const char c : text) {
        const std::size_t at = base + static_cast<std::uint8_t>(c) + 1;
        if (units[at].second == 0xFFFFFFFF) {
          units[at] = {static_cast<std::int32_t>(units.size()), static_cast<std::uint32_t>(base)};
          units.resize(units.size() + 512, {0, 0xFFFFFFFF});
        }
        base = static_cast<std::size_t>(units[at].first);
      }
      units[base] = {-static_cast<std::int32_t>(count << 8 | readings.size()) - 1, static_cast<std::uint32_t>(base)};
      for (const Reading& reading : readings) {
        put(tokens, reading.left);
        put(tokens, reading.right);
        put(tokens, std::uint16_t{0});
        put(tokens, reading.cost);
        put(tokens, std::uint64_t{0});
        ++count;
      }
    }
    std::string file;
    const auto unit_bytes = static_cast<std::uint32_t>(units.size() * 8),
               size = static_cast<std::uint32_t>(tokens.size());
    for (const std::uint32_t number :
         {0xEF718F77u ^ (72 + unit_bytes + size), 102u, type, count, 2u, 2u, unit_bytes, size, 0u, 0u})
      put(file, number);
    file += "UTF-8" + std::string(27, '\0');
    for (const auto& [base, check] : units) {
      put(file, base);
      put(file, check);
    }
    return file + tokens;
  }

  static std::string categories_file() {
    std::string file;
    put(file, std::uint32_t{3});
    for (const std::string name : {"DEFAULT", "SPACE", "KANJI"}) file += name + std::string(32 - name.size(), '\0');
    for (std::uint32_t c = 0; c < 0xFFFF; ++c) {
      const bool space = c == ' ', kanji = c >= 0x4E00 && c < 0xA000;
      put(file, space ? 2u | 1u << 18 : kanji ? 4u | 2u << 18 | 2u << 26 : 1u | 1u << 30);
    }
    return file;
  }

  static std::string costs_file(const std::array<std::int16_t, 4>& costs) {
    std::string file;
    put(file, std::uint32_t{2 | 2 << 16});
    for (const std::int16_t cost : costs) put(file, cost);
    return file;
  }

 private:
  template <typename T>
  static void put(std::string& to, T value) {
    to.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  std::map<std::string, std::vector<Reading>> words_;
};

class MecabByHand : public Engines {
 protected:
  void SetUp() override {
    Engines::SetUp();
    MecabFiles words, unknown;
    words.word("東", {{0, 0, 10}});
    words.word("東京", {{0, 0, 15}, {1, 1, 9}});
    words.word("京", {{0, 0, 10}});
    words.word("ああ", {{0, 0, 20}});
    words.word("あ", {{0, 0, 10}});
    for (const char* name : {"DEFAULT", "SPACE", "KANJI"}) unknown.word(name, {{0, 0, 1000}});
    write("sys.dic", words.words_file(0));
    write("unk.dic", unknown.words_file(2));
    write("char.bin", MecabFiles::categories_file());
    write("matrix.bin", MecabFiles::costs_file({0, 30, 5, 0}));  // [left][right]
    write("dicrc", "cost-factor = 700\nmax-grouping-size = 3\n");
  }
};

TEST_F(MecabByHand, the_cheapest_way_wins) {
  const auto engine = make_mecab(folder_);
  EXPECT_EQ(cut(*engine, "東京"), (std::vector<std::string>{"東京"}));
  EXPECT_EQ(cut(*engine, "京東"), (std::vector<std::string>{"京", "東"}));
  EXPECT_TRUE(cut(*engine, "").empty());
}

// あ twice and ああ both cost 20: MeCab takes the way whose last word it found last, the shorter one.
TEST_F(MecabByHand, of_equal_ways_the_one_with_the_later_word_wins) {
  EXPECT_EQ(cut(*make_mecab(folder_), "ああ"), (std::vector<std::string>{"あ", "あ"}));
}

TEST_F(MecabByHand, unknown_characters_are_grouped_up_to_the_limit) {
  const auto engine = make_mecab(folder_);
  EXPECT_EQ(cut(*engine, "xyzw東"), (std::vector<std::string>{"xyzw", "東"}));        // one and three more
  EXPECT_EQ(cut(*engine, "vxyzw東"), (std::vector<std::string>{"v", "xyzw", "東"}));  // too many
  EXPECT_EQ(cut(*engine, "漢字漢"), (std::vector<std::string>{"漢字", "漢"}));        // pairs; later words win
}

TEST_F(MecabByHand, white_space_is_a_word_of_its_own) {
  const auto engine = make_mecab(folder_);
  EXPECT_EQ(cut(*engine, " 東  京 "), (std::vector<std::string>{" ", "東", "  ", "京", " "}));
  EXPECT_EQ(cut(*engine, "  "), (std::vector<std::string>{"  "}));
}

TEST_F(MecabByHand, a_damaged_file_is_named) {
  const auto damage = [&](const char* name, std::string_view text, const std::vector<std::string>& parts) {
    const std::string whole = read_dictionary_file(folder_ / name);
    write(name, text);
    expect_failure(make_mecab, parts);
    write(name, whole);
  };
  const std::string words = read_dictionary_file(folder_ / "sys.dic"),
                    costs = read_dictionary_file(folder_ / "matrix.bin");
  damage("sys.dic", "", {"sys.dic", "empty", "setup.sh"});
  damage("sys.dic", words.substr(0, words.size() - 1), {"sys.dic", "another size"});
  damage("sys.dic", "no dictionary", {"sys.dic", "72 bytes"});
  damage("unk.dic", words, {"unk.dic", "type 0"});
  damage("matrix.bin", costs.substr(0, 8), {"matrix.bin", "8 bytes"});
  damage("char.bin", "x", {"char.bin"});
  damage("dicrc", "max-grouping-size = many\n", {"dicrc, line 1", "number"});
  fs::remove(folder_ / "matrix.bin");
  expect_failure(make_mecab, {"matrix.bin", "setup.sh"});
}

// Any bytes behind a good header: refused, or words that cover the text; no read outside of the tables.
TEST_F(MecabByHand, damaged_tables_do_no_harm) {
  const std::string words = read_dictionary_file(folder_ / "sys.dic");
  std::mt19937 random(3);
  int read = 0;
  for (int i = 0; i < 200; ++i) {
    std::string damaged = words;
    for (int n = 0; n < 2000; ++n) damaged[72 + random() % (damaged.size() - 72)] = static_cast<char>(random() % 256);
    write("sys.dic", damaged);
    try {
      const auto engine = make_mecab(folder_);
      cut(*engine, "東京ああ xyz漢字");
      ++read;
    } catch (const sdk::Failure&) {
    }
  }
  EXPECT_GT(read, 0);
}

}  // namespace
}  // namespace welt::words
