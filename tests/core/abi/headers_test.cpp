// The ABI's headers by themselves: each compiles alone in every promised language with both compilers, warns about
// nothing, includes nothing but the fixed-width integers, and refuses a machine or an option that would change a
// layout.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "core/base/file.h"
#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

namespace fs = std::filesystem;

const fs::path include_folder = WELT_SOURCE_DIR "/core/abi/include";

std::vector<fs::path> headers() {
  std::vector<fs::path> all;
  for (const auto& header : fs::directory_iterator(include_folder / "welt/abi")) all.push_back(header.path());
  std::ranges::sort(all);
  return all;
}

struct Language {
  std::string name, compiler, flags;
  friend void PrintTo(const Language& language, std::ostream* out) { *out << language.compiler << language.flags; }
};

std::string strict(const std::string& more) {
  return more + " -Wall -Wextra -pedantic -Wpadded -Wundef -Wshadow -Wconversion -Wcast-qual -Werror -fsyntax-only";
}

std::string c(const std::string& standard) {
  return strict(" -x c -std=" + standard + " -Wstrict-prototypes -Wc++-compat");
}
std::string cxx(const std::string& standard) {
  return strict(" -x c++ -std=" + standard + " -fno-exceptions -fno-rtti");
}

// The commands that the configuration found; empty where there is none.
std::string command_of(const std::string& compiler) {
  const std::string command = compiler == "gcc" ? WELT_GCC : WELT_CLANG;
  return command.ends_with("-NOTFOUND") ? "" : command;
}

// `text` as a source of its own, or, where it is empty, every header as one.
Outcome compile(const Language& language, const std::string& text = "") {
  std::string command = shell_quoted(command_of(language.compiler)) + language.flags;
  if (!text.empty()) {
    return run_command("printf '%s' " + shell_quoted(text) + " | " + command + " -I" + shell_quoted(include_folder) +
                       " -");
  }
  for (const fs::path& header : headers()) command += " " + shell_quoted(header);
  return run_command(command);
}

class AbiHeadersAlone : public testing::TestWithParam<Language> {
 protected:
  // A machine without the second compiler checks with one; continuous integration has both (scripts/setup.sh).
  void SetUp() override {
    if (!command_of(GetParam().compiler).empty()) return;
    ASSERT_EQ(std::getenv("CI"), nullptr) << GetParam().compiler << " is missing: scripts/setup.sh installs it";
    GTEST_SKIP() << GetParam().compiler << " is not installed";
  }
};

TEST_P(AbiHeadersAlone, CompileWithoutAWarning) {
  const Outcome outcome = compile(GetParam());
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
}

// What the static assertions are for: said by the author's own compiler, not by a crash.
TEST_P(AbiHeadersAlone, RefuseAnotherLayoutInWords) {
  const Outcome packed = compile(GetParam(), "#pragma pack(1)\n#include <welt/abi/plugin.h>\n");
  EXPECT_NE(packed.status, 0);
  EXPECT_CONTAINS(packed.err, "welt_string has another layout");
  const Outcome wide = compile(GetParam(),
                               "#include <welt/abi/base.h>\n"
                               "typedef struct { uint32_t struct_size, reserved; uint64_t a; } welt_wide;\n"
                               "WELT_CHECK_STRUCT(welt_wide, 24);\n");
  EXPECT_NE(wide.status, 0);
  EXPECT_CONTAINS(wide.err, "welt_wide has another layout than the ABI says");
}

INSTANTIATE_TEST_SUITE_P(
    Languages, AbiHeadersAlone,
    testing::Values(Language{"gcc_c11", "gcc", c("c11")}, Language{"gcc_c17", "gcc", c("c17")},
                    Language{"gcc_cxx11", "gcc", cxx("c++11")}, Language{"gcc_cxx20", "gcc", cxx("c++20")},
                    Language{"clang_c11", "clang", c("c11")}, Language{"clang_c17", "clang", c("c17")},
                    Language{"clang_cxx11", "clang", cxx("c++11")}, Language{"clang_cxx20", "clang", cxx("c++20")}),
    [](const auto& info) { return info.param.name; });

TEST(AbiHeaders, IncludeFixedWidthIntegersAndEachOtherOnly) {
  std::set<std::string> allowed = {"<stddef.h>", "<stdint.h>"};
  for (const fs::path& header : headers()) allowed.insert("\"" + header.filename().string() + "\"");
  const std::regex include(R"(#\s*include\s*(\S+))");
  std::size_t found = 0;
  for (const fs::path& header : headers()) {
    const std::string text = read_file(header);
    for (std::sregex_iterator at(text.begin(), text.end(), include), end; at != end; ++at, ++found) {
      EXPECT_TRUE(allowed.contains((*at)[1])) << header << " includes " << (*at)[1];
    }
  }
  EXPECT_GE(found, headers().size());
}

// No type whose width a compiler may choose, and no bit-field.
TEST(AbiHeaders, DeclareFixedWidthMembersOnly) {
  const std::regex chosen(R"(\b(bool|_Bool|enum|long|short|int|unsigned|size_t|wchar_t)\b|:\s*\d+\s*;)");
  const std::regex comment(R"(/\*[^*]*\*+([^/*][^*]*\*+)*/|#[^\n]*(\\\n[^\n]*)*)");
  for (const fs::path& header : headers()) {
    const std::string code = std::regex_replace(read_file(header), comment, " ");
    std::smatch found;
    EXPECT_FALSE(std::regex_search(code, found, chosen)) << header << ": " << found[0];
  }
}

// A struct cannot come without the check of its size.
TEST(AbiHeaders, CheckTheSizeOfEveryStruct) {
  const std::regex definition(R"(struct (welt_\w+) \{)");
  for (const fs::path& header : headers()) {
    const std::string text = read_file(header);
    for (std::sregex_iterator at(text.begin(), text.end(), definition), end; at != end; ++at) {
      const std::string name = (*at)[1];
      const bool never_grows =
          std::set<std::string>{"welt_string", "welt_string_list", "welt_renderer_glyph"}.contains(name);
      EXPECT_CONTAINS(text, never_grows ? "sizeof(" + name + ") ==" : "WELT_CHECK_STRUCT(" + name + ", ");
    }
  }
}

}  // namespace
}  // namespace welt::test
