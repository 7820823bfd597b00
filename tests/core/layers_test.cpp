// The order of core's folders: no include runs upward, and none leads out of core but to the ABI. core/layers.txt has
// the order. And what stands beside core: the SDK and the plugins include nothing that is not installed with them.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Layers {
  std::map<std::string, int> height;                        // of each folder, from 0 on
  std::map<std::string, std::vector<std::string>> allowed;  // other headers of the tree that it may include
};

Layers read_layers(const fs::path& file) {
  Layers layers;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    const std::size_t colon = line.find(':');
    const std::string folder = line.substr(0, colon);
    layers.height.emplace(folder, static_cast<int>(layers.height.size()));
    if (colon != std::string::npos) layers.allowed[folder].push_back(line.substr(colon + 2));
  }
  return layers;
}

// The headers that a file includes, as written between the quotes or brackets.
std::vector<std::string> includes(const fs::path& file) {
  std::vector<std::string> found;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("#include ")) continue;
    const std::size_t begin = line.find_first_of("\"<") + 1, end = line.find_first_of("\">", begin);
    if (begin != 0 && end != std::string::npos) found.push_back(line.substr(begin, end - begin));
  }
  return found;
}

// Why `folder` may not include `header`; "": it may.
std::string objection(const Layers& layers, const std::string& folder, const std::string& header) {
  if (header.starts_with("welt/abi/") || header.starts_with("welt/common/")) return "";
  if (header.starts_with("core/")) {
    const std::string other = header.substr(5, header.find('/', 5) - 5);
    const auto found = layers.height.find(other);
    if (found == layers.height.end()) return "core/" + other + " is not in core/layers.txt";
    return found->second <= layers.height.at(folder) ? "" : "core/" + other + " stands below core/" + folder;
  }
  const bool ours = header.starts_with("welt/") || header.starts_with("apps/") || header.starts_with("sdk/") ||
                    header.starts_with("plugins/");
  if (!ours) return "";
  const auto extra = layers.allowed.find(folder);
  const bool listed = extra != layers.allowed.end() && std::ranges::find(extra->second, header) != extra->second.end();
  return listed ? "" : "core/" + folder + " includes nothing of the SDK, the plugins or the program";
}

TEST(Layers, NoIncludeOfCoreRunsUpward) {
  const fs::path core = fs::path(WELT_SOURCE_DIR) / "core";
  const Layers layers = read_layers(core / "layers.txt");
  int files = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(core)) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".h" && extension != ".cpp") continue;
    const std::string folder = fs::relative(entry.path(), core).begin()->string();
    if (folder == "abi") continue;
    ASSERT_TRUE(layers.height.contains(folder)) << "core/" << folder << " is not in core/layers.txt";
    ++files;
    for (const std::string& header : includes(entry.path())) {
      EXPECT_EQ(objection(layers, folder, header), "") << entry.path() << " includes " << header;
    }
  }
  EXPECT_GT(files, 200);
}

TEST(Layers, AnUpwardIncludeIsObjectedTo) {
  const Layers layers = read_layers(fs::path(WELT_SOURCE_DIR) / "core/layers.txt");
  EXPECT_EQ(objection(layers, "text", "core/base/error.h"), "");
  EXPECT_EQ(objection(layers, "text", "core/data/batch.h"), "core/data stands below core/text");
  EXPECT_EQ(objection(layers, "model", "welt/nn/blocks.h"),
            "core/model includes nothing of the SDK, the plugins or the program");
  EXPECT_EQ(objection(layers, "model", "core/modell/x.h"), "core/modell is not in core/layers.txt");
}

// Is `header` welt's but not the SDK's? Quoted headers that lie in `folder`, or are made from a file there, are its
// own.
bool is_foreign(const fs::path& folder, const fs::path& file, const std::string& header) {
  for (const char* installed : {"welt/abi/", "welt/common/", "welt/sdk/", "welt/text/", "welt/tokenizers/", "welt/nn/"})
    if (header.starts_with(installed))
      return !fs::exists(fs::path(WELT_SOURCE_DIR) / "sdk/include" / header) &&
             !fs::exists(fs::path(WELT_SOURCE_DIR) / "core/abi/include" / header) &&
             !fs::exists(fs::path(WELT_SOURCE_DIR) / "core/common/include" / header);
  const fs::path beside = (file.parent_path() / header).lexically_normal();
  if (fs::exists(beside) || fs::exists(beside.string() + ".in"))
    return beside.lexically_relative(folder).string().starts_with("..");
  return fs::exists(fs::path(WELT_SOURCE_DIR) / header);
}

void expect_only_sdk(const fs::path& folder) {
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    const fs::path& file = entry.path();
    const std::string extension = file.extension().string();
    const bool source = extension == ".h" || extension == ".hpp" || extension == ".c" || extension == ".cpp";
    if (!source || file.lexically_relative(folder).begin()->string() == "tests") continue;
    for (const std::string& header : includes(file))
      EXPECT_FALSE(is_foreign(folder, file, header))
          << file << " includes " << header << ", which an author elsewhere has not";
  }
}

TEST(Layers, APluginIncludesTheSdkAndItsOwnFolderAlone) {
  const fs::path source = WELT_SOURCE_DIR;
  for (const fs::directory_entry& role : fs::directory_iterator(source / "plugins"))
    for (const fs::directory_entry& folder : fs::directory_iterator(role)) expect_only_sdk(folder.path());
  expect_only_sdk(source / "sdk");

  const fs::path words = source / "plugins/segmenters/words", file = words / "scan.cpp";
  EXPECT_FALSE(is_foreign(words, file, "engines/trie.h"));
  EXPECT_FALSE(is_foreign(words, file, "vector"));
  EXPECT_TRUE(is_foreign(words, file, "../bpe/segmentation.h"));
  EXPECT_TRUE(is_foreign(words, file, "core/base/file.h"));
}

}  // namespace
