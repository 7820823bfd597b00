// A hub's list of files: any bytes are a list whose paths stay below their folder and whose tags are hashes, or an
// Error.
#include "core/hub/git_hash.h"
#include "core/hub/hub_client.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace welt;
  fuzz::answers([&] {
    const HubListing listing = read_hub_listing({reinterpret_cast<const char*>(data), size}, "https://hub");
    fuzz::require(listing.commit.find('/') == std::string::npos, "a commit is a plain name");
    for (const HubFile& file : listing.files) {
      fuzz::require(("/" + file.path + "/").find("/../") == std::string::npos && file.path.front() != '/',
                    "a path stays below its folder");
      fuzz::require(file.tag.empty() || hash_kind(file.tag) != HashKind::none, "a tag is a hash");
    }
  });
  return 0;
}
