// The index on the disk: what is added is found, however it was added; what is not committed was never there; files
// that are no index, or a damaged one, are refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/safetensors.h"
#include "core/similarity/half.h"
#include "core/similarity/index_writer.h"
#include "core/similarity/kernels.h"
#include "core/similarity/ranking.h"
#include "core/similarity/text_index.h"
#include "tests/core/base/temp_folder.h"

namespace welt::similarity {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t dim = 40;  // whose signs do not fill a word

Matrix unit_rows(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Matrix out(count, dim);
  for (float& value : out.values) value = normal(random);
  normalize(out);
  return out;
}

std::vector<std::string> names(std::size_t count, std::size_t from = 0) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back("text " + std::to_string(from + i));
  return out;
}

class TextIndexFiles : public testing::Test {
 protected:
  fs::path path() const { return folder_ / "index"; }
  IndexFacts facts() const { return {.dim = dim, .model = "m", .tokenizer = "", .fingerprint = "f"}; }
  void build(const Matrix& rows) const {
    IndexWriter writer(path(), facts());
    writer.add(names(rows.rows), rows);
    writer.commit();
  }
  std::vector<std::string> files() const {
    std::vector<std::string> out;
    for (const auto& each : fs::directory_iterator(path())) out.push_back(each.path().filename().string());
    std::ranges::sort(out);
    return out;
  }
  void change(const std::function<void(nlohmann::json&)>& edit) const {
    nlohmann::json manifest = read_json_object(path() / manifest_name, 1 << 20);
    edit(manifest);
    std::ofstream(path() / manifest_name) << manifest.dump();
  }

  test::TempFolder folder_;
};

TEST(SimilarityHalf, EveryFloat16ComesBackAndWhatLiesBetweenGoesToTheNearer) {
  for (std::uint32_t bits = 0; bits < 0x7C00; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    float value = 0, next = 0;
    const auto above = static_cast<std::uint16_t>(bits + 1);
    portable_kernels().add_f16(&value, &half, 1);
    ASSERT_EQ(to_half(value), half);
    ASSERT_EQ(to_half(-value), half | 0x8000);
    if (above == 0x7C00) break;
    portable_kernels().add_f16(&next, &above, 1);
    const float middle = (value + next) / 2;
    ASSERT_EQ(to_half(middle), bits % 2 == 0 ? half : above) << bits;
    ASSERT_EQ(to_half(std::nextafter(middle, 1e9F)), above) << bits;
  }
  EXPECT_EQ(to_half(65520.0F), 0x7C00);
  EXPECT_EQ(to_half(65519.0F), 0x7BFF);
}

TEST_F(TextIndexFiles, FindsWhatIsNearestHoweverItWasAdded) {
  const Matrix rows = unit_rows(300, 1);
  build(rows);
  fs::rename(path(), folder_ / "at_once");
  {
    IndexWriter writer(path(), facts());
    writer.commit();
  }
  for (std::size_t begin = 0; begin < 300; begin += 50) {
    IndexWriter writer(path());
    for (std::size_t i = begin; i < begin + 50; i += 10) {
      Matrix some(10, dim);
      std::copy_n(rows.row(i), 10 * dim, some.values.begin());
      writer.add(names(10, i), some);
    }
    writer.commit();
  }
  EXPECT_EQ(files().size(), 2u);  // one segment: small ones do not gather
  for (const fs::path& each : {path(), fs::path(folder_ / "at_once")}) {
    const TextIndex index = TextIndex::open(each);
    ASSERT_EQ(index.texts(), 300u);
    for (const std::size_t place : {0u, 49u, 50u, 299u}) {
      EXPECT_EQ(index.text(place), "text " + std::to_string(place));
      const std::span<const float> query(rows.row(place), dim);
      const auto hits = index.nearest(query, {.count = 5});
      ASSERT_EQ(hits.size(), 5u);
      EXPECT_EQ(hits[0].place, place);
      const std::vector<float> wanted = scores(query, rows);
      const std::vector<std::size_t> order = order_of(wanted);
      for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(hits[i].score, wanted[order[i]], 1e-3);
    }
  }
}

TEST_F(TextIndexFiles, WhatIsNotCommittedWasNeverThere) {
  build(unit_rows(10, 1));
  const std::vector<std::string> before = files();
  {
    IndexWriter writer(path());
    std::vector<std::string> texts(70'000, "x");  // more than a segment: one is written before the commit
    writer.add(texts, Matrix(texts.size(), dim));
    EXPECT_EQ(writer.texts(), 70'010u);
    EXPECT_GT(files().size(), before.size());
    EXPECT_EQ(TextIndex::open(path()).texts(), 10u);
  }
  EXPECT_EQ(files(), before);
  EXPECT_EQ(TextIndex::open(path()).text(9), "text 9");
}

TEST_F(TextIndexFiles, LeftoversOfAKilledWriterAreRemovedByTheNext) {
  build(unit_rows(10, 1));
  const std::vector<std::string> before = files();
  for (const char* name : {"segment-000007.safetensors", ".welt-1-0.tmp"}) std::ofstream(path() / name) << "half";
  std::ofstream(path() / "notes.txt") << "mine";
  { const IndexWriter writer(path()); }
  std::vector<std::string> wanted = before;
  wanted.push_back("notes.txt");
  std::ranges::sort(wanted);
  EXPECT_EQ(files(), wanted);
}

TEST_F(TextIndexFiles, OneWriterAtATimeAndNoFolderIsOverwritten) {
  build(unit_rows(3, 1));
  EXPECT_THROW(IndexWriter(path(), facts()), Error);
  {
    const IndexWriter first(path());
    EXPECT_THROW(IndexWriter{path()}, Error);
    EXPECT_EQ(TextIndex::open(path()).texts(), 3u);  // readers are not kept out
  }
  EXPECT_THROW(IndexWriter{folder_ / "nowhere"}, Error);
  fs::create_directories(folder_ / "full");
  std::ofstream(folder_ / "full/a.txt") << "mine";
  EXPECT_THROW(IndexWriter(folder_ / "full", facts()), Error);
  std::ofstream(folder_ / "file") << "mine";
  EXPECT_THROW(IndexWriter(folder_ / "file", facts()), Error);
  IndexWriter writer(path());
  EXPECT_THROW(writer.add(names(2), unit_rows(3, 1)), Error);
}

TEST_F(TextIndexFiles, ManifestsThatLieAreRefused) {
  build(unit_rows(10, 1));
  const std::string good = read_file(path() / manifest_name);
  const std::vector<std::function<void(nlohmann::json&)>> lies = {
      [](auto& m) { m["format"] = "other"; },
      [](auto& m) { m["version"] = 2; },
      [](auto& m) { m["dim"] = 41; },
      [](auto& m) { m["dim"] = 0; },
      [](auto& m) { m["dim"] = -1; },
      [](auto& m) { m.erase("fingerprint"); },
      [](auto& m) { m["segments"] = 3; },
      [](auto& m) { m["segments"][0] = "segment-000001.safetensors"; },
      [](auto& m) { m["segments"][0]["texts"] = 11; },
      [](auto& m) { m["segments"][0]["texts"] = 1e30; },
      [](auto& m) { m["segments"][0]["file"] = "../segment-000001.safetensors"; },
      [](auto& m) { m["segments"][0]["file"] = "segment-000002.safetensors"; },
      [](auto& m) { m["segments"].push_back(m["segments"][0]); },
      [](auto& m) { m["next"] = 1; },  // the segment that is there would be written over
  };
  for (std::size_t i = 0; i < lies.size(); ++i) {
    change(lies[i]);
    EXPECT_THROW(TextIndex::open(path()), Error) << i;
    std::ofstream(path() / manifest_name) << good;
  }
  EXPECT_EQ(TextIndex::open(path()).texts(), 10u);
}

TEST_F(TextIndexFiles, SegmentsThatLieAreRefused) {
  build(unit_rows(3, 1));
  const fs::path file = path() / "segment-000001.safetensors";
  const std::string good = read_file(file);
  for (const std::size_t size : {0u, 7u, 100u}) {
    std::ofstream(file) << good.substr(0, size);
    EXPECT_THROW(TextIndex::open(path()), Error);
  }
  std::ofstream(file) << good.substr(0, good.size() - 1);
  EXPECT_THROW(TextIndex::open(path()), Error);

  SegmentRows rows{std::vector<std::uint16_t>(3 * dim, 0), std::vector<std::uint64_t>(3, 0), {1, 2, 3}, "abc"};
  const std::vector<float> query(dim, 0.1F);
  const auto refused = [&](const SegmentRows& changed, std::size_t place) {
    write_segment(file, changed, dim);
    const TextIndex index = TextIndex::open(path());
    try {
      index.nearest(query, {});
      index.text(place);
      return false;
    } catch (const Error&) {
      return true;
    }
  };
  EXPECT_FALSE(refused(rows, 2));
  for (const std::int64_t end : {4, -1, 0}) {
    SegmentRows changed = rows;
    changed.ends[2] = end;
    EXPECT_TRUE(refused(changed, 2)) << end;
  }
  SegmentRows changed = rows;
  changed.bytes[1] = '\xFF';
  EXPECT_TRUE(refused(changed, 1));
  changed = rows;
  changed.vectors[dim] = 0x7E00;  // not a number
  EXPECT_TRUE(refused(changed, 0));
}

}  // namespace
}  // namespace welt::similarity
