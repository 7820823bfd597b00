// Parameters as plugins of this and of an earlier layout of welt_parameter_info describe them.
#include "core/tensor/component_facts.h"

#include <gtest/gtest.h>
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/image_encoder.h>
#include <welt/abi/latent_transformer.h>

#include <array>
#include <cstddef>
#include <cstring>

#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

using Names = std::vector<std::string>;

Names tables_of(const char* role, const char* plugin, const nlohmann::json& config) {
  const ComponentType& type = Registry::instance().find(role, plugin);
  const TensorComponent component(type, role, ConfigView(type, config, true, "test"), WELT_INIT_NONE);
  Names names;
  for (const NamedParameter& parameter : component.parameters())
    if (parameter.table) names.push_back(parameter.name);
  return names;
}

const nlohmann::json sizes = {
    {"hidden_size", 8}, {"num_hidden_layers", 1}, {"num_attention_heads", 2}, {"intermediate_size", 8}};

TEST(ComponentFacts, PluginsTellWhichParametersAreTables) {
  EXPECT_EQ(tables_of(WELT_IMAGE_ENCODER_INTERFACE, "vit", sizes),
            (Names{"embeddings.cls_token", "embeddings.position_embeddings"}));
  EXPECT_EQ(tables_of(WELT_BYTES_ENCODER_INTERFACE, "bert", sizes),
            (Names{"embeddings.position_embeddings.weight", "embeddings.token_type_embeddings.weight"}));
  EXPECT_EQ(tables_of(WELT_LATENT_TRANSFORMER_INTERFACE, "gpt2", {{"n_embd", 8}, {"n_head", 2}, {"n_layer", 1}}),
            (Names{"transformer.wpe.weight"}));
  EXPECT_EQ(tables_of(WELT_LATENT_TRANSFORMER_INTERFACE, "llama", sizes), Names{});
}

constexpr std::int64_t shape[] = {3, 4};
// Of welt_parameter_info before `table` was added.
constexpr std::size_t old_size = offsetof(welt_parameter_info, table);

// Writes as much of the struct as its compiler knew, and says so.
template <std::size_t known, std::uint32_t table>
welt_status describe(const welt_component*, std::uint64_t, welt_parameter_info* out, welt_error*) {
  welt_parameter_info info{};
  info.struct_size = known;
  info.name = {"w", 1};
  info.kind = WELT_PARAMETER;
  info.shape = shape;
  info.dims = 2;
  info.table = table;
  std::memcpy(out, &info, known);
  return WELT_OK;
}

template <std::size_t known, std::uint32_t table>
NamedParameter parameter_of() {
  const ComponentType& type = Registry::instance().find(WELT_BYTES_ENCODER_INTERFACE, "bert");
  const Component component(type, ConfigView(type, sizes, true, "test"), WELT_INIT_NONE);
  const welt_parameters_v1 functions{.struct_size = sizeof(welt_parameters_v1),
                                     .count = [](const welt_component*) -> std::uint64_t { return 1; },
                                     .describe = describe<known, table>};
  return read_parameters(component, functions).at(0);
}

TEST(ComponentFacts, APluginBuiltBeforeTablesWereToldHasNone) {
  const NamedParameter old = parameter_of<old_size, 1>();
  EXPECT_FALSE(old.table);
  EXPECT_EQ(old.name, "w");
  EXPECT_EQ(old.shape, (std::vector<std::int64_t>{3, 4}));
  EXPECT_TRUE((parameter_of<sizeof(welt_parameter_info), 1>().table));
  EXPECT_FALSE((parameter_of<sizeof(welt_parameter_info), 0>().table));
}

// Four names: "a"; "b", which is tied to "c"; "c", tied to "a"; and "d", tied to what `tied` says.
struct Tie {
  const char* name;
  const char* tied_to;
};
std::array<Tie, 4> ties{{{"a", ""}, {"b", "c"}, {"c", "a"}, {"d", ""}}};

std::vector<NamedParameter> tied(const char* last, std::int64_t width = 4) {
  static std::array<std::int64_t, 2> last_shape;
  last_shape = {3, width};
  ties[3].tied_to = last;
  const ComponentType& type = Registry::instance().find(WELT_BYTES_ENCODER_INTERFACE, "bert");
  const Component component(type, ConfigView(type, sizes, true, "test"), WELT_INIT_NONE);
  const auto tell = [](const welt_component*, std::uint64_t i, welt_parameter_info* out, welt_error*) -> welt_status {
    const Tie& tie = ties[i];
    out->name = {tie.name, std::strlen(tie.name)};
    out->tied_to = {tie.tied_to, std::strlen(tie.tied_to)};
    out->kind = WELT_PARAMETER;
    out->shape = i == 3 ? last_shape.data() : shape;
    out->dims = 2;
    return WELT_OK;
  };
  return read_parameters(component, {.struct_size = sizeof(welt_parameters_v1),
                                     .count = [](const welt_component*) -> std::uint64_t { return ties.size(); },
                                     .describe = tell});
}

TEST(ComponentFacts, ATieLeadsToTheTensorAtItsEnd) {
  const std::vector<NamedParameter> all = tied("");
  EXPECT_EQ(all[1].same_as, 0U);
  EXPECT_EQ(all[2].same_as, 0U);
  EXPECT_EQ(all[3].same_as, 3U);
}

TEST(ComponentFacts, ATieThatCannotBeIsRefused) {
  EXPECT_CONTAINS(test::error_of([] { tied("c", 5); }), "\"d\" [3, 5] is tied to \"a\" [3, 4]");
  EXPECT_CONTAINS(test::error_of([] { tied("e"); }), "\"d\" is tied to \"e\", which is not there");
  EXPECT_CONTAINS(test::error_of([] { tied("d"); }), "\"d\" is tied to itself");
}

}  // namespace
}  // namespace welt
