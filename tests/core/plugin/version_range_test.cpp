// Versions and ranges of them: the order of Semantic Versioning, what is no version, what is no range.
#include "core/plugin/version_range.h"

#include <gtest/gtest.h>

#include <cstring>

#include "core/base/error.h"

namespace welt {
namespace {

Version version(std::string_view text) { return Version::parse(text).value(); }
bool holds(std::string_view range, std::string_view text) { return VersionRange(range, "here").holds(version(text)); }

TEST(Version, OrderIsThatOfSemanticVersioning) {
  // The example of its section 11 among others, smallest first.
  const std::vector<std::string_view> rising = {"0",          "0.0.1",        "0.9",           "0.10.0-0",
                                                "0.10",       "1.0.0-alpha",  "1.0.0-alpha.1", "1.0.0-alpha.beta",
                                                "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",
                                                "1.0.0",      "1.0.1",        "2.0.0-x-y",     "18446744073709551615"};
  for (std::size_t i = 0; i < rising.size(); ++i)
    for (std::size_t j = 0; j < rising.size(); ++j)
      EXPECT_EQ(version(rising[i]) <=> version(rising[j]), i <=> j) << rising[i] << " and " << rising[j];
}

TEST(Version, PartsLeftOutAreZeroAndBuildsDoNotCount) {
  EXPECT_EQ(version("1"), version("1.0.0"));
  EXPECT_EQ(version("1.2"), version("1.2.0+build.7-x"));
  EXPECT_EQ(version("1.0.0-a+b"), version("1-a"));
  EXPECT_EQ(version("1.0.0-007"), version("1.0.0-7"));
}

TEST(Version, OtherTextIsNone) {
  for (const char* text : {"", "v1", "1.", ".1", "1..2", "1.2.3.4", "1.x", "-1", "1.0-", "1.0+", "1.0-a..b", "1.0-ä",
                           " 1", "1 ", "18446744073709551616", "1.0-a_b"})
    EXPECT_FALSE(Version::parse(text)) << text;
}

TEST(VersionRange, AllComparisonsMustHold) {
  EXPECT_TRUE(holds(">=0.2, <1", "0.2"));
  EXPECT_TRUE(holds(">=0.2,<1", "0.99.1"));
  EXPECT_FALSE(holds(">=0.2, <1", "0.1.9"));
  EXPECT_FALSE(holds(">=0.2, <1", "1.0.0"));
  EXPECT_TRUE(holds("<1", "1.0.0-rc.1"));
  EXPECT_TRUE(holds(" = 1.2 ", "1.2.0"));
  EXPECT_FALSE(holds("=1.2", "1.2.1"));
  EXPECT_FALSE(holds("!=1.2", "1.2.0"));
  EXPECT_TRUE(holds("!=1.2", "1.3"));
  EXPECT_FALSE(holds(">1.2", "1.2"));
  EXPECT_TRUE(holds(">1.2", "1.2.1"));
  EXPECT_TRUE(holds("<=1.2", "1.2"));
  EXPECT_FALSE(holds(">2, <1", "1.5"));
}

TEST(VersionRange, OtherTextIsRefusedWithWhereAndHow) {
  for (const char* text : {"1.2", ">=", ">= x", ">=1 <2", ">=1,", ",", "~1", "^1.2", "==1", "latest", ">=1.2.3.4"}) {
    try {
      const VersionRange range(text, "recipe.toml:3: model.latent.version");
      ADD_FAILURE() << text << " was taken";
    } catch (const Error& error) {
      const std::string message = error.what();
      EXPECT_TRUE(message.starts_with("recipe.toml:3: model.latent.version: \"")) << message;
      EXPECT_NE(message.find(">=0.2, <1"), message.npos) << message;
    }
  }
}

TEST(VersionRange, PluginIsCheckedByItsNote) {
  Plugin plugin{"/p/welt_x.plugin.so", {}, {}, nullptr, {}};
  std::strcpy(plugin.note.id, "x");
  std::strcpy(plugin.note.version, "0.3.0");
  EXPECT_NO_THROW(check_version(plugin, "", "here"));
  EXPECT_NO_THROW(check_version(plugin, ">=0.3, <0.4", "here"));
  EXPECT_THROW(check_version(plugin, "<0.3", "here"), Error);
  std::strcpy(plugin.note.version, "nightly");
  EXPECT_NO_THROW(check_version(plugin, "", "here"));
  EXPECT_THROW(check_version(plugin, ">=0", "here"), Error);
}

}  // namespace
}  // namespace welt
