// See source_files.h.
#include "apps/welt/source_files.h"

#include <system_error>

#include "core/data/dataset_folder.h"
#include "core/prepare/prepared_folder.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

void add_source(const std::string& name, std::vector<fs::path>& files) {
  if (std::error_code ignored; !fs::is_directory(name, ignored)) {
    files.emplace_back(name);
    return;
  }
  if (find_prepared(name).metadata_files > 0) {
    const PreparedShards shards = prepared_shards(name, "SOURCE");
    files.insert(files.end(), shards.train.begin(), shards.train.end());
    files.insert(files.end(), shards.validation.begin(), shards.validation.end());
    return;
  }
  const std::vector<fs::path> found = find_dataset_files(name, {}, "train").files;
  files.insert(files.end(), found.begin(), found.end());
}

}  // namespace

std::vector<fs::path> source_files(const std::vector<std::string>& sources) {
  std::vector<fs::path> files;
  for (const std::string& source : sources) add_source(source, files);
  return files;
}

}  // namespace welt
