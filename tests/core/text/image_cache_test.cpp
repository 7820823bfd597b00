// The cache of images: what stays, what goes, and many readers at once.
#include "core/text/image_cache.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/core/base/temp_folder.h"
#include "tests/core/text/toy_renderer.h"

namespace welt::test {
namespace {

struct CacheOf {
  explicit CacheOf(std::size_t budget) : cache(renderer, budget) {}
  ToyRenderer toy;
  ToyComponent component{WELT_RENDERER_INTERFACE, &toy.table, &toy};
  Renderer renderer{*component};
  ImageCache cache;
};

std::string letter_word(int number) { return std::string(1, static_cast<char>('a' + number)); }  // 32 pixels each

TEST(ImageCache, DrawsAWordOnce) {
  CacheOf a(1 << 20);
  const auto first = a.cache.get("abc"), second = a.cache.get("abc");
  EXPECT_EQ(first, second);
  EXPECT_EQ(first->width, 16);
  EXPECT_EQ(a.toy.renders, 1);
  EXPECT_EQ(a.cache.get("")->width, 4);
  const auto statistics = a.cache.statistics();
  EXPECT_EQ(statistics.hits, 1u);
  EXPECT_EQ(statistics.misses, 2u);
  EXPECT_EQ(statistics.images, 2u);
}

TEST(ImageCache, LeastRecentlyUsedGoesFirst) {
  CacheOf probe(1 << 20);
  probe.cache.get(letter_word(0));
  CacheOf a(3 * probe.cache.statistics().bytes);
  for (int i = 0; i < 3; ++i) a.cache.get(letter_word(i));
  a.cache.get(letter_word(0));                    // b is now the oldest
  const auto held = a.cache.get(letter_word(1));  // … and now c
  a.cache.get(letter_word(3));
  EXPECT_EQ(a.toy.renders, 4);
  EXPECT_EQ(a.cache.statistics().images, 3u);
  for (const int kept : {0, 1, 3}) a.cache.get(letter_word(kept));
  EXPECT_EQ(a.toy.renders, 4);
  a.cache.get(letter_word(2));
  EXPECT_EQ(a.toy.renders, 5);
  EXPECT_EQ(held->pixels[0], 'b');  // whoever holds an image keeps it
}

TEST(ImageCache, NeverExceedsItsBudget) {
  CacheOf a(2000);
  for (int i = 0; i < 200; ++i) {
    a.cache.get(std::string(static_cast<std::size_t>(i % 20 + 1), 'x') + std::to_string(i));
    EXPECT_LE(a.cache.statistics().bytes, 2000u);
  }
  EXPECT_GT(a.cache.statistics().images, 0u);
  const std::size_t kept = a.cache.statistics().images;
  a.cache.get(std::string(200, 'y'));  // larger than all the cache: drawn, not kept, nothing dropped for it
  EXPECT_EQ(a.cache.statistics().images, kept);
}

TEST(ImageCache, BudgetOfNothingKeepsNothing) {
  CacheOf a(0);
  a.cache.get("a");
  a.cache.get("a");
  EXPECT_EQ(a.toy.renders, 2);
  EXPECT_EQ(a.cache.statistics().bytes, 0u);
}

TEST(ImageCache, FailureIsThrownAndNotKept) {
  CacheOf a(1 << 20);
  error_of([&] { a.cache.get("!"); });
  error_of([&] { a.cache.get("\xFF"); });
  EXPECT_EQ(a.cache.statistics().images, 0u);
  EXPECT_EQ(a.cache.get("a")->width, 8);
}

TEST(ImageCache, ManyThreadsGetTheSameImages) {
  CacheOf a(2500);  // about half of the words
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        const std::string asked = letter_word((i * 7 + t * 3) % 20);
        const auto image = a.cache.get(asked);
        if (image->width != 8 || image->pixels != std::vector<std::uint8_t>(32, static_cast<std::uint8_t>(asked[0]))) {
          ++wrong;
        }
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
  const auto statistics = a.cache.statistics();
  EXPECT_EQ(statistics.hits + statistics.misses, 12000u);
  EXPECT_LE(statistics.bytes, 2500u);
}

TEST(ImageCache, RenderingDoesNotHoldTheLock) {
  CacheOf a(1 << 20);
  a.cache.get("a");
  a.toy.pause = std::chrono::milliseconds(300);
  std::jthread slow([&] { a.cache.get("slow"); });
  while (a.cache.statistics().misses < 2) std::this_thread::yield();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) a.cache.get("a");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(200));
}

}  // namespace
}  // namespace welt::test
