// See encoder_switch.h.
#include "apps/welt/encoder_switch.h"

#include "apps/welt/repeatable.h"

namespace welt {

void add_encoder_switch(CLI::App& verb, std::vector<std::string>& without) {
  repeatable(verb.add_option("--without", without, "Leave an encoder out: bytes_encoder or image_encoder")
                 ->check(CLI::IsMember({"bytes_encoder", "image_encoder"}))
                 ->type_name("ENCODER")
                 ->group("Model"));
}

SpecChanges switched_off(const std::vector<std::string>& without) {
  SpecChanges changes;
  for (const std::string& name : without)
    (name == "bytes_encoder" ? changes.bytes_encoder : changes.image_encoder).enabled = false;
  return changes;
}

}  // namespace welt
