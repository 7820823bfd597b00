// Messages as prompts of `welt generate`, and what a model writes behind them as a message.
#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/generate/generator.h"
#include "core/text/chat.h"

namespace welt {

struct ChatPrompts {
  bool on = false;                    // each prompt is what a user says
  std::optional<std::string> system;  // said before
  std::string form = "template";      // or "recipe"

  // The conversation's text up to where the assistant speaks. `tools`, `escape_control`: as in ChatOptions.
  std::string text(const nlohmann::ordered_json& messages, nlohmann::ordered_json tools = {},
                   bool escape_control = false) const;
  // A new conversation: nothing, or the system's message.
  nlohmann::ordered_json start() const;
};

// What of it is the message: up to its end.
std::string_view said_in(std::string_view written);

// Control characters in it become pictures, so that nobody can forge a message.
nlohmann::ordered_json user_message(std::string_view said);

// A text ends where the assistant's message does, which the reference's stop strings, of a word each, cannot say.
void stop_at_message_end(GenerateOptions& options);

void add_chat_prompts(CLI::App& verb, ChatPrompts& chat);

}  // namespace welt
