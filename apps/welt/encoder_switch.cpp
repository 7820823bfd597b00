// See encoder_switch.h.
#include "apps/welt/encoder_switch.h"

#include <iostream>
#include <iterator>

#include "apps/welt/repeatable.h"
#include "core/base/file.h"

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

std::string read_text_or_stdin(const std::string& file) {
  return file == "-" ? std::string(std::istreambuf_iterator<char>(std::cin), {}) : read_file(file);
}

}  // namespace welt
