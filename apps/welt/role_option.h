// The option --role of verbs that run the model of a Hugging Face folder: what it is used as.
#pragma once

#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/image_encoder.h>
#include <welt/abi/latent_transformer.h>

#include <CLI/CLI.hpp>
#include <string>

namespace welt {

inline CLI::Option* add_role(CLI::App& verb, std::string& role) {
  return verb.add_option("--role", role, "What the model is used as")
      ->required()
      ->check(CLI::IsMember({"bytes_encoder", "image_encoder", "latent", "decoder"}))
      ->group("Model");
}

// The interface id of one of these.
inline std::string role_interface(const std::string& role) {
  if (role == "bytes_encoder") return WELT_BYTES_ENCODER_INTERFACE;
  if (role == "image_encoder") return WELT_IMAGE_ENCODER_INTERFACE;
  return role == "latent" ? WELT_LATENT_TRANSFORMER_INTERFACE : WELT_DECODER_INTERFACE;
}

}  // namespace welt
