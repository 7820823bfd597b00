// `welt chat`: messages as one text, in the form a model is trained on.
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>

#include "apps/welt/jsonl.h"
#include "apps/welt/verb.h"
#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/data/line_reader.h"
#include "core/text/chat.h"
#include "core/text/control_pictures.h"

namespace welt {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

struct Options {
  ChatOptions chat;
  std::optional<std::string> text, system;
  bool as_jsonl = false, show = false;
};

json answer(const Options& options, const ordered_json& request) {
  // The helpers read sorted objects; only tools and messages need the order.
  json outer = json::object();
  ordered_json tools;
  if (const auto at = request.find("options"); at != request.end()) {
    outer["options"] = *at;
    if (at->is_object() && at->contains("tools")) tools = (*at)["tools"];
  }
  const json given =
      options_field(outer, {"tools", "add_generation_prompt", "continue_final_message", "thinking", "escape_control"});
  ChatOptions chat = options.chat;
  chat.tools = std::move(tools);
  chat.add_generation_prompt = flag_field(given, "add_generation_prompt", chat.add_generation_prompt);
  chat.continue_final_message = flag_field(given, "continue_final_message", chat.continue_final_message);
  chat.thinking = flag_field(given, "thinking", chat.thinking);
  chat.escape_control = flag_field(given, "escape_control", chat.escape_control);
  const auto messages = request.find("messages");
  return {{"text", chat_text(messages == request.end() ? ordered_json() : *messages, chat)}};
}

void run(const Options& options) {
  if (options.as_jsonl)
    return answer_ordered_lines([&](const ordered_json& request) { return answer(options, request); });
  const std::string text = options.text ? *options.text : std::string(LineReader(TextStream::standard_input()).rest());
  for (const std::string& said : {text, options.system.value_or("")})
    if (const std::size_t fault = find_invalid_utf8(said); fault != utf8_ok)
      fail({"the text", fmt::format("byte {} is not UTF-8", fault), "text in UTF-8"}, ErrorCode::data_loss);
  ordered_json messages = ordered_json::array();
  if (options.system) messages.push_back({{"role", "system"}, {"content", *options.system}});
  messages.push_back({{"role", "user"}, {"content", text}});
  const std::string all = chat_text(messages, options.chat);
  fmt::print("{}", options.show ? control_pictures(all, WhiteSpace::keep) : all);
}

}  // namespace

void add_chat(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("chat", "Messages as one text, by the chat template");
  auto* text = verb->add_option("TEXT", options->text, "What the user says; default: standard input")->type_name("");
  auto* system = verb->add_option("--system", options->system, "A system message before it")->type_name("TEXT");
  verb->add_flag("--add-generation-prompt", options->chat.add_generation_prompt,
                 "End in the head of an assistant's message");
  verb->add_flag("--thinking", options->chat.thinking,
                 "Write an assistant's thinking, between ENQ and ACK; default: leave it out");
  verb->add_flag("--escape-control", options->chat.escape_control,
                 "Control characters in what is said become pictures, so that nobody can forge the template's");
  verb->add_flag("--reference-compatible", options->chat.reference_compatible,
                 "As the Python reference: no thinking, nothing escaped, lists as Python shows them");
  auto* show = verb->add_flag("--show", options->show, "Control characters as pictures")->group("Output");
  verb->add_flag("--jsonl", options->as_jsonl, "Answer each line {messages, options} of standard input by {text}")
      ->excludes(text)
      ->excludes(system)
      ->excludes(show)
      ->group("Output");
  verb->footer(
      "options of a line: tools, add_generation_prompt, continue_final_message, thinking, "
      "escape_control.\n\nExamples:\n"
      "  welt chat --show --system 'Be brief.' 'What is the tide today?'\n  welt chat --jsonl < chats.jsonl");
  verb->callback([options] { run(*options); });
}

}  // namespace welt
