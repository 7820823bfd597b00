// `welt plugin new`: the folder of a new plugin, out of the templates of the SDK (sdk/templates).
//
// A template is a whole plugin called "my_plugin"; writing one is copying its files with another name. Files that
// several roles or languages share stand in a folder of their own, and a plugin is made of one or two folders.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <welt/abi/note.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "apps/welt/verb.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/plugin/registry.h"
#include "core/recipe/find.h"
#include "core/tensor/libtorch_info.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view placeholder = "my_plugin";

struct Template {
  const char *role, *lang, *kind;
  const char* name;  // as a sentence has it, with article
  std::array<const char*, 2> folders;
  bool torch;
  const char* place;  // folder of its kind in welt's own source tree
};

constexpr Template templates[] = {
    {"segmenter", "c++", "", "a segmenter", {"segmenter", "segmenter_cpp"}, false, "segmenters"},
    {"segmenter", "c", "", "a segmenter", {"segmenter", "segmenter_c"}, false, "segmenters"},
    {"renderer", "c++", "", "a renderer", {"renderer", "renderer_cpp"}, false, "renderers"},
    {"renderer", "c", "", "a renderer", {"renderer", "renderer_c"}, false, "renderers"},
    {"bytes_encoder", "c++", "transformer", "a bytes encoder", {"transformer", "bytes_encoder"}, true, "encoders"},
    {"image_encoder", "c++", "", "an image encoder", {"image_encoder", nullptr}, true, "encoders"},
    {"latent", "c++", "transformer", "a latent transformer", {"transformer", "latent"}, true, "latent"},
    {"latent", "c++", "recurrent", "a recurrent latent", {"recurrent", nullptr}, true, "latent"},
    {"decoder", "c++", "transformer", "a decoder", {"transformer", "decoder"}, true, "decoders"},
};

std::vector<std::string> role_names() {
  std::vector<std::string> names;
  for (const Template& one : templates)
    if (std::ranges::find(names, one.role) == names.end()) names.push_back(one.role);
  return names;
}

struct Options {
  std::string name, role, lang = "c++", kind, dir = ".";
};

const Template& template_of(const Options& options) {
  std::vector<std::string> kinds;
  for (const Template& one : templates) {
    if (options.role != one.role || options.lang != one.lang) continue;
    if (options.kind.empty() || options.kind == one.kind) return one;
    kinds.emplace_back(one.kind);
  }
  if (!kinds.empty())
    fail({"--kind " + options.kind, fmt::format("there is no \"{}\" of that kind", options.role),
          kinds.front().empty() ? "no --kind" : "--kind " + kinds.front(),
          "Only latents are of two kinds: transformer and recurrent"});
  fail({"--lang c", fmt::format("\"{}\" handles tensors, which are C++", options.role), "--lang c++",
        "In plain C there are segmenters and renderers"});
}

// Lower-case words of letters and digits with one _ between them: file name, recipe value and C++ namespace at once.
bool is_good_name(std::string_view name) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  if (name.empty() || !letter(name.front()) || name.back() == '_') return false;
  char before = 0;
  for (const char c : name) {
    if (!letter(c) && !(c >= '0' && c <= '9') && c != '_') return false;
    if (c == '_' && before == '_') return false;
    before = c;
  }
  return true;
}

void check_name(const std::string& name) {
  constexpr std::size_t longest = sizeof(welt_plugin_note::id) - 1;
  if (!is_good_name(name))
    fail({fmt::format("plugin name \"{}\"", name),
          "it becomes a file name, a recipe's value and a C++ namespace",
          "lower-case letters and digits from a letter on, with single _ between them, such as patch_mean",
          {}});
  if (name.size() > longest)
    fail({fmt::format("plugin name \"{}\"", name),
          fmt::format("{} characters", name.size()),
          fmt::format("at most {}, what a plugin's note holds", longest),
          {}});
  Registry& registry = Registry::instance();
  const auto taken = [&](const Plugin& plugin) {
    fail({fmt::format("plugin name \"{}\"", name), fmt::format("it is taken by {}", plugin.path.string()),
          "a name that no plugin and no component has", "`welt plugin list` shows the names there are"},
         ErrorCode::already_exists);
  };
  for (const auto& plugin : registry.plugins())
    if (name == plugin->note.id) taken(*plugin);
  for (const ComponentType& type : registry.components())
    if (name == type.id) taken(*type.plugin);
}

fs::path template_folder() {
  const fs::path folder = shared_folder() / "sdk/templates";
  std::error_code error;
  if (fs::is_directory(folder, error)) return folder;
  fail({folder.string(), "the templates of new plugins are not there",
        "a folder that is installed with the program, or in its sources",
        "Install welt again (make install), or run the program from its build folder"},
       ErrorCode::not_found);
}

std::string renamed(std::string text, std::string_view name) {
  for (std::size_t at = 0; (at = text.find(placeholder, at)) != text.npos; at += name.size())
    text.replace(at, placeholder.size(), name);
  return text;
}

// The files of the plugin, relative to its folder.
std::vector<fs::path> write_files(const Template& chosen, const std::string& name, const fs::path& target) {
  std::vector<fs::path> written;
  const fs::path source = template_folder();
  for (const char* part : chosen.folders) {
    if (part == nullptr) continue;
    for (const auto& entry : fs::recursive_directory_iterator(source / part)) {
      if (!entry.is_regular_file()) continue;
      written.push_back(entry.path().lexically_relative(source / part));
      fs::create_directories((target / written.back()).parent_path());
      write_file(target / written.back(), renamed(read_file(entry.path()), name));
    }
  }
  std::ranges::sort(written);
  return written;
}

// The folder appears whole or not at all.
std::vector<fs::path> write_folder(const Template& chosen, const std::string& name, const fs::path& target) {
  const fs::path unfinished = target.parent_path() / fmt::format(".{}.unfinished", name);
  try {
    fs::create_directories(target.parent_path());
    fs::remove_all(unfinished);
    std::vector<fs::path> files = write_files(chosen, name, unfinished);
    publish_folder(unfinished, target);
    return files;
  } catch (const fs::filesystem_error& error) {
    std::error_code ignored;
    fs::remove_all(unfinished, ignored);
    fail({target.string(), fmt::format("the folder cannot be written ({})", error.code().message()),
          "a place where files may be made", "Give another one with --dir"},
         ErrorCode::permission_denied);
  } catch (const Error&) {
    std::error_code ignored;
    fs::remove_all(unfinished, ignored);
    throw;
  }
}

bool has_headers(const fs::path& libtorch) {
  std::error_code error;
  return fs::exists(libtorch / "include/ATen/core/Tensor.h", error);
}

// How a build finds LibTorch: by WELT_LIBTORCH if that is set, else the one in use, if it has the headers that a plugin
// is compiled with.
std::string libtorch_option() {
  const char* variable = std::getenv("WELT_LIBTORCH");
  if (variable != nullptr && has_headers(variable)) return "";
  const LibTorchInfo info = libtorch_info();
  const fs::path folder = info.path.parent_path().parent_path();
  if (has_headers(folder)) return " \\\n    -DWELT_LIBTORCH=" + folder.string();
  const std::string release = info.built_with.substr(0, info.built_with.rfind('.'));
  return fmt::format(
      " \\\n    -DWELT_LIBTORCH=LIBTORCH   # LibTorch {} with its headers: the folder of that version of the Python "
      "package torch",
      release);
}

void print_next_steps(const Template& chosen, const Options& options, const fs::path& target) {
  const fs::path prefix = shared_folder().parent_path().parent_path();
  std::error_code error;
  const bool installed = fs::exists(prefix / "lib/cmake/welt-sdk/welt-sdk-config.cmake", error);
  fmt::print("\nNext:\n  cd {}\n", target.string());
  fmt::print("  cmake -B build -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH={}",
             installed ? prefix.string() : "PREFIX");
  if (chosen.torch) fmt::print("{}", libtorch_option());
  fmt::print("\n  cmake --build build && ctest --test-dir build\n  WELT_PLUGIN_PATH=build welt run recipe.toml\n");
  if (installed) return;
  fmt::print(
      "PREFIX is where `make install PREFIX=…` has put welt. In welt's own sources the folder goes to "
      "plugins/{}/{} and is built with the rest.\n",
      chosen.place, options.name);
}

void write_plugin(const Options& options) {
  const Template& chosen = template_of(options);
  check_name(options.name);
  std::error_code error;
  const fs::path target = fs::absolute(fs::path(options.dir) / options.name, error).lexically_normal();
  if (fs::exists(fs::symlink_status(target, error)))
    fail({target.string(), "there is a file or folder of that name already", "a place for a new folder",
          "Choose another NAME, or another place with --dir"},
         ErrorCode::already_exists);
  const std::vector<fs::path> files = write_folder(chosen, options.name, target);
  fmt::print("{}: {} in {}\n", target.string(), chosen.name, options.lang == "c" ? "C" : "C++");
  for (const fs::path& file : files) fmt::print("  {}\n", file.string());
  print_next_steps(chosen, options, target);
}

}  // namespace

void add_plugin_new(CLI::App& plugin) {
  CLI::App* verb =
      plugin.add_subcommand("new", "Write the folder of a new plugin that builds, passes its check and trains");
  const auto options = std::make_shared<Options>();
  verb->add_option("NAME", options->name, "Id of the plugin and name of its folder: lower-case letters, digits and _")
      ->required()
      ->type_name("");
  verb->add_option("--role", options->role, "What it is")
      ->required()
      ->check(CLI::IsMember(role_names()))
      ->type_name("ROLE")
      ->group("Plugin");
  verb->add_option("--lang", options->lang, "c: segmenters and renderers in plain C, without libstdc++")
      ->check(CLI::IsMember({"c", "c++"}))
      ->capture_default_str()
      ->type_name("LANG")
      ->group("Plugin");
  verb->add_option("--kind", options->kind, "recurrent: a latent that is a recurrence instead of a transformer")
      ->check(CLI::IsMember({"transformer", "recurrent"}))
      ->type_name("KIND")
      ->group("Plugin");
  verb->add_option("--dir", options->dir, "Folder that gets the new folder; made where it is missing")
      ->capture_default_str()
      ->type_name("DIR")
      ->group("Output");
  verb->footer(
      "docs/write-a-plugin.md goes through what is written, step by step.\n\nExamples:\n"
      "  welt plugin new syllables --role segmenter --lang c\n"
      "  welt plugin new patch_mean --role image_encoder --dir ~/plugins\n"
      "  welt plugin new my_latent --role latent\n"
      "  welt plugin new my_states --role latent --kind recurrent");
  verb->callback([options] { write_plugin(*options); });
}

}  // namespace welt
