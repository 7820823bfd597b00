// The chat template: messages, tools and calls as one text that control characters structure.
//
//   tool:    11 0E name LF {argument ": " description LF} 0F
//   message: 01 role LF [0E] content calls [0F] 17 LF        0E and 0F only where the role is not "assistant"
//   call:    1A type " " name "(" arguments as JSON ")" 1B
//   prompt:  01 "assistant" LF
//
// SO…SI (0E, 0F) is what attention sees as one block. Follows utf8_tokenizer's chat_template.jinja as transformers
// renders it. Any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace welt {

struct ChatOptions {
  nlohmann::ordered_json tools;         // list of {type, function: {name, parameters}}; null: none
  bool add_generation_prompt = false;   // the head of an assistant's message at the end
  bool continue_final_message = false;  // the text ends right behind the last message's content; not with the above
  // LF behind a role and behind a message, as the template has them; without, as the chat recipe of the Python WeLT.
  bool line_ends = true;
  // An assistant's `thinking` (or else `reasoning_content`) goes before its content, between ENQ and ACK (05, 06).
  // Without it thinking is left out, as the reference always does.
  bool thinking = false;
  // Control characters in what messages and tools say become control pictures, so that nobody can forge structure;
  // white space stays. Without it they pass, as in the reference.
  bool escape_control = false;
  // The reference's ways: no thinking, nothing escaped, and a content that is a list or an object is written as Python
  // shows it. Without it, the texts of a list of {type: "text", text} are joined, and any other list is an Error.
  bool reference_compatible = false;
};

// Throws Error, naming the message or tool, for what the template has no form for: no messages, a role, name or
// description that is no text, a call without arguments.
std::string chat_text(const nlohmann::ordered_json& messages, const ChatOptions& options);

// What ends a message.
inline constexpr std::string_view chat_message_end = "\x17";

// What a model wrote behind the head of an assistant's message, up to its end, as a message {role, content}; what
// stands between ENQ and ACK at its beginning is its `thinking`.
nlohmann::ordered_json assistant_message(std::string_view written);

}  // namespace welt
