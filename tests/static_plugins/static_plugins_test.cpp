// Plugins linked into a program: `spaces` (C, torch-free) and `gpt2` are in this one.
#include "core/plugin/static_plugins.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/linspace.h>
#include <gtest/gtest.h>
#include <welt/abi/latent_transformer.h>
#include <welt/abi/segmenter.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/tensor/random.h"
#include "core/tensor/tensor_component.h"
#include "core/text/segmenter.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
const fs::path good_file = WELT_PLUGIN_ZOO "/good/welt_spaces.plugin.so";

const Plugin* with_id(Registry& registry, std::string_view id) {
  for (const auto& plugin : registry.plugins())
    if (id == plugin->note.id) return plugin.get();
  return nullptr;
}

void expect_names_both(const std::string& reason) {
  for (const std::string& part : {std::string("static_spaces (built in)"), good_file.string(),
                                  std::string("plugin id \"spaces\""), std::string("Remove the file")})
    EXPECT_NE(reason.find(part), std::string::npos) << "\"" << part << "\" in: " << reason;
}

TEST(StaticPlugins, AreInTheProgramAndNeedNoFile) {
  Registry registry({}, /*built_in=*/true);
  for (const Refusal& refusal : registry.refusals()) ADD_FAILURE() << refusal.reason;
  EXPECT_EQ(registry.plugins().size(), static_plugins().size());
  const Plugin *spaces = with_id(registry, "spaces"), *gpt2 = with_id(registry, "gpt2");
  ASSERT_NE(spaces, nullptr);
  ASSERT_NE(gpt2, nullptr);
  EXPECT_EQ(spaces->built_in, "static_spaces");
  EXPECT_EQ(spaces->path, "static_spaces (built in)");
  EXPECT_EQ(spaces->note.kind, WELT_KIND_TORCH_FREE);
  EXPECT_STREQ(spaces->note.version, "1.2.3");
  EXPECT_EQ(gpt2->note.kind, WELT_KIND_TORCH_LINKED);
  EXPECT_EQ(hash_of(*gpt2), sha256_file("/proc/self/exe"));
  EXPECT_EQ(&registry.find_plugin("gpt2"), gpt2);
}

TEST(StaticPlugins, AreInTheRegistryOfTheProcessOnly) {
  EXPECT_TRUE(Registry({}).plugins().empty());
  EXPECT_NE(with_id(Registry::instance(), "spaces"), nullptr);
}

TEST(StaticPlugins, TorchFreeOneSegments) {
  Registry registry({}, /*built_in=*/true);
  const ComponentType& type = registry.find(WELT_SEGMENTER_INTERFACE, "spaces");
  const Component component(type, ConfigView(type, nlohmann::json::object(), true, "test"), WELT_INIT_NONE);
  EXPECT_EQ(Segmenter(component).words("one two"), (std::vector<std::string>{"one ", "two"}));
}

// [1, 5, D] of a tiny model with random weights.
at::Tensor latents_of(Registry& registry) {
  const ComponentType& type = registry.find(WELT_LATENT_TRANSFORMER_INTERFACE, "gpt2");
  const ConfigView config(type, {{"n_embd", 16}, {"n_layer", 2}, {"n_head", 2}, {"vocab_size", 11}}, true, "test");
  seed_default_generator(3, RandomPurpose::initialise);
  TensorComponent component(type, WELT_LATENT_TRANSFORMER_INTERFACE, config, WELT_INIT_RANDOM);
  component.set_training(false);
  return component.forward({.embeds = at::linspace(-1, 1, 5 * 16).view({1, 5, 16})}, {});
}

TEST(StaticPlugins, TorchLinkedOneComputes) {
  Registry linked({}, /*built_in=*/true);
  const at::Tensor latents = latents_of(linked);
  EXPECT_EQ(latents.sizes(), (std::vector<std::int64_t>{1, 5, 16}));
  if (with_id(linked, "gpt2")->built_in == "gpt2") GTEST_SKIP() << "with WELT_STATIC_PLUGINS there is no such file";
  Registry opened({WELT_PLUGIN_DIR "/welt_gpt2.plugin.so"});
  EXPECT_TRUE(at::equal(latents, latents_of(opened))) << "the same sources as a file, beside it in one process";
}

TEST(StaticPlugins, SameIdInAFileIsRefusedNamingBothPlaces) {
  Registry scanned({good_file.parent_path()}, /*built_in=*/true);
  EXPECT_EQ(with_id(scanned, "spaces"), nullptr);
  ASSERT_EQ(scanned.refusals().size(), 2u);
  for (const Refusal& refusal : scanned.refusals()) expect_names_both(refusal.reason);

  Registry opening({}, /*built_in=*/true);
  try {
    opening.open(good_file);
    FAIL() << "opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::already_exists);
    expect_names_both(error.what());
  }
  EXPECT_NE(with_id(opening, "spaces"), nullptr);  // what was refused is the file
}

TEST(StaticPlugins, AreJudgedByTheirNotes) {
  const auto record = std::ranges::find_if(
      static_plugins(), [](const welt_static_record* one) { return std::strcmp(one->name, "static_spaces") == 0; });
  ASSERT_NE(record, static_plugins().end());
  welt_plugin_note note = *(*record)->note;
  note.abi_major = 99;
  try {
    inspect_static_plugin({"old", &note, (*record)->entry});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("old (built in): it was built for plugin ABI 99."), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace welt
