// The torch-free SDK: entry, factory, fence, config, segmenter adapter. Uses a plugin linked into this program.
#define WELT_PLUGIN_STATIC_NAME toy
#include <welt/sdk/plugin.hpp>
#include <welt/sdk/segmenter.hpp>

#include <gtest/gtest.h>

#include <map>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace welt::sdk;

// Cuts after every n bytes.
struct Chunks {
  static Descriptor descriptor() { return {.id = "chunks", .description = "n bytes a word"}; }
  static Schema schema() {
    return {integer("bytes", 2, "bytes a word").range(1, 9), text("mode", "plain", "how").one_of({"plain", "odd"}),
            number("share", 0.5, "a number").nullable(), list("sizes", "a list")};
  }
  explicit Chunks(const Config& config) : bytes(static_cast<std::size_t>(config.get_int("bytes"))) {
    if (bytes == 7) throw std::bad_alloc();
    if (bytes == 8) throw 8;
    if (bytes == 6)  // as c10::Error::what() reads
      throw std::runtime_error(
          "sizes differ\nException raised from f at a.cpp:1 (most recent call first):\nframe #0: g");
    if (bytes == 9) throw Failure(WELT_NOT_FOUND, "nine is not there", "bytes");
  }
  SegmentResult segment(const SegmentRequest& request) const {
    SegmentResult result{0, 0};
    while (result.count < request.ends.size() && result.consumed < request.text.size()) {
      result.consumed = std::min<std::uint64_t>(result.consumed + bytes, request.text.size());
      request.ends[result.count++] = result.consumed;
    }
    return result;
  }
  bool is_complete(std::string_view word) const { return word.size() >= bytes; }
  std::vector<std::int64_t> encode(std::string_view text) const {
    if (text == "?") throw invalid("no question");
    return {text.begin(), text.end()};
  }
  std::size_t bytes;
};

struct Said {
  welt_status status = WELT_OK;
  std::string message, key;
};
void set_error(welt_error* error, welt_status status, welt_string message, welt_string, welt_string key) {
  *reinterpret_cast<Said*>(error) = {status, std::string(from_abi(message)), std::string(from_abi(key))};
}
const welt_error_service errors = {.struct_size = sizeof(errors), .set = set_error};

const void* services(const welt_host*, welt_string id) {
  return from_abi(id) == WELT_ERROR_SERVICE ? &errors : nullptr;
}
welt_host host_of(std::uint32_t major, std::uint32_t minor) {
  welt_host host{};
  host.struct_size = sizeof(host);
  host.abi_major = major;
  host.abi_minor = minor;
  host.get_service = services;
  return host;
}
welt_error* as_error(Said& said) { return reinterpret_cast<welt_error*>(&said); }

// A flat config for tests.
struct View {
  explicit View(std::map<std::string, welt_value> entries) : values(std::move(entries)) {
    abi.struct_size = sizeof(abi);
    abi.self = this;
    abi.get = [](const welt_config* config, welt_string key, welt_value* out) -> std::uint32_t {
      const auto& values = static_cast<View*>(config->self)->values;
      const auto found = values.find(std::string(from_abi(key)));
      if (found == values.end()) return 0;
      *out = found->second;
      return 1;
    };
  }
  std::map<std::string, welt_value> values;
  welt_config abi{};
};
welt_value whole(std::int64_t number) {
  return {.struct_size = sizeof(welt_value), .type = WELT_VALUE_INTEGER, .integer = number, .number = double(number)};
}
welt_value real(double number) {
  return {.struct_size = sizeof(welt_value), .type = WELT_VALUE_NUMBER, .number = number};
}

}  // namespace

WELT_PLUGIN(PluginInfo("toy", "1.2.3", "for tests, with a comma", "MIT"), Segmenter<Chunks>)

namespace {

const welt_component_factory_v1& factory() {
  static const welt_host host = host_of(WELT_ABI_MAJOR, WELT_ABI_MINOR);
  const welt_plugin* plugin = nullptr;
  EXPECT_EQ(toy_welt_plugin_entry(&host, &plugin, nullptr), WELT_OK);
  return *static_cast<const welt_component_factory_v1*>(plugin->get_factory(to_abi(WELT_COMPONENT_FACTORY)));
}

TEST(SdkPlugin, EntryIsIdempotentAndNegotiates) {
  static const welt_host host = host_of(WELT_ABI_MAJOR, WELT_ABI_MINOR + 7);
  const welt_plugin *first = nullptr, *second = nullptr;
  factory();
  ASSERT_EQ(toy_welt_plugin_entry(&host, &first, nullptr), WELT_OK);
  ASSERT_EQ(toy_welt_plugin_entry(&host, &second, nullptr), WELT_OK);
  EXPECT_EQ(first, second);
  EXPECT_EQ(first->abi_minor, WELT_ABI_MINOR);
  EXPECT_EQ(from_abi(first->id), "toy");
  EXPECT_EQ(first->get_factory(to_abi("welt.other/1")), nullptr);
}

TEST(SdkPlugin, AnotherMajorIsRefusedWithAMessage) {
  const welt_host host = host_of(WELT_ABI_MAJOR + 1, 0);
  const welt_plugin* plugin = nullptr;
  Said said;
  EXPECT_EQ(toy_welt_plugin_entry(&host, &plugin, as_error(said)), WELT_FAILED_PRECONDITION);
  EXPECT_EQ(plugin, nullptr);
  EXPECT_NE(said.message.find("rebuild"), std::string::npos);
}

TEST(SdkPlugin, DescriptorAndSchemaAreTables) {
  EXPECT_EQ(factory().count(), 1u);
  EXPECT_EQ(factory().descriptor(1), nullptr);
  const welt_component_descriptor& descriptor = *factory().descriptor(0);
  ASSERT_EQ(descriptor.roles.count, 1u);
  EXPECT_EQ(from_abi(descriptor.roles.items[0]), WELT_SEGMENTER_INTERFACE);
  const auto& schema =
      *static_cast<const welt_config_schema_v1*>(factory().get_interface(0, to_abi(WELT_CONFIG_SCHEMA_INTERFACE)));
  ASSERT_EQ(schema.count, 4u);
  EXPECT_EQ(from_abi(schema.keys[0].default_json), "2");
  EXPECT_EQ(from_abi(schema.keys[1].default_json), "\"plain\"");
  EXPECT_EQ(schema.keys[1].choices.count, 2u);
  EXPECT_EQ(from_abi(schema.keys[2].default_json), "0.5");
  EXPECT_EQ(schema.keys[3].flags, WELT_CONFIG_NULLABLE);
}

TEST(SdkPlugin, WhateverIsThrownBecomesAStatus) {
  static const welt_host host = host_of(WELT_ABI_MAJOR, WELT_ABI_MINOR);
  const auto create = [](std::int64_t bytes, Said& said) {
    const View view({{"bytes", whole(bytes)}});
    welt_component* component = nullptr;
    const welt_status status = factory().create(0, &view.abi, WELT_INIT_NONE, &host, &component, as_error(said));
    EXPECT_EQ(component, nullptr);
    EXPECT_FALSE(said.message.empty());
    return status;
  };
  Said said;
  EXPECT_EQ(create(7, said), WELT_RESOURCE_EXHAUSTED);
  EXPECT_EQ(create(8, said), WELT_INTERNAL);
  EXPECT_EQ(create(9, said), WELT_NOT_FOUND);
  EXPECT_EQ(said.key, "bytes");
  welt_component* component = nullptr;
  const View empty({});
  EXPECT_EQ(factory().create(0, &empty.abi, WELT_INIT_NONE, &host, &component, as_error(said)), WELT_INVALID_ARGUMENT);
  EXPECT_EQ(factory().create(0, &empty.abi, 77, &host, &component, as_error(said)), WELT_INVALID_ARGUMENT);
  EXPECT_EQ(factory().create(5, &empty.abi, WELT_INIT_NONE, &host, &component, as_error(said)), WELT_OUT_OF_RANGE);
}

TEST(SdkPlugin, AnErrorOfLibTorchInCreateComesWithoutItsBackTrace) {
  static const welt_host host = host_of(WELT_ABI_MAJOR, WELT_ABI_MINOR);
  const View view({{"bytes", whole(6)}});
  welt_component* component = nullptr;
  Said said;
  EXPECT_EQ(factory().create(0, &view.abi, WELT_INIT_NONE, &host, &component, as_error(said)), WELT_INTERNAL);
  EXPECT_EQ(said.message, "sizes differ");
}

TEST(SdkPlugin, SegmenterCuts) {
  static const welt_host host = host_of(WELT_ABI_MAJOR, WELT_ABI_MINOR);
  const View view({{"bytes", whole(3)}});
  welt_component* component = nullptr;
  ASSERT_EQ(factory().create(0, &view.abi, WELT_INIT_RANDOM, &host, &component, nullptr), WELT_OK);
  EXPECT_EQ(component->get_interface(component, to_abi("welt.decoder/1")), nullptr);
  const auto& table =
      *static_cast<const welt_segmenter_v1*>(component->get_interface(component, to_abi(WELT_SEGMENTER_INTERFACE)));
  std::vector<std::uint64_t> ends(4);
  std::uint64_t count = 0, consumed = 0;
  ASSERT_EQ(table.segment(component, to_abi("abcdefgh"), 1, nullptr, ends.data(), 4, &count, &consumed, nullptr,
                          nullptr, nullptr),
            WELT_OK);
  EXPECT_EQ(count, 3u);
  EXPECT_EQ(consumed, 8u);
  EXPECT_EQ(ends[1], 6u);
  EXPECT_EQ(table.is_complete(component, to_abi("ab")), 0u);
  const welt_segment_limits both = {.struct_size = sizeof(both), .max_bytes = 3, .max_characters = 3};
  EXPECT_EQ(
      table.segment(component, to_abi("a"), 1, &both, ends.data(), 4, &count, &consumed, nullptr, nullptr, nullptr),
      WELT_INVALID_ARGUMENT);
  component->destroy(component);
}

TEST(SdkPlugin, SegmenterEncodesAsFarAsThereIsRoom) {
  static const welt_host host = host_of(WELT_ABI_MAJOR, WELT_ABI_MINOR);
  const View view({{"bytes", whole(3)}});
  welt_component* component = nullptr;
  ASSERT_EQ(factory().create(0, &view.abi, WELT_INIT_RANDOM, &host, &component, nullptr), WELT_OK);
  const auto& table =
      *static_cast<const welt_segmenter_v1*>(component->get_interface(component, to_abi(WELT_SEGMENTER_INTERFACE)));
  std::vector<std::int64_t> ids(3, -7);
  std::uint64_t count = 0;
  ASSERT_EQ(table.encode(component, to_abi("abc"), ids.data(), 2, &count, nullptr), WELT_OK);
  EXPECT_EQ(count, 3u);
  EXPECT_EQ(ids, (std::vector<std::int64_t>{'a', 'b', -7}));
  ASSERT_EQ(table.encode(component, to_abi("abcd"), nullptr, 0, &count, nullptr), WELT_OK);
  EXPECT_EQ(count, 4u);
  EXPECT_EQ(table.encode(component, to_abi("?"), ids.data(), 2, &count, nullptr), WELT_INVALID_ARGUMENT);
  EXPECT_EQ(count, 4u);
  component->destroy(component);
}

TEST(SdkConfig, ReadsTypesTablesAndLists) {
  const welt_value table = {.struct_size = sizeof(table), .type = WELT_VALUE_TABLE, .count = 2};
  const welt_value two = {.struct_size = sizeof(two), .type = WELT_VALUE_LIST, .count = 2};
  const welt_value none = {.struct_size = sizeof(none), .type = WELT_VALUE_NULL};
  const View view({{"rope", table},
                   {"rope.factor", real(2.5)},
                   {"rope.list", two},
                   {"rope.list.0", whole(1)},
                   {"rope.list.1", real(0.5)},
                   {"nothing", none}});
  const Config config(&view.abi);
  EXPECT_TRUE(config.has("rope"));
  EXPECT_FALSE(config.has("nothing"));
  EXPECT_EQ(config.get_int("nothing", 4), 4);
  const Config rope = config.table("rope");
  EXPECT_EQ(rope.get_double("factor"), 2.5);
  EXPECT_EQ(rope.get_doubles("list"), (std::vector<double>{1, 0.5}));
  EXPECT_TRUE(config.table("absent").get_doubles("list").empty());
  try {
    rope.get_int("factor");
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.key(), "rope.factor");
  }
  EXPECT_THROW(config.get_string("absent"), Failure);
}

}  // namespace
