// The host's Segmenter asks a plugin for the ids of a text: with room enough, and only one that has them.
#include "core/text/segmenter.h"

#include <gtest/gtest.h>

#include <cstddef>

#include "core/plugin/strings.h"
#include "tests/core/base/temp_folder.h"
#include "tests/core/text/toy_component.h"

namespace welt::test {
namespace {

// Three ids a byte; of the text "!" one more each time it is asked, of "*" more than there can be.
welt_segmenter_v1 table() {
  return {.struct_size = sizeof(welt_segmenter_v1),
          .segment = [](welt_component*, welt_string, std::uint32_t, const welt_segment_limits*, std::uint64_t*,
                        std::uint64_t, std::uint64_t*, std::uint64_t*, std::int64_t*, std::uint32_t*,
                        welt_error*) -> welt_status { return WELT_UNIMPLEMENTED; },
          .is_complete = [](const welt_component*, welt_string) { return 0u; },
          .encode = [](const welt_component*, welt_string text, std::int64_t* ids, std::uint64_t capacity,
                       std::uint64_t* count, welt_error*) -> welt_status {
            static std::uint64_t more = 0;
            if (view_of(text) == "?") return WELT_INTERNAL;
            *count = 3 * text.size + (view_of(text) == "!" ? ++more : 0);
            if (view_of(text) == "*") *count = UINT64_MAX;
            for (std::uint64_t i = 0; i < std::min(capacity, *count); ++i) ids[i] = static_cast<std::int64_t>(i);
            return WELT_OK;
          }};
}

TEST(SegmenterIds, ThereIsRoomForAllOfThem) {
  const welt_segmenter_v1 functions = table();
  const ToyComponent toy(WELT_SEGMENTER_INTERFACE, &functions);
  const Segmenter segmenter(*toy);
  std::vector<std::int64_t> ids = {7};
  ASSERT_TRUE(segmenter.encode("ab", ids));
  EXPECT_EQ(ids, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5}));
  ASSERT_TRUE(segmenter.encode("", ids));
  EXPECT_TRUE(ids.empty());
}

TEST(SegmenterIds, PluginsThatFailOrChangeTheirAnswerAreErrors) {
  const welt_segmenter_v1 functions = table();
  const ToyComponent toy(WELT_SEGMENTER_INTERFACE, &functions);
  const Segmenter segmenter(*toy);
  std::vector<std::int64_t> ids;
  EXPECT_CONTAINS(error_of([&] { segmenter.encode("?", ids); }), "looking up the ids of a text");
  const std::string error = error_of([&] { segmenter.encode("!", ids); });
  EXPECT_CONTAINS(error, "another number of ids");
  EXPECT_CONTAINS(error, "defect of the plugin");
  EXPECT_CONTAINS(error_of([&] { segmenter.encode("*", ids); }), "18446744073709551615 ids for a text of 1 bytes");
}

TEST(SegmenterIds, NoneWithoutTheFunctionInAnOlderTableOrUnimplemented) {
  welt_segmenter_v1 without = table(), older = table(), unimplemented = table();
  without.encode = nullptr;
  older.struct_size = offsetof(welt_segmenter_v1, encode);
  unimplemented.encode = [](const welt_component*, welt_string, std::int64_t*, std::uint64_t, std::uint64_t*,
                            welt_error*) -> welt_status { return WELT_UNIMPLEMENTED; };
  for (const welt_segmenter_v1& each : {without, older, unimplemented}) {
    const ToyComponent toy(WELT_SEGMENTER_INTERFACE, &each);
    std::vector<std::int64_t> ids = {7};
    EXPECT_FALSE(Segmenter(*toy).encode("ab", ids));
    EXPECT_TRUE(ids.empty());
  }
}

}  // namespace
}  // namespace welt::test
