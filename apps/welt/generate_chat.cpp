// See generate_chat.h.
#include "apps/welt/generate_chat.h"

#include <utility>

#include "core/text/control_pictures.h"

namespace welt {

using nlohmann::ordered_json;

std::string ChatPrompts::text(const ordered_json& messages, ordered_json tools, bool escape_control) const {
  return chat_text(messages, {.tools = std::move(tools),
                              .add_generation_prompt = true,
                              .line_ends = form == "template",
                              .escape_control = escape_control});
}

ordered_json ChatPrompts::start() const {
  ordered_json messages = ordered_json::array();
  if (system) messages.push_back({{"role", "system"}, {"content", *system}});
  return messages;
}

ordered_json user_message(std::string_view said) {
  return {{"role", "user"}, {"content", control_pictures(said, WhiteSpace::keep)}};
}

std::string_view said_in(std::string_view written) { return written.substr(0, written.find(chat_message_end)); }

void stop_at_message_end(GenerateOptions& options) {
  if (!options.reference_compatible) options.stop.emplace_back(chat_message_end);
}

void add_chat_prompts(CLI::App& verb, ChatPrompts& chat) {
  auto* on = verb.add_flag("--chat", chat.on,
                           "A prompt is what a user says in a conversation of its own (docs/generation.md); what is "
                           "written is the assistant's answer")
                 ->group("Prompts");
  verb.add_option("--system", chat.system, "A system message before it")
      ->needs(on)
      ->type_name("TEXT")
      ->group("Prompts");
  verb.add_option("--chat-form", chat.form,
                  "How messages are marked: as `welt chat` does, or without line ends, as "
                  "the chat recipe of the Python WeLT trains")
      ->check(CLI::IsMember({"template", "recipe"}))
      ->option_text("template|recipe [template]")
      ->group("Prompts");
}

}  // namespace welt
