// The host's Segmenter asks a plugin for the ids of a text: with room enough, and only one that has them.
#include "core/text/segmenter.h"

#include <gtest/gtest.h>

#include <cstddef>

#include "core/plugin/registry.h"
#include "core/plugin/strings.h"
#include "tests/core/base/temp_folder.h"

namespace welt::test {
namespace {

// A component with this table of a segmenter, as if a plugin had made it.
class ToySegmenter {
 public:
  explicit ToySegmenter(const welt_segmenter_v1& table) : table_(table) {
    made_ = {.struct_size = sizeof(welt_component),
             .reserved = 0,
             .self = this,
             .get_interface = [](const welt_component* component, welt_string id) -> const void* {
               const auto& toy = *static_cast<const ToySegmenter*>(component->self);
               return view_of(id) == WELT_SEGMENTER_INTERFACE ? &toy.table_ : nullptr;
             },
             .destroy = [](welt_component*) {}};
    next() = &made_;
    factory_.struct_size = sizeof(factory_);
    factory_.create = [](std::uint64_t, const welt_config*, std::uint32_t, const welt_host*, welt_component** out,
                         welt_error*) {
      *out = next();
      return WELT_OK;
    };
    type_.plugin = &plugin_;
    type_.factory = &factory_;
    type_.id = "toy";
    component_ =
        std::make_unique<Component>(type_, ConfigView(type_, nlohmann::json::object(), false, "test"), WELT_INIT_NONE);
  }
  const Component& operator*() const { return *component_; }

 private:
  static welt_component*& next() {
    static welt_component* component = nullptr;
    return component;
  }

  welt_segmenter_v1 table_;
  welt_component made_{};
  welt_component_factory_v1 factory_{};
  Plugin plugin_{};
  ComponentType type_{};
  std::unique_ptr<Component> component_;
};

// Three ids a byte; of the text "!" one more each time it is asked.
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
            for (std::uint64_t i = 0; i < std::min(capacity, *count); ++i) ids[i] = static_cast<std::int64_t>(i);
            return WELT_OK;
          }};
}

TEST(SegmenterIds, ThereIsRoomForAllOfThem) {
  const ToySegmenter toy(table());
  const Segmenter segmenter(*toy);
  std::vector<std::int64_t> ids = {7};
  ASSERT_TRUE(segmenter.encode("ab", ids));
  EXPECT_EQ(ids, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5}));
  ASSERT_TRUE(segmenter.encode("", ids));
  EXPECT_TRUE(ids.empty());
}

TEST(SegmenterIds, PluginsThatFailOrChangeTheirAnswerAreErrors) {
  const ToySegmenter toy(table());
  const Segmenter segmenter(*toy);
  std::vector<std::int64_t> ids;
  EXPECT_CONTAINS(error_of([&] { segmenter.encode("?", ids); }), "looking up the ids of a text");
  const std::string error = error_of([&] { segmenter.encode("!", ids); });
  EXPECT_CONTAINS(error, "another number of ids");
  EXPECT_CONTAINS(error, "defect of the plugin");
}

TEST(SegmenterIds, NoneWithoutTheFunctionOrInAnOlderTable) {
  welt_segmenter_v1 without = table(), older = table();
  without.encode = nullptr;
  older.struct_size = offsetof(welt_segmenter_v1, encode);
  for (const welt_segmenter_v1& each : {without, older}) {
    const ToySegmenter toy(each);
    std::vector<std::int64_t> ids = {7};
    EXPECT_FALSE(Segmenter(*toy).encode("ab", ids));
    EXPECT_TRUE(ids.empty());
  }
}

}  // namespace
}  // namespace welt::test
