// See prepared_folder.h.
#include "core/prepare/prepared_folder.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/json.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

PreparedPart read_part(const fs::path& folder, const std::string& name) {
  constexpr std::uintmax_t most = std::uintmax_t{1} << 24;
  PreparedPart part{.prefix = {}, .split = {}, .metadata = read_json_object(folder / name, most), .shards = {}};
  const auto check = [&](const char* field, bool fits, std::string_view wanted) {
    if (fits) return;
    const auto found = part.metadata.find(field);
    fail({name,
          found == part.metadata.end() ? fmt::format("lacks \"{}\"", field)
                                       : fmt::format("\"{}\" is {:.60}", field, json_text(*found)),
          std::string(wanted), "Prepare the data again, or restore the file"},
         ErrorCode::data_loss);
  };
  check("split", part.metadata.value("split", json()).is_string(), "the split's name");
  for (const char* field : {"num_shards", "num_examples"})
    check(field, part.metadata.value(field, json()).is_number_integer(), "a whole number");
  part.split = part.metadata["split"].get<std::string>();
  // As long as "-train-metadata.json" is, whatever stands there.
  const std::size_t cut = part.split.size() + 1 + metadata_ending.size();
  part.prefix = name.substr(0, name.size() - std::min(cut, name.size()));
  return part;
}

[[noreturn]] void fail_folder(std::string_view where, const fs::path& folder, const std::string& found,
                              std::string mend) {
  fail({.where = std::string(where),
        .found = fmt::format("{}: {}", folder.string(), found),
        .expected = "a folder that `welt data prepare` has finished",
        .mend = std::move(mend)},
       ErrorCode::data_loss);
}

const std::string verify_tells = "`welt data verify` says what else is wrong";

}  // namespace

PreparedFolder find_prepared(const fs::path& folder) {
  PreparedFolder out;
  std::vector<std::string> names, shards;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with('.')) continue;
    if (name.ends_with(metadata_ending)) names.push_back(name);
    if (name.ends_with(shard_ending)) shards.push_back(name);
  }
  if (error) out.unreadable = error.message();
  std::sort(names.begin(), names.end());
  std::sort(shards.begin(), shards.end());
  out.metadata_files = names.size();
  for (const std::string& name : names) {
    try {
      out.parts.push_back(read_part(folder, name));
    } catch (const std::exception& fault) {
      out.faults.emplace_back(name, fault.what());
    }
  }
  for (const std::string& name : shards) {
    PreparedPart* owner = nullptr;
    for (PreparedPart& part : out.parts)
      if (name.starts_with(part.start()) && (owner == nullptr || part.start().size() > owner->start().size()))
        owner = &part;
    if (owner == nullptr)
      out.strays.push_back(name);
    else
      owner->shards.push_back(folder / name);
  }
  return out;
}

PreparedShards prepared_shards(const fs::path& folder, std::string_view where) {
  const PreparedFolder found = find_prepared(folder);
  if (!found.unreadable.empty()) fail_folder(where, folder, found.unreadable, "");
  for (const auto& [name, fault] : found.faults) fail_folder(where, folder, fault, verify_tells);
  if (found.parts.empty() || !found.strays.empty())
    fail_folder(
        where, folder,
        found.strays.empty() ? fmt::format("no *{} is in it", metadata_ending)
                             : fmt::format("{} belongs to no metadata file", found.strays.front()),
        "A preparation writes its metadata last: `welt data prepare --resume` finishes one that was broken off; "
        "data.train.files takes shards one by one");
  PreparedShards out;
  for (const PreparedPart& part : found.parts) {
    if (const json format = part.metadata.value("format", json()); format != prepared_format)
      fail_folder(where, folder, fmt::format("{}: \"format\" is {:.60}", part.label(), json_text(format)),
                  verify_tells);
    if (const auto wanted = part.metadata["num_shards"].get<std::int64_t>(); wanted != std::ssize(part.shards))
      fail_folder(where, folder,
                  fmt::format("{}: {} shards are there, its metadata say {}", part.label(), part.shards.size(), wanted),
                  "Copy or prepare it again; " + verify_tells);
    auto* const split = part.split == "train" ? &out.train : part.split == "validation" ? &out.validation : nullptr;
    if (split != nullptr) split->insert(split->end(), part.shards.begin(), part.shards.end());
  }
  std::sort(out.train.begin(), out.train.end());
  std::sort(out.validation.begin(), out.validation.end());
  return out;
}

}  // namespace welt
