// The options of what writes a model's folder to hand on: `welt checkpoint export` and `welt hub pack`; the size of the
// files also of `welt checkpoint convert`.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

namespace welt {

inline constexpr std::uint64_t usual_largest_file = 5'000'000'000;  // that transformers cuts at

inline void add_largest_file(CLI::App& verb, std::uint64_t& largest) {
  verb.add_option("--max-shard-size", largest, "Largest file, as 2GB or 500MB; 0: one file, however large")
      ->transform(CLI::AsSizeValue(/*kb_is_1000=*/true))
      ->type_name("SIZE")
      ->capture_default_str();
}

struct ExportOptions {
  std::string from, to, part;
  std::uint64_t largest = usual_largest_file;

  void add_to(CLI::App& verb) {
    verb.add_option("checkpoint", from, "Run folder (its newest checkpoint) or checkpoint folder")
        ->required()
        ->type_name("DIR");
    verb.add_option("out", to, "New folder")->required()->type_name("OUT");
    verb.add_option("--part", part, "One part alone, as transformers' class for it reads it")
        ->check(CLI::IsMember({"bytes_encoder", "image_encoder", "latent_transformer", "bytes_decoder"}))
        ->type_name("PART");
    add_largest_file(verb, largest);
  }
};

}  // namespace welt
